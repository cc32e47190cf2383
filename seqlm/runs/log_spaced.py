"""The steps at which a run is remembered: 0, 1, 3, 10, 30, 100 and so on, as learning slows down."""


def log_spaced_steps(last: int) -> list[int]:
    """These steps up to ``last``."""
    steps, step = [0], 1
    while step <= last:
        steps.append(step)
        step = step * 3 if str(step)[0] == "1" else step // 3 * 10
    return steps


def next_log_spaced_step(step: int) -> int:
    """The first of these steps after ``step`` (-1: the very first)."""
    return next(later for later in log_spaced_steps(10 * max(step, 1)) if later > step)


def subsample_steps(last: int, n_most: int) -> list[int]:
    """At most ``n_most`` of these steps up to ``last``: all, else every second, else every fourth ...

    What is left out once never comes back, so a step that is thrown away is not missed later.
    """
    steps, stride = log_spaced_steps(last), 1
    while n_most > 0 and len(steps[::stride]) > n_most:
        stride *= 2
    return steps[::stride] if n_most > 0 else []

"""Learning rate schedules. The module does not import torch, so that a chart can use it."""

import math

from seqlm.configuration.run_config import TrainConfig

_DECAY_TO_ZERO = ("cosine", "one-cycle")
_GENTLE = 0.1  # of the peak learning rate, to continue after the end of a schedule


def lr_multiplier(train: TrainConfig, step: int, n_steps: int) -> float:
    """Return the factor of the learning rate in a step.

    The one-cycle schedule follows Smith 2018 (arXiv 1803.09820) without its third phase: a linear
    warm-up, then a cosine decay to 0.

    Args:
        train: The schedule and its fractions of the steps.
        step: The step, counted from 0.
        n_steps: The planned number of steps.

    Returns:
        A factor from 0 to 1.
    """
    match train.schedule:
        case "warm-up":
            return min(1.0, (step + 1) / _n_warmup_steps(train, n_steps))
        case "step":
            return train.drop if step >= round(train.drop_at * n_steps) else 1.0
        case "cosine":
            return _cosine_decay(step, 0, n_steps)
        case "one-cycle":
            n_warmup = _n_warmup_steps(train, n_steps)
            return (
                (step + 1) / n_warmup if step < n_warmup else _cosine_decay(step, n_warmup, n_steps)
            )
    return 1.0


def explain_ended_schedule(train: TrainConfig, step: int, n_before: int, n_after: int) -> str:
    """Return what more steps mean after a schedule has decayed to 0; empty if it has not.

    Args:
        train: The schedule, with the current learning rate.
        step: Steps done.
        n_before: The number of steps that the schedule was planned for.
        n_after: The new number of steps.
    """
    if train.schedule not in _DECAY_TO_ZERO or not n_before <= step < n_after:
        return ""
    multiplier = lr_multiplier(train, step, n_after)
    gentle = train.learning_rate * min(1.0, _GENTLE / multiplier) if multiplier else 0.0
    return (
        f"the {train.schedule} schedule had ended at step {step:,} with learning rate 0."
        f" With train.steps={n_after} it continues at {train.learning_rate * multiplier:.2g},"
        f" {multiplier:.0%} of the peak, and the loss may rise first. To continue gently, add"
        f" train.learning_rate={gentle:.1g}; for one schedule over all steps, train a new run with"
        f" train.steps={n_after}"
    )


def _n_warmup_steps(train: TrainConfig, n_steps: int) -> int:
    return max(1, round(train.warmup * n_steps))


def _cosine_decay(step: int, first: int, n_steps: int) -> float:
    """Return a factor that decays along half a cosine from 1 at step ``first`` to 0 at the end."""
    done = (step - first) / max(1, n_steps - first)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

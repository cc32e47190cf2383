"""Pacing of training: pause, a limited number of steps, or a number of steps per second."""

import time

_MAX_CATCH_UP_S = 0.05


class StepPacer:
    """Decides when the next training step may start.

    Attributes:
        is_paused: True while no step may start.
    """

    def __init__(self) -> None:
        self.is_paused = False
        self._steps_left: int | None = None
        self._next_at: float | None = None
        self._step = 0

    def resume(self, step: int, n_steps: int | None = None) -> None:
        """Resume training.

        Args:
            step: Steps done so far.
            n_steps: Pause again after this many steps; None to continue without a pause.
        """
        self.is_paused, self._step, self._steps_left, self._next_at = False, step, n_steps, None

    def reset_pace(self) -> None:
        """Allow the next step at once, as after a change of the pace."""
        self._next_at = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next step may start; infinite while paused."""
        if self.is_paused:
            return float("inf")
        return 0.0 if self._next_at is None else max(0.0, self._next_at - time.monotonic())

    def is_last_step(self, step: int, pace_per_s: float | None) -> bool:
        """Record the steps done, and return True if the limited number of steps is used up.

        A step that starts a little late, because a wait took longer, is made up for; a long time
        without steps is not.

        Args:
            step: Steps done so far.
            pace_per_s: Steps per second; None for no limit.
        """
        n_steps, self._step = step - self._step, step
        if not n_steps:
            return False
        if pace_per_s is None:
            self._next_at = None
        else:
            now, interval_s = time.monotonic(), 1 / pace_per_s
            start = now if self._next_at is None else self._next_at
            earliest = now - max(interval_s, _MAX_CATCH_UP_S)
            self._next_at = max(start, earliest) + n_steps * interval_s
        if self._steps_left is None:
            return False
        self._steps_left -= n_steps
        if self._steps_left > 0:
            return False
        self.is_paused, self._steps_left = True, None
        return True

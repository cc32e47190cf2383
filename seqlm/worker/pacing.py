"""When the next training step may be done: paused, counted out, or paced."""

import time

_MADE_UP_FOR_S = 0.05


class StepPacer:
    """Says whether and when to train on.

    Attributes:
        paused: No step is done.
    """

    def __init__(self) -> None:
        self.paused = False
        self._steps_left: int | None = None
        self._next_at: float | None = None
        self._step = 0

    def go_on(self, step: int, n_steps: int | None = None) -> None:
        """Train on from ``step``: ``n_steps`` steps and wait again, or without an end."""
        self.paused, self._step, self._steps_left, self._next_at = False, step, n_steps, None

    def forget_pace(self) -> None:
        """Do the next step at once, as after a change of the pace."""
        self._next_at = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next step may be done; infinite while paused."""
        if self.paused:
            return float("inf")
        return 0.0 if self._next_at is None else max(0.0, self._next_at - time.monotonic())

    def done(self, step: int, pace_per_s: float | None) -> bool:
        """Take note that ``step`` steps are done; whether this was the last of a count.

        A step that came a little late, as of a wait that took longer, is made up for; a long time
        without steps is not.
        """
        n_steps, self._step = step - self._step, step
        if not n_steps:
            return False
        if pace_per_s is None:
            self._next_at = None
        else:
            now, interval_s = time.monotonic(), 1 / pace_per_s
            began = now if self._next_at is None else self._next_at
            earliest = now - max(interval_s, _MADE_UP_FOR_S)
            self._next_at = max(began, earliest) + n_steps * interval_s
        if self._steps_left is None:
            return False
        self._steps_left -= n_steps
        if self._steps_left > 0:
            return False
        self.paused, self._steps_left = True, None
        return True

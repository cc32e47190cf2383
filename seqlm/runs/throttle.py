"""When the next training step may be done: paused, counted out, or paced."""

import time


class Throttle:
    """Says whether and when to train on.

    Attributes:
        paused: No step is done.
    """

    def __init__(self) -> None:
        self.paused = False
        self._steps_left: int | None = None
        self._next_at = 0.0

    def go_on(self, n_steps: int | None = None) -> None:
        """Train ``n_steps`` steps and wait again, or without an end."""
        self.paused, self._steps_left, self._next_at = False, n_steps, 0.0

    def forget_pace(self) -> None:
        """Do the next step at once, as after a change of the pace."""
        self._next_at = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds until the next step may be done; infinite while paused."""
        return float("inf") if self.paused else max(0.0, self._next_at - time.monotonic())

    def done(self, n_steps: int, pace_per_s: float | None) -> bool:
        """Take note of steps that were done; whether this was the last of a count."""
        if pace_per_s is not None and n_steps:
            began = max(self._next_at, time.monotonic() - 1 / pace_per_s)
            self._next_at = began + n_steps / pace_per_s
        if self._steps_left is None:
            return False
        self._steps_left -= n_steps
        if self._steps_left > 0:
            return False
        self.paused, self._steps_left = True, None
        return True

"""What only a clock can tell: how long nothing has come, and how much a second goes to the terminal."""

from collections.abc import Callable

from workbench.terminal.driver import ByteCounter


class ActivityMeter:
    """Asked once a second.

    Args:
        clock: Seconds that only go forward.
        byte_counter: Counts what is sent.
    """

    def __init__(self, clock: Callable[[], float], byte_counter: ByteCounter) -> None:
        self._clock, self._byte_counter = clock, byte_counter
        self._news_s = self._beat_s = clock()
        self._n_bytes = 0

    def news(self) -> None:
        """Something came from the run."""
        self._news_s = self._clock()

    def quiet_s(self) -> int:
        """Whole seconds since something came."""
        return int(self._clock() - self._news_s)

    def bytes_per_s(self) -> int:
        """What was sent a second since this was asked last."""
        now, n_bytes = self._clock(), self._byte_counter.n_bytes
        passed_s, sent = now - self._beat_s, n_bytes - self._n_bytes
        self._beat_s, self._n_bytes = now, n_bytes
        return round(sent / passed_s) if passed_s > 0 else 0

"""What only a clock can tell: how long nothing has come, and how much a second goes to the terminal."""

from collections.abc import Callable

from workbench.terminal.traffic import Traffic


class ActivityMeter:
    """Asked once a second.

    Args:
        clock: Seconds that only go forward.
        traffic: Counts what is sent.
    """

    def __init__(self, clock: Callable[[], float], traffic: Traffic) -> None:
        self._clock, self._traffic = clock, traffic
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
        now, n_bytes = self._clock(), self._traffic.n_bytes
        passed_s, sent = now - self._beat_s, n_bytes - self._n_bytes
        self._beat_s, self._n_bytes = now, n_bytes
        return round(sent / passed_s) if passed_s > 0 else 0

"""Taking in the log of the run that is shown, in slices that leave the screen time to answer."""

import asyncio
import time
from collections.abc import Callable

from seqlm.errors import SeqlmError
from seqlm.runs.directory import RunDirectory
from workbench.run.log_follower import LogFollower
from workbench.run.state import RunState

_SLICE_S = 0.02
_BETWEEN_SLICES_S = 0.01


class LogReader:
    """Reads a log from its beginning and as it grows.

    Args:
        run: The run.
        on_read: Called when something was taken in, or nothing was new.
        on_broken: Takes why no more can be read; what was read before stays.

    Attributes:
        run: The run.
        is_busy: Whether there is more that has not been taken in, or cannot be.
        has_caught_up: Whether all that stood there has been taken in once, or as much as can be.
    """

    def __init__(
        self, run: RunDirectory, on_read: Callable[[], None], on_broken: Callable[[str], None]
    ) -> None:
        self.run, self.is_busy, self.has_caught_up = run, False, False
        self._on_read, self._on_broken = on_read, on_broken
        self._log, self._is_dropped = LogFollower(run.events_path), False

    @property
    def state(self) -> RunState:
        """What the log has told so far."""
        return self._log.state

    def read(self) -> None:
        """Take in what is new, a slice at a time."""
        if self.is_busy or self._is_dropped:
            return
        until, more = time.monotonic() + _SLICE_S, True
        try:
            while more:
                more = self._log.read()
                if time.monotonic() >= until:
                    break
        except (SeqlmError, OSError) as error:
            self.is_busy = self.has_caught_up = True
            self._on_read()
            self._on_broken(str(error))
            return
        if more:
            self.is_busy = True
            asyncio.get_running_loop().call_later(_BETWEEN_SLICES_S, self._read_on)
        else:
            self.has_caught_up = True
        self._on_read()

    def drop(self) -> None:
        """Another run is shown: nothing more is read."""
        self._is_dropped = True

    def _read_on(self) -> None:
        self.is_busy = False
        self.read()

"""Readers of a growing event log, in slices that fit between two frames."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from seqlm.errors import SeqlmError
from seqlm.protocol.codec import MessageError, decode, decoder
from seqlm.protocol.events import Event
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import EventLogReader, SupersededEvents, read_lines
from seqlm.runs.log_identity import LogIdentity
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState

SLICE_BYTES = 1 << 18
_SLICE_S = 0.02
_BETWEEN_SLICES_S = 0.01
_RESUMED = decoder(Event)
LOST = (
    "This run was deleted, moved, or replaced by another run of its name; here it stays as it was."
)


class LogFollower:
    """Reduces a growing log to a state, without superseded events.

    The log is read twice: first it is searched for ``Resumed`` events, then its events are reduced.
    Both happen in slices.

    Args:
        path: The log; it need not exist yet.

    Attributes:
        state: The state after what was read so far. Where the log has to be read again from its
            beginning, the state stays until the reading has caught up.
    """

    state: RunState

    def __init__(self, path: Path) -> None:
        self._path = path
        self.state, self._reduced, self._tail = RunState(), RunState(), EventLogReader(path)
        self._restart()

    def read(self) -> bool:
        """Read one slice of what is new.

        Returns:
            Whether there was anything new; there may be more then.

        Raises:
            SeqlmError: A line of the log is damaged; the state stays at the line before.
        """
        if self._is_skimming:
            self._skim()
            return True
        before = self._tail.offset
        events = self._tail.read(SLICE_BYTES)
        if not all(map(self._superseded.has_added, events)):
            self._restart()
            return True
        counting = (event for event in events if event not in self._superseded)
        self._reduced = reduce_events(self._reduced, counting)
        if self._tail.offset >= self._shown_to:
            self.state = self._reduced
        return self._tail.offset != before

    def _restart(self) -> None:
        """Read from the beginning, to find first which events are superseded."""
        self._shown_to = self._tail.offset
        self._superseded = SupersededEvents()
        self._is_skimming, self._skimmed_to = True, 0
        self._tail, self._reduced = EventLogReader(self._path), RunState()

    def _skim(self) -> None:
        """Search the next slice of whole lines for ``Resumed``; the other lines are not decoded."""
        whole = read_lines(self._path, self._skimmed_to, SLICE_BYTES)
        self._skimmed_to += len(whole)
        self._is_skimming = bool(whole)
        if b'"kind":"Resumed"' in whole:
            for line in whole.splitlines(keepends=True):
                self._note(line)

    def _note(self, line: bytes) -> None:
        if b'"kind":"Resumed"' not in line:
            return
        try:
            event = decode(line, _RESUMED)
        except MessageError:
            return  # reading the events reports which line is damaged
        self._superseded.add(event)


class LogReader:
    """Reads the log of the run on the screen, in slices that leave the event loop time.

    Args:
        run: The run.
        on_read: Called after each read, even if nothing was new.
        on_broken: Called with the reason why the rest cannot be read; the state so far stays.

    Attributes:
        run: The run.
        is_busy: Whether more is waiting to be read, or cannot be read.
        is_lost: Whether the run was deleted, moved, or replaced by a run of the same name.
        has_caught_up: Whether the end of the log was reached once, or a line that cannot be read.
    """

    def __init__(
        self, run: RunDirectory, on_read: Callable[[], None], on_broken: Callable[[str], None]
    ) -> None:
        self.run, self.is_busy, self.has_caught_up = run, False, False
        self.is_lost = False
        self._identity = LogIdentity(run.events_path)
        self._on_read, self._on_broken = on_read, on_broken
        self._log, self._is_closed = LogFollower(run.events_path), False

    @property
    def state(self) -> RunState:
        """The state after what was read so far."""
        return self._log.state

    def read(self) -> None:
        """Read what is new, one slice at a time."""
        if self.is_busy or self._is_closed:
            return
        if self._identity.is_lost:
            self.is_lost = True
            self._stop(LOST)
            return
        until, more = time.monotonic() + _SLICE_S, True
        try:
            while more:
                more = self._log.read()
                if time.monotonic() >= until:
                    break
        except (SeqlmError, OSError) as error:
            self._stop(str(error))
            return
        if more:
            self.is_busy = True
            asyncio.get_running_loop().call_later(_BETWEEN_SLICES_S, self._continue_reading)
        else:
            self.has_caught_up = True
        self._on_read()

    def close(self) -> None:
        """Stop reading, because another run is shown."""
        self._is_closed = True
        self._identity.close()

    def _stop(self, reason: str) -> None:
        """Stay at the state so far, and report why."""
        self.is_busy = self.has_caught_up = True
        self._on_read()
        self._on_broken(reason)

    def _continue_reading(self) -> None:
        self.is_busy = False
        self.read()

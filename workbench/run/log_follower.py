"""Reading a run's log, from its beginning and as it grows, in slices that fit between two frames."""

from pathlib import Path

from seqlm.protocol.codec import MessageError, decode, decoder
from seqlm.protocol.events import Event
from seqlm.runs.event_log import EventLogReader, SupersededEvents
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState

SLICE_BYTES = 1 << 18
_RESUMED = decoder(Event)


class LogFollower:
    """Folds a log into a state. Events that a later ``Resumed`` supersedes do not count.

    The log is gone through twice: first it is only skimmed for what was superseded, then its events
    are taken in. Both happen in slices.

    Args:
        path: The log; it need not exist yet.

    Attributes:
        state: What the log has told so far. Where the log has to be read again from its beginning,
            the state stays until that has caught up.
    """

    state: RunState

    def __init__(self, path: Path) -> None:
        self._path = path
        self.state, self._folded, self._tail = RunState(), RunState(), EventLogReader(path)
        self._restart()

    def read(self) -> bool:
        """Take in one slice of what is new.

        Returns:
            Whether there was anything. Then there may be more.

        Raises:
            SeqlmError: A line of the log is damaged; the state stays at the line before.
        """
        if self._is_skimming:
            self._skim()
            return True
        before = self._tail.offset
        events = self._tail.read(SLICE_BYTES)
        if not all(map(self._superseded.has_noted, events)):
            self._restart()
            return True
        counting = (event for event in events if event not in self._superseded)
        self._folded = reduce_events(self._folded, counting)
        if self._tail.offset >= self._shown_to:
            self.state = self._folded
        return self._tail.offset != before

    def _restart(self) -> None:
        """Begin again, to learn first which events were superseded: each step counts once."""
        self._shown_to = self._tail.offset
        self._superseded = SupersededEvents()
        self._is_skimming, self._skimmed_to = True, 0
        self._tail, self._folded = EventLogReader(self._path), RunState()

    def _skim(self) -> None:
        """Look for ``Resumed`` in the next slice of whole lines; the other lines are not decoded."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._skimmed_to)
                data = file.read(SLICE_BYTES) + file.readline()
        except FileNotFoundError:
            data = b""
        whole = data[: data.rfind(b"\n") + 1]
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
            return  # the tail says which line is damaged
        self._superseded.add(event)

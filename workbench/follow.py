"""Reading a run's log, from its beginning and as it grows, in slices that fit between two frames."""

from collections.abc import Iterator
from pathlib import Path

from seqlm.protocol.codec import MessageError, decode, decoder
from seqlm.protocol.events import Event, Resumed
from seqlm.runs.journal import Tail
from workbench.state import RunState, fold_all

SLICE_BYTES = 1 << 18
_RESUMED = decoder(Event)


class Follower:
    """Folds a log into a state. Events that a later ``Resumed`` supersedes do not count.

    Args:
        path: The log; it need not exist yet.

    Attributes:
        state: What the log has told so far.
    """

    state: RunState

    def __init__(self, path: Path) -> None:
        self._path = path
        self._restart()

    def read(self) -> bool:
        """Take in one slice of what is new.

        Returns:
            Whether there was anything. Then there may be more.

        Raises:
            SeqlmError: A line of the log is damaged; the state stays at the line before.
        """
        before = self._tail.offset
        events = self._tail.read(SLICE_BYTES)
        if any(isinstance(event, Resumed) and event.seq not in self._resumed for event in events):
            self._restart()
            return True
        self.state = fold_all(self.state, (e for e in events if not self._is_superseded(e.seq)))
        return self._tail.offset != before

    def _restart(self) -> None:
        """Begin again, now knowing which events were superseded, so that each step counts once."""
        found = list(_resumptions(self._path))
        self._resumed = {event.seq for event in found}
        self._superseded = [(event.superseded_from, event.superseded_to) for event in found]
        self._tail = Tail(self._path)
        self.state = RunState()

    def _is_superseded(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._superseded)


def _resumptions(path: Path) -> Iterator[Resumed]:
    """Every ``Resumed`` of a log; the other lines are only skimmed."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if b'"kind":"Resumed"' not in line or not line.endswith(b"\n"):
                continue
            try:
                event = decode(line, _RESUMED)
            except MessageError:
                continue  # the tail says which line is damaged
            if isinstance(event, Resumed):
                yield event

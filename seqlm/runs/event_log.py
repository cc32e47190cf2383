"""Event log of a run: ``events.jsonl``, one event per line, append-only."""

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from seqlm.errors import SeqlmError
from seqlm.protocol.codec import MessageError, decode, decoder, encode
from seqlm.protocol.events import Event, Resumed

E = TypeVar("E", bound=Event)
_READER = decoder(Event)
_CHUNK_BYTES = 1 << 20
_TAIL_BYTES = 1 << 16


class EventLogWriter:
    """Appends events to a log; the only writer holds the lock of the run.

    Events that cannot be written (a full disk) are kept and written before the next event.

    Args:
        path: The log. An incomplete last line is removed.

    Attributes:
        seq: The number of the last event.
        offset: Bytes in the log.
        error: The error of the last failed write; None if all events are written.

    Raises:
        SeqlmError: The last complete line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self._unwritten = b""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self.offset = _after_newline(self._fd, os.fstat(self._fd).st_size)
            os.ftruncate(self._fd, self.offset)
            begin = _after_newline(self._fd, self.offset - 1)
            last = os.pread(self._fd, self.offset - begin, begin)
            self.seq = _read_line(last, path, begin).seq if last else 0
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, event: E) -> E:
        """Number and time-stamp an event and write it, or keep it if it cannot be written now.

        Returns:
            The event with its number and time.
        """
        stamped = self._keep(event)
        with contextlib.suppress(OSError):
            self.flush()
        return stamped

    def write(self, event: E) -> E:
        """Append an event, but do not keep it if it cannot be written now.

        Raises:
            OSError: The event cannot be written; events kept before are still kept.
        """
        before = self._unwritten
        stamped = self._keep(event)
        try:
            self.flush()
        except OSError:
            self.seq, self._unwritten = self.seq - 1, before
            raise
        return stamped

    def _keep(self, event: E) -> E:
        self.seq += 1
        stamped = replace(event, seq=self.seq, t=round(time.time(), 4))
        self._unwritten += encode(stamped)
        return stamped

    def flush(self) -> None:
        """Write the kept events, all or none.

        Raises:
            OSError: The events cannot be written; they are kept.
        """
        try:
            n_written = os.write(self._fd, self._unwritten) if self._unwritten else 0
            if n_written < len(self._unwritten):  # a full disk writes only a part
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.error = error
            os.ftruncate(self._fd, self.offset)
            raise
        self.offset += n_written
        self._unwritten, self.error = b"", None

    def sync(self) -> None:
        """Flush all appended events to the disk.

        Raises:
            OSError: The events cannot be written.
        """
        self.flush()
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class EventLogReader:
    """Reads a log as it grows.

    Args:
        path: The log; it need not exist yet.
        offset: Byte offset of the first line to read.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset = path, offset

    def read(self, max_bytes: int = _CHUNK_BYTES) -> list[Event]:
        """Return the events since the last call, from about ``max_bytes`` of the log.

        An incomplete last line is not read; it stays for the next call. Events before a damaged line
        are returned first; the next call raises.

        Raises:
            SeqlmError: The next line is damaged; names its byte offset.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(max_bytes) + file.readline()
        except FileNotFoundError:
            return []
        events: list[Event] = []
        for line in data.split(b"\n")[:-1]:
            try:
                events.append(_read_line(line, self.path, self.offset))
            except SeqlmError:
                if not events:
                    raise
                break
            self.offset += len(line) + 1
        return events


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of a log, without an incomplete last line.

    Raises:
        SeqlmError: A line is damaged.
    """
    tail = EventLogReader(path)
    while events := tail.read():
        yield from events


def read_last_events(path: Path, max_bytes: int = _TAIL_BYTES) -> list[Event]:
    """Return the events at the end of a log, without reading the whole log.

    Events before a damaged line are left out. A log that cannot be read gives no events.

    Args:
        path: The log.
        max_bytes: Number of bytes to read at the end of the log.
    """
    try:
        with path.open("rb") as log:
            begin = max(0, log.seek(0, os.SEEK_END) - max_bytes)
            log.seek(begin)
            lines = log.read().split(b"\n")
    except OSError:
        return []
    events: list[Event] = []
    for line in lines[bool(begin) : -1]:
        try:
            events.append(decode(line, _READER))
        except MessageError:
            events = []
    return events


class SupersededEvents:
    """The events that ``Resumed`` events declare superseded: they no longer count.

    This is the only place that decides which events count; :func:`without_superseded` and a reader
    that follows a growing log both use it.

    Args:
        events: Any events of one log; only ``Resumed`` among them matters.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._ranges: list[tuple[int, int]] = []
        self._resumed: set[int] = set()
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Add the range of events that a ``Resumed`` event supersedes."""
        if isinstance(event, Resumed):
            self._resumed.add(event.seq)
            self._ranges.append((event.superseded_from, event.superseded_to))

    def has_added(self, event: Event) -> bool:
        """Return False for a ``Resumed`` that :meth:`add` has not seen; True for any other event."""
        return not isinstance(event, Resumed) or event.seq in self._resumed

    def __contains__(self, event: Event) -> bool:
        return any(first <= event.seq <= last for first, last in self._ranges)


def without_superseded(events: Iterable[Event]) -> list[Event]:
    """Return the events that count: those that a later ``Resumed`` supersedes are left out."""
    logged = list(events)
    superseded = SupersededEvents(logged)
    return [event for event in logged if event not in superseded]


def _read_line(line: bytes, path: Path, offset: int) -> Event:
    try:
        event: Event = decode(line, _READER)
        return event
    except MessageError as error:
        raise SeqlmError(
            f"{path.parent.name}: {path.name} is damaged at byte {offset:,}"
        ) from error


def _after_newline(fd: int, end: int) -> int:
    """Return the offset after the last newline in the first ``end`` bytes of a file; 0 without one."""
    while end > 0:
        begin = max(0, end - _CHUNK_BYTES)
        found = os.pread(fd, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0

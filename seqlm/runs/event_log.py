"""Event log of a run: ``events.jsonl``, one event per line, append-only."""

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from seqlm.error_text import cause_of
from seqlm.errors import SeqlmError
from seqlm.protocol.codec import MessageError, decode, decoder, encode
from seqlm.protocol.events import Event, Resumed
from seqlm.regular_file import open_regular
from seqlm.runs.log_identity import is_in_place

E = TypeVar("E", bound=Event)
_READER = decoder(Event)
_CHUNK_BYTES = 1 << 20
_TAIL_BYTES = 1 << 16
_MAX_LOG_BYTES, _MAX_LINE_BYTES = 4_000_000_000, 16_000_000


class EventLogWriter:
    """Appends events to a log; the only writer holds the lock of the run.

    Events that cannot be written (a full disk) are kept and written before the next event.

    Args:
        path: The log. An incomplete last line is removed, and a missing last newline is added.

    Attributes:
        seq: The number of the last event.
        offset: Bytes in the log.
        error: The error of the last failed write; None if all events are written.

    Raises:
        SeqlmError: The last complete line is damaged, or the log is not a regular file.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self._path, self._unwritten = path, b""
        self._fd = _open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(self._fd).st_size
            self.offset = _after_newline(self._fd, size)
            if _is_event(_bytes_between(self._fd, self.offset, size, path)):
                self.offset += os.write(self._fd, b"\n") + size - self.offset
            os.ftruncate(self._fd, self.offset)
            begin = _after_newline(self._fd, self.offset - 1)
            last = _bytes_between(self._fd, begin, self.offset, path)
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
            error.filename = str(self._path)
            self.error = error
            with contextlib.suppress(OSError):
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

    @property
    def is_in_place(self) -> bool:
        """False once the log was deleted, or replaced by the log of another run."""
        return is_in_place(self._path, self._fd)

    def content(self) -> bytes:
        """Return the whole log with the events that could not be written.

        The log is read through the open file, which exists after its folder has gone.

        Raises:
            OSError: The log cannot be read.
        """
        pieces = []
        for begin in range(0, self.offset, _CHUNK_BYTES):
            pieces.append(os.pread(self._fd, min(_CHUNK_BYTES, self.offset - begin), begin))
        return b"".join([*pieces, self._unwritten])

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
        events: list[Event] = []
        for line in read_lines(self.path, self.offset, max_bytes).split(b"\n")[:-1]:
            try:
                events.append(_read_line(line, self.path, self.offset))
            except SeqlmError:
                if not events:
                    raise
                break
            self.offset += len(line) + 1
        return events


def read_lines(path: Path, offset: int, max_bytes: int) -> bytes:
    """Return about ``max_bytes`` of whole lines of a log from a byte offset on.

    Returns:
        Lines with their newlines; empty if there is no log, or no whole line.

    Raises:
        SeqlmError: The log is not a regular file, is too large, or a line is too long.
    """
    try:
        fd = _open(path)
    except _NoLog:
        return b""
    with os.fdopen(fd, "rb") as file:
        file.seek(offset)
        data = file.read(max_bytes) + file.readline(_MAX_LINE_BYTES)
    whole = data[: data.rfind(b"\n") + 1]
    if not whole and len(data) >= _MAX_LINE_BYTES:
        raise _line_too_long(path, offset)
    return whole


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

    Args:
        path: The log; it need not exist.
        max_bytes: Number of bytes to read at the end of the log.

    Raises:
        SeqlmError: A line is damaged, or the log is not a regular file.
    """
    try:
        fd = _open(path)
    except _NoLog:
        return []
    with os.fdopen(fd, "rb") as log:
        begin = max(0, log.seek(0, os.SEEK_END) - max_bytes)
        log.seek(begin)
        lines = log.read(max_bytes).split(b"\n")
    if begin and len(lines) == 1:  # within one line
        if max_bytes >= _MAX_LINE_BYTES:
            raise _line_too_long(path, begin)
        return read_last_events(path, _MAX_LINE_BYTES)
    events: list[Event] = []
    for line in lines[:-1]:
        if begin == 0 or line is not lines[0]:  # else it may be the end of a line
            events.append(_read_line(line, path, begin))
        begin += len(line) + 1
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

    def covers(self, seq: int) -> bool:
        """Return True if the event with this number is superseded."""
        return any(first <= seq <= last for first, last in self._ranges)

    def __contains__(self, event: Event) -> bool:
        return self.covers(event.seq)


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
            f"{path.parent.name}: {path.name} is damaged at byte {offset:,}: {error}"
        ) from error


class _NoLog(Exception):
    """Error: the log does not exist."""


def _open(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a log.

    Raises:
        _NoLog: The log does not exist.
        SeqlmError: The log is not a regular file, is too large, or cannot be opened.
    """
    try:
        return open_regular(path, flags, _MAX_LOG_BYTES)
    except FileNotFoundError as error:
        raise _NoLog from error
    except OSError as error:
        raise SeqlmError(
            f"{path.parent.name}: {path.name} cannot be opened: {cause_of(error)}"
        ) from error


def _is_event(line: bytes) -> bool:
    try:
        decode(line, _READER)
    except MessageError:
        return False
    return True


def _bytes_between(fd: int, begin: int, end: int, path: Path) -> bytes:
    if end - begin > _MAX_LINE_BYTES:
        raise _line_too_long(path, begin)
    return os.pread(fd, end - begin, begin)


def _line_too_long(path: Path, offset: int) -> SeqlmError:
    return SeqlmError(
        f"{path.parent.name}: {path.name} is damaged at byte {offset:,}: a line of over"
        f" {_MAX_LINE_BYTES:,} bytes"
    )


def _after_newline(fd: int, end: int) -> int:
    """Return the offset after the last newline in the first ``end`` bytes of a file; 0 without one."""
    while end > 0:
        begin = max(0, end - _CHUNK_BYTES)
        found = os.pread(fd, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0

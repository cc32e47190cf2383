import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.errors import SeqlmError
from seqlm.protocol.events import Event, Paused, Resumed, StepsDone
from seqlm.runs.event_log import EventLogReader, EventLogWriter, read_events, without_superseded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "some-run"
    folder.mkdir()
    return folder / "events.jsonl"


@pytest.fixture
def event_log(path: Path) -> Iterator[EventLogWriter]:
    opened = EventLogWriter(path)
    yield opened
    opened.close()


def steps(first: int, n: int = 1) -> StepsDone:
    return StepsDone(
        first_step=first,
        losses=[1.0] * n,
        learning_rate=0.1,
        train_s=0.0,
        cpu_s=0.0,
        n_tokens=0,
    )


def seqs(path: Path) -> list[int]:
    return [event.seq for event in read_events(path)]


def test_events_are_numbered_stamped_and_private(path: Path, event_log: EventLogWriter) -> None:
    first = event_log.append(Paused(step=1))
    second = event_log.append(Paused(step=2))
    assert (first.seq, second.seq) == (1, 2)
    assert second.t >= first.t > 1.7e9
    assert list(read_events(path)) == [first, second]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_reopened_log_continues_its_numbering(path: Path, event_log: EventLogWriter) -> None:
    event_log.append(Paused(step=1))
    again = EventLogWriter(path)
    again.append(Paused(step=2))
    again.close()
    assert seqs(path) == [1, 2]


@given(st.floats(0, 1))
def test_an_incomplete_last_line_is_removed(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.mktemp("run") / "events.jsonl"
    event_log = EventLogWriter(path)
    for step in range(3):
        event_log.append(Paused(step=step))
    event_log.close()
    whole = path.read_bytes()
    cut = round(share * len(whole))
    path.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")
    assert seqs(path) == list(range(1, kept + 1))
    kept += whole[cut : cut + 1] == b"\n"  # only the newline is missing
    again = EventLogWriter(path)
    again.append(Paused(step=9))
    again.close()
    assert seqs(path) == list(range(1, kept + 2))


def test_a_reader_waits_for_an_incomplete_line_to_be_replaced(
    path: Path, event_log: EventLogWriter
) -> None:
    event_log.append(Paused(step=1))
    tail = EventLogReader(path)
    assert len(tail.read()) == 1
    with path.open("ab") as log:
        log.write(b'{"kind":"StepsDone","first_st')  # a writer killed in the middle of a line
    assert tail.read() == []
    again = EventLogWriter(path)
    again.append(Resumed(step=0, superseded_from=1, superseded_to=1))
    again.close()
    assert [type(event) for event in tail.read()] == [Resumed]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 200))
def test_a_log_read_in_parts_gives_all_events(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], max_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "events.jsonl"
    event_log, tail = EventLogWriter(path), EventLogReader(path)
    assert tail.read() == []
    written, read = [], []
    for size in sizes:
        written.append(event_log.append(steps(1, size)))
        read += tail.read(max_bytes)
    while more := tail.read(max_bytes):
        read += more
    event_log.close()
    assert read == written
    assert tail.offset == path.stat().st_size


def test_events_on_a_full_disk_are_kept_and_written_later(
    path: Path, event_log: EventLogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_log.append(Paused(step=1))
    write = os.write

    def refuse(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", lambda fd, data: write(fd, data[:5]))  # a part, as disks do
        event_log.append(Paused(step=2))
        assert event_log.error is not None
        assert event_log.error.errno == errno.ENOSPC
        assert seqs(path) == [1]
        with pytest.raises(OSError, match="No space"):
            event_log.sync()
        patched.setattr("os.write", refuse)
        event_log.append(Paused(step=3))
    event_log.append(Paused(step=4))
    assert event_log.error is None
    assert [event.step for event in read_events(path) if isinstance(event, Paused)] == [1, 2, 3, 4]
    assert seqs(path) == [1, 2, 3, 4]


def test_a_damaged_line_is_reported_with_its_offset(path: Path, event_log: EventLogWriter) -> None:
    event_log.append(Paused(step=1))
    size = path.stat().st_size
    with path.open("ab") as log:
        log.write(b'{"kind":"Nothing"}\n')
    with pytest.raises(SeqlmError, match=f"some-run: events.jsonl is damaged at byte {size}"):
        list(read_events(path))
    with pytest.raises(SeqlmError, match="is damaged"):
        EventLogWriter(path)


def numbered(*events: Event) -> list[Event]:
    return [replace(event, seq=seq) for seq, event in enumerate(events, 1)]


def test_superseded_events_are_left_out() -> None:
    events = numbered(
        steps(1, 5),
        steps(6, 5),
        Resumed(step=5, superseded_from=2, superseded_to=2),
        steps(6, 3),
        Resumed(step=5, superseded_from=3, superseded_to=4),
        steps(6, 9),
    )
    assert [event.seq for event in without_superseded(events)] == [1, 5, 6]


def test_events_before_a_damaged_line_are_returned_first(
    path: Path, event_log: EventLogWriter
) -> None:
    event_log.append(Paused(step=1))
    event_log.append(Paused(step=2))
    size = path.stat().st_size
    with path.open("ab") as log:
        log.write(b'{"kind":"Nothing"}\n')
    event_log.append(Paused(step=3))
    tail = EventLogReader(path)
    assert [event.seq for event in tail.read()] == [1, 2]
    for _ in range(2):
        with pytest.raises(SeqlmError, match=f"damaged at byte {size}"):
            tail.read()

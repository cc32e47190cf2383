"""Worker session: requests, posted states, and the loss of the worker."""

import asyncio
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_worker import FakeWorker, write_run
from msgspec.structs import replace
from recorded_logs import recorded, until
from textual.message import Message

from seqlm.protocol.codec import encode
from seqlm.protocol.events import Resumed
from seqlm.protocol.queries import Describe, NextToken
from seqlm.runs.directory import RunDirectory
from seqlm.runspec import recipe
from seqlm.worker import client
from seqlm.worker.client import Connection
from workbench.corpus.preview import Preview
from workbench.run.log_follower import LogFollower
from workbench.run.messages import QueryAnswered, RequestRejected, RunOpened, RunStateChanged
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.run.worker_connection import WorkerConnection, exit_reason
from workbench.run.worker_session import WorkerSession

CONFIG = recipe.parse_recipe("names-mlp train.steps=3600")


async def turns(n: int = 20) -> None:
    """Let the event loop go round."""
    for _ in range(n):
        await asyncio.sleep(0)


@pytest.fixture
async def worker(preview: Preview, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    made = FakeWorker(preview)
    yield made
    made.die()
    made.connection.close()


@pytest.fixture(autouse=True)
def _in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine need not read a log in several slices here."""
    monkeypatch.setattr("workbench.run.log_follower._SLICE_S", 60.0)


@pytest.fixture
def posted() -> list[Message]:
    return []


@pytest.fixture
async def session(worker: FakeWorker, posted: list[Message]):
    made = WorkerSession(posted.append, lambda: worker.connection)
    yield made
    made.disconnect()


async def test_a_rejected_start_shows_one_line_and_restores_the_state(
    session: WorkerSession, worker: FakeWorker, posted: list[Message]
) -> None:
    worker.rejection = "data.corpus=x is not\x1b[2J possible"
    session.start("names-mlp")
    assert session.state.status == "starting"
    await turns()
    declined = [message for message in posted if isinstance(message, RequestRejected)]
    assert [message.words for message in declined] == ["data.corpus=x is not␛[2J possible"]
    assert session.state == RunState()


async def test_a_query_is_answered_by_a_message(
    session: WorkerSession, worker: FakeWorker, posted: list[Message]
) -> None:
    session.send_query(NextToken(id="q", tokens=["a"]))
    await turns()
    assert [m.answer.id for m in posted if isinstance(m, QueryAnswered)] == ["q"]


async def test_a_worker_that_exits_during_training_has_died(
    session: WorkerSession, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, until("steered", 1000))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session.open(run)
    await turns()
    assert (session.state.status, session.can_query) == ("training", True)
    worker.die()
    await turns()
    assert (session.state.status, session.can_query) == ("died", False)


async def test_a_worker_that_exits_after_the_end_leaves_the_run_finished(
    session: WorkerSession, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session.open(run)
    worker.die()
    await turns()
    assert session.state.status == "finished"


async def test_reading_an_unchanged_log_posts_no_message(
    session: WorkerSession, worker: FakeWorker, tmp_path: Path, posted: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session.open(run)
    await turns()
    n_before = len([m for m in posted if isinstance(m, RunStateChanged)])
    for _ in range(5):
        session.read_log()
    assert len([m for m in posted if isinstance(m, RunStateChanged)]) == n_before


def shown(posted: list[Message]) -> list[tuple[str, bool]]:
    return [(m.run.name, m.can_query) for m in posted if isinstance(m, RunOpened)]


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A run that nobody holds."""
    monkeypatch.setattr(client, "attach", lambda _: None)
    write_run(tmp_path / "runs" / "names-mlp-2", CONFIG, until("steered", 1000))
    return write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))


async def test_a_new_run_is_shown_after_older_queries_are_answered(
    session: WorkerSession, worker: FakeWorker, posted: list[Message], finished: RunDirectory
) -> None:
    worker.next_run = "names-mlp-2"
    session.send_query(Describe(id="before"))
    session.open(finished)
    session.start("names-mlp")
    await turns()
    assert shown(posted) == [("names-mlp-1", False), ("names-mlp-2", False), ("names-mlp-2", True)]
    assert session.can_query
    assert session.state.step >= 1000


async def test_the_status_is_reading_until_the_log_is_read_to_its_end(
    session: WorkerSession,
    posted: list[Message],
    finished: RunDirectory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody holds the run: as long as its end is not read, that could pass for a worker that died."""
    monkeypatch.setattr("workbench.run.log_follower._SLICE_S", 0.0)
    monkeypatch.setattr("workbench.run.log_follower._BETWEEN_SLICES_S", 0.0)
    monkeypatch.setattr("workbench.run.log_follower.SLICE_BYTES", 5_000)
    session.open(finished)
    assert (session.state.status, session.state.run) == ("reading", "names-mlp-1")
    session.poll_for_worker()
    await turns(200)
    told = [m.state for m in posted if isinstance(m, RunStateChanged)]
    assert [state.status for state in told[:-1]] == ["reading"] * (len(told) - 1)
    assert len(told) > 5
    assert told[-1].status == "finished"


async def test_a_run_that_a_worker_loaded_can_be_queried(
    session: WorkerSession, posted: list[Message], finished: RunDirectory
) -> None:
    session.send_query(Describe(id="before"))
    session.open(finished)
    await turns()
    assert shown(posted) == [("names-mlp-1", False), ("names-mlp-1", True)]


async def test_a_second_start_is_not_sent_before_the_first_is_answered(
    session: WorkerSession, worker: FakeWorker
) -> None:
    assert session.start("names-mlp")
    assert not session.start("names-mlp")
    session.resume()
    await turns()
    assert worker.kinds() == ["Start", "Describe"]


async def test_disconnecting_does_not_terminate_the_worker(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another screen may train with the worker that this one started."""
    worker = FakeWorker(preview)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setattr(worker.connection, "process", process)
    session = WorkerSession(lambda _: None, lambda: worker.connection)
    session.prepare()
    monkeypatch.setattr(process, "terminate", lambda: pytest.fail("the worker was told to end"))
    session.disconnect()
    worker.die()
    process.returncode = None
    process.communicate(b"\n", timeout=30)
    assert process.returncode == 0


async def test_polling_finds_a_run_that_another_terminal_resumed(
    session: WorkerSession, worker: FakeWorker, posted: list[Message], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, finished: RunDirectory, preview: Preview,
) -> None:  # fmt: skip
    run = write_run(tmp_path / "runs" / "names-mlp-3", CONFIG, until("steered", 1000))
    session.open(run)
    await turns()
    assert session.state.status == "died"
    session.poll_for_worker()
    assert session.state.status == "died"
    other = FakeWorker(preview)
    monkeypatch.setattr(client, "attach", lambda _: other.connection)
    session.poll_for_worker()
    assert (session.state.status, session.can_query) == ("training", True)
    session.poll_for_worker()
    assert shown(posted)[-1] == ("names-mlp-3", True)
    other.die()


async def test_polling_without_a_run_sends_nothing(
    session: WorkerSession, worker: FakeWorker
) -> None:
    session.poll_for_worker()
    await turns()
    assert worker.received == []


@pytest.mark.parametrize("is_asked", [True, False], ids=["by a question", "by looking again"])
async def test_a_worker_that_opened_another_run_is_not_queried_any_more(
    session: WorkerSession, worker: FakeWorker, posted: list[Message], finished: RunDirectory,
    preview: Preview, monkeypatch: pytest.MonkeyPatch, is_asked: bool,
) -> None:  # fmt: skip
    session.open(finished)
    await turns()
    own = FakeWorker(preview)
    monkeypatch.setattr(session._connection, "_spawn", lambda: own.connection)
    worker.run = "names-mlp-2"  # another screen started it there
    if is_asked:
        session.send_query(NextToken(id="q", tokens=["a"]))
    else:
        session.poll_for_worker()
    await turns()
    assert not [m for m in posted if isinstance(m, QueryAnswered)]
    assert own.kinds() == ["Read"]
    assert shown(posted)[-2:] == [("names-mlp-1", False), ("names-mlp-1", True)]
    session.disconnect()
    own.die()


async def test_a_finished_run_answers_queries_again_after_its_worker_has_exited(
    session: WorkerSession, worker: FakeWorker, posted: list[Message], finished: RunDirectory,
    preview: Preview, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    session.open(finished)
    await turns()
    assert (session.state.status, session.can_query) == ("finished", True)
    second = FakeWorker(preview)
    monkeypatch.setattr(session._connection, "_spawn", lambda: second.connection)
    worker.die()
    await turns()
    assert second.kinds() == ["Read"]
    assert shown(posted)[-2:] == [("names-mlp-1", False), ("names-mlp-1", True)]
    session.send_query(NextToken(id="q", tokens=["a"]))
    await turns()
    assert [m.answer.id for m in posted if isinstance(m, QueryAnswered)] == ["q"]
    assert (session.state.status, session.can_query) == ("finished", True)
    session.disconnect()
    second.die()


async def test_two_screens_follow_one_log(
    session: WorkerSession, worker: FakeWorker, preview: Preview, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Both screens show what the worker of one screen logs."""
    begun, whole = until("steered", 1000), until("steered", 3000)
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, begun)
    workers = [worker, FakeWorker(preview)]
    second = WorkerSession(lambda _: None)
    for screen, its_worker in zip((session, second), workers, strict=True):
        monkeypatch.setattr(client, "attach", lambda _, w=its_worker: w.connection)
        screen.open(run)
    with run.events_path.open("ab") as log:
        log.write(b"".join(map(encode, whole[len(begun) :])))
    for screen in (session, second):
        screen.read_log()
        assert screen.state == reduce_events(RunState(), whole)
    second.disconnect()
    workers[1].die()


def test_the_search_for_resumed_events_reads_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.run.log_follower.SLICE_BYTES", 5_000)
    run = write_run(tmp_path / "run", CONFIG, recorded("steered"))
    follower = LogFollower(run.events_path)
    n_skimmed = 0
    while follower.read() and follower.state == RunState():
        n_skimmed += 1
    assert n_skimmed > 5


def test_reading_a_log_again_keeps_the_state_until_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = until("steered", 1000)
    run = write_run(tmp_path / "run", CONFIG, begun)
    follower = LogFollower(run.events_path)
    while follower.read():
        pass
    before = follower.state
    last = begun[-1].seq
    resumed = Resumed(seq=last + 1, step=0, superseded_from=last, superseded_to=last)
    with run.events_path.open("ab") as log:
        log.write(encode(resumed))
    monkeypatch.setattr("workbench.run.log_follower.SLICE_BYTES", 5_000)
    steps = []
    while follower.read():
        steps.append(follower.state)
    assert steps[0] == before
    assert RunState() not in steps
    assert follower.state == reduce_events(RunState(), [*begun[:-1], resumed])


def test_a_long_log_is_read_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.run.log_follower.SLICE_BYTES", 5_000)
    run = write_run(tmp_path / "run", CONFIG, recorded("steered"))
    follower = LogFollower(run.events_path)
    n_slices = 0
    while follower.read():
        n_slices += 1
    assert n_slices > 10
    assert follower.state == reduce_events(RunState(), recorded("steered"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed (signal 9: often memory)"),
        ("raise SystemExit(3)", "ended (exit status 3)"),
    ],
)
def test_exit_reason_names_signal_or_status(code: str, words: str) -> None:
    here, there = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", code])
    process.wait()
    with here, there:
        assert exit_reason(Connection(there, process)) == words
    assert exit_reason(None) == "ended without an error message"


class LateProcess:
    """Ends a moment after its connection; who waits for it holds up the screen."""

    returncode: int | None = None
    n_looks = 0

    def poll(self) -> int | None:
        self.n_looks += 1
        self.returncode = 3 if self.n_looks > 3 else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        assert timeout == 0.0
        raise subprocess.TimeoutExpired("worker", timeout)


async def test_a_slow_exit_of_the_worker_does_not_block() -> None:
    here, there = socket.socketpair()
    lost: asyncio.Queue[str] = asyncio.Queue()
    process: Any = LateProcess()
    link = WorkerConnection(
        lambda: Connection(there, process),
        on_reply=lambda _: None,
        on_batch_end=lambda: None,
        on_lost=lost.put_nowait,
        on_rejected=lambda *_: None,
    )
    link.prepare()
    here.close()
    assert await asyncio.wait_for(lost.get(), 60) == "ended (exit status 3)"


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_run_that_is_deleted_or_replaced_stays_on_the_screen_as_it_was(
    is_replaced: bool,
    session: WorkerSession,
    worker: FakeWorker,
    posted: list[Message],
    finished: RunDirectory,
) -> None:
    session.open(finished)
    await turns()
    before = session.state
    shutil.rmtree(finished.path)
    if is_replaced:
        write_run(finished.path, CONFIG, [*recorded("steered"), *recorded("steered")])
    session.poll_for_worker()
    assert session.state == replace(before, is_lost=True)
    session.resume()
    words = [message.words for message in posted if isinstance(message, RequestRejected)]
    assert [text[:20] for text in words] == ["This run was deleted"] * 2
    assert "Resume" not in worker.kinds()

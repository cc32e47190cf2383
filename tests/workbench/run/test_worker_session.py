"""The session: what it sends, what it shows, and how it knows that a worker is gone."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_worker import FakeWorker, write_run
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


async def test_a_start_is_shown_at_once_and_refused_in_one_line(
    session: WorkerSession, worker: FakeWorker, posted: list[Message]
) -> None:
    worker.refusal = "data.corpus=x is not\x1b[2J possible"
    session.start("names-mlp")
    assert session.state.status == "starting"
    await turns()
    declined = [message for message in posted if isinstance(message, RequestRejected)]
    assert [message.words for message in declined] == ["data.corpus=x is not␛[2J possible"]
    assert session.state == RunState()


async def test_questions_are_answered_by_message(
    session: WorkerSession, worker: FakeWorker, posted: list[Message]
) -> None:
    session.send_query(NextToken(id="q", tokens=["a"]))
    await turns()
    assert [m.answer.id for m in posted if isinstance(m, QueryAnswered)] == ["q"]


async def test_a_worker_that_ends_before_its_run_died(
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


async def test_a_worker_that_ends_after_its_run_did_nothing_wrong(
    session: WorkerSession, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session.open(run)
    worker.die()
    await turns()
    assert session.state.status == "finished"


async def test_nothing_new_posts_nothing(
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


async def test_a_new_run_is_shown_though_older_questions_are_answered_first(
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


async def test_of_a_log_that_is_read_in_part_no_end_is_told(
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


async def test_what_a_worker_read_for_us_is_linked(
    session: WorkerSession, posted: list[Message], finished: RunDirectory
) -> None:
    session.send_query(Describe(id="before"))
    session.open(finished)
    await turns()
    assert shown(posted) == [("names-mlp-1", False), ("names-mlp-1", True)]


async def test_a_second_start_waits_for_the_answer_to_the_first(
    session: WorkerSession, worker: FakeWorker
) -> None:
    assert session.start("names-mlp")
    assert not session.start("names-mlp")
    session.resume()
    await turns()
    assert worker.kinds() == ["Start", "Describe"]


async def test_leaving_ends_no_process(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_run_that_another_terminal_takes_up_is_followed_again(
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


async def test_looking_again_at_nothing_does_nothing(
    session: WorkerSession, worker: FakeWorker
) -> None:
    session.poll_for_worker()
    await turns()
    assert worker.heard == []


@pytest.mark.parametrize("is_asked", [True, False], ids=["by a question", "by looking again"])
async def test_a_worker_that_opened_another_run_is_asked_no_more(
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
    """What one screen's worker logs, both show."""
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


def test_a_log_is_skimmed_in_slices_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.run.log_follower.SLICE_BYTES", 5_000)
    run = write_run(tmp_path / "run", CONFIG, recorded("steered"))
    follower = LogFollower(run.events_path)
    n_skimmed = 0
    while follower.read() and follower.state == RunState():
        n_skimmed += 1
    assert n_skimmed > 5


def test_a_log_that_is_read_again_keeps_its_state_until_it_has_caught_up(
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
def test_how_a_worker_ended(code: str, words: str) -> None:
    here, there = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", code])
    process.wait()
    with here, there:
        assert exit_reason(Connection(there, process)) == words
    assert exit_reason(None) == "ended without a word"


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


async def test_a_worker_that_takes_its_time_to_end_is_not_waited_for() -> None:
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

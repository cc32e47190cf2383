"""The session: what it sends, what it shows, and how it knows that a worker is gone."""

import subprocess
import sys
from pathlib import Path

import pytest
from fake_worker import FakeWorker, write_run
from recorded_logs import recorded, until
from textual.message import Message

from seqlm import recipe
from seqlm.runs import client
from seqlm.runs.client import Connection
from workbench.endings import how_it_ended
from workbench.follow import Follower
from workbench.preview import Preview
from workbench.session import Session
from workbench.state import RunState, fold_all
from workbench.told import Answered, Declined, RunProgressed

CONFIG = recipe.read("names-mlp train.steps=3600")


async def turns(n: int = 20) -> None:
    """Let the event loop go round."""
    import asyncio

    for _ in range(n):
        await asyncio.sleep(0)


@pytest.fixture
async def worker(preview: Preview, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    made = FakeWorker(preview)
    yield made
    made.die()


@pytest.fixture
def posted() -> list[Message]:
    return []


@pytest.fixture
async def session(worker: FakeWorker, posted: list[Message]):
    made = Session(posted.append, worker.connection)
    made.listen()
    yield made
    made.leave()


async def test_a_start_is_shown_at_once_and_refused_in_one_line(
    session: Session, worker: FakeWorker, posted: list[Message]
) -> None:
    worker.refusal = "data.corpus=x is not\x1b[2J possible"
    session.start("names-mlp")
    assert session.state.status == "starting"
    await turns()
    declined = [message for message in posted if isinstance(message, Declined)]
    assert [message.words for message in declined] == ["data.corpus=x is not␛[2J possible"]
    assert session.state == RunState()


async def test_questions_are_answered_by_message(
    session: Session, worker: FakeWorker, posted: list[Message]
) -> None:
    from seqlm.protocol.queries import NextToken

    session.ask(NextToken(id="q", tokens=["a"]))
    await turns()
    assert [m.answer.id for m in posted if isinstance(m, Answered)] == ["q"]


async def test_a_worker_that_ends_before_its_run_died(
    session: Session, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, until("steered", 1000))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session._connection = None
    session.open(run)
    await turns()
    assert (session.state.status, session.is_linked) == ("training", True)
    worker.die()
    await turns()
    assert (session.state.status, session.is_linked) == ("died", False)


async def test_a_worker_that_ends_after_its_run_did_nothing_wrong(
    session: Session, worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session._connection = None
    session.open(run)
    worker.die()
    await turns()
    assert session.state.status == "finished"


async def test_nothing_new_posts_nothing(
    session: Session, worker: FakeWorker, tmp_path: Path, posted: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, recorded("steered"))
    monkeypatch.setattr(client, "attach", lambda _: worker.connection)
    session._connection = None
    session.open(run)
    await turns()
    n_before = len([m for m in posted if isinstance(m, RunProgressed)])
    for _ in range(5):
        session.read_log()
    assert len([m for m in posted if isinstance(m, RunProgressed)]) == n_before


def test_a_long_log_is_read_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.follow.SLICE_BYTES", 5_000)
    run = write_run(tmp_path / "run", CONFIG, recorded("steered"))
    follower = Follower(run.events_path)
    n_slices = 0
    while follower.read():
        n_slices += 1
    assert n_slices > 10
    assert follower.state == fold_all(RunState(), recorded("steered"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed (signal 9: often memory)"),
        ("raise SystemExit(3)", "ended (exit status 3)"),
    ],
)
def test_how_a_worker_ended(code: str, words: str) -> None:
    import socket

    here, there = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", code])
    process.wait()
    with here, there:
        assert how_it_ended(Connection(there, process)) == words
    assert how_it_ended(None) == "ended without a word"

"""Main loop of a worker in this process, with clients that are plain sockets."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seqlm.protocol import codec
from seqlm.protocol.commands import Command, Continue, Pause, Resume, SetValue, Start, Stop
from seqlm.protocol.queries import Describe, NextToken, Query
from seqlm.runs.directory import RunDirectory, list_runs
from seqlm.runs.event_log import read_events
from seqlm.worker import query_handlers
from seqlm.worker.pacing import StepPacer
from seqlm.worker.server import WorkerServer
from seqlm.worker.transport import SocketServer, listen

Recipe = Callable[..., str]


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, Path]]:
    made, path = listen()
    with made:
        yield made, path


def serve(server: WorkerServer) -> threading.Thread:
    thread = threading.Thread(target=server.serve)
    thread.start()
    return thread


class SocketClient:
    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._socket.settimeout(60)
        self._lines = self._socket.makefile("rb")

    def request(self, message: Command | Query) -> dict[str, Any]:
        self._socket.sendall(codec.encode(message))
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def test_a_worker_without_clients_exits(listening: tuple[socket.socket, Path]) -> None:
    server = WorkerServer(SocketServer(listening[0]), listening[1], idle_exit_s=0.0)
    server.serve()


def test_a_paused_run_without_clients_is_stopped_with_a_checkpoint(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    client = SocketClient(listening[1])
    thread = serve(WorkerServer(SocketServer(listening[0]), listening[1], idle_exit_s=0.3))
    client.request(Start(id="s", recipe=small(steps=10**6)))
    step = client.request(Pause(id="p"))["step"]
    client.close()
    thread.join(60)
    (run,) = list_runs()
    last = json.loads(run.events_path.read_bytes().splitlines()[-1])
    assert (last["kind"], last["status"], last["step"]) == ("Ended", "stopped", step)
    assert (run.checkpoints_path / f"step-{step}" / "training.safetensors").exists()


def test_an_unexpected_error_ends_neither_worker_nor_training(
    listening: tuple[socket.socket, Path],
    small: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def raise_error(*_: object) -> Any:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(
        "seqlm.runs.training_run.TrainingRun.redirect_stderr_to_log", lambda self: None
    )
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    client = SocketClient(listening[1])
    client.request(Start(id="s", recipe=small(steps=10**6)))
    known: dict[Any, Any] = query_handlers._HANDLERS
    monkeypatch.setitem(known, NextToken, raise_error)
    refused = client.request(NextToken(id="n", tokens=[]))
    assert (refused["kind"], refused["message"], refused["exit_status"]) == (
        "Rejected",
        "by nothing",
        1,
    )
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert client.request(Describe(id="d"))["status"] == "training"
    server.terminate()
    thread.join(60)
    client.close()


def test_a_scheduled_change_is_answered_at_once_with_its_step(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    client = SocketClient(listening[1])
    client.request(Start(id="s", recipe=small(steps=10**6), name="mine"))
    client.request(Stop(id="x"))
    client.request(Resume(id="r", run="mine"))
    client.request(Pause(id="p"))
    assert server._training is not None
    server._training._first_free_step = 10**6 - 1  # as if later steps were logged before
    for value, step in ((2.0, 0), (3.0, 10**6 - 2)):
        reply = client.request(SetValue(id="v", key="train.clip", value=value, step=step))
        assert (reply["kind"], reply["command_id"]) == ("ValueChanged", "v")
        assert (reply["step"], reply["new"]) == (10**6 - 1, value)
    assert reply["old"] == 2.0
    assert client.request(Stop(id="y"))["kind"] == "Ended"
    assert "ValueChanged" not in kinds_of(list_runs()[0])
    server.terminate()
    thread.join(60)
    client.close()


def kinds_of(run: RunDirectory) -> list[str]:
    return [type(event).__name__ for event in read_events(run.events_path)]


@pytest.fixture
def started(
    listening: tuple[socket.socket, Path], small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., SocketClient]]:
    """Return a function that starts a run in a worker and returns its client."""
    monkeypatch.setattr(
        "seqlm.runs.training_run.TrainingRun.redirect_stderr_to_log", lambda self: None
    )
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    client = SocketClient(listening[1])

    def start(*words: str) -> SocketClient:
        assert (
            client.request(Start(id="s", recipe=small(*words, steps=10**6)))["kind"] == "Continued"
        )
        return client

    yield start
    server.terminate()
    thread.join(60)
    client.close()


def until_step(client: SocketClient, step: int) -> None:
    until = time.monotonic() + 60
    while client.request(Describe(id="d"))["step"] < step:
        assert time.monotonic() < until


def test_a_pace_applies_from_the_first_step_and_queries_do_not_wait(
    started: Callable[..., SocketClient],
) -> None:
    client = started("train.pace=0.001", "train.evaluate_every=1")
    until_step(client, 1)
    (run,) = list_runs()
    while "Evaluated" not in kinds_of(run):  # the validation of a step comes before the wait
        assert client.request(NextToken(id="n", tokens=["a"]))["step"] == 1
    assert kinds_of(run)[-4:] == ["StepsDone", "WeightsKept", "Sampled", "Evaluated"]
    assert client.request(NextToken(id="n", tokens=["a"], weights="0"))["step"] == 0
    changed = client.request(SetValue(id="v", key="train.pace", value=0.002))
    assert (changed["step"], changed["old"], changed["new"]) == (1, 0.001, 0.002)
    until_step(client, 2)  # a new pace applies at once
    assert client.request(SetValue(id="v", key="train.pace", value="off"))["step"] == 2
    until_step(client, 20)
    assert client.request(SetValue(id="v", key="train.pace", value=0.001))["new"] == 0.001
    step = client.request(Pause(id="p"))["step"]
    assert client.request(Describe(id="d"))["step"] == step


def test_a_limited_number_of_steps_includes_the_validation(
    started: Callable[..., SocketClient],
) -> None:
    client = started("train.evaluate_every=1")
    step = client.request(Pause(id="p"))["step"]
    (run,) = list_runs()
    for _ in range(3):
        step += 1
        assert client.request(Continue(id="c", n_steps=1))["kind"] == "Continued"
        while kinds_of(run)[-1] != "Paused":
            assert client.request(Describe(id="d"))["step"] <= step
        assert kinds_of(run)[-2] == "Evaluated"
        assert client.request(Describe(id="d"))["step"] == step


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("seqlm.worker.pacing.time", clock)
    return clock


@pytest.mark.parametrize("step_s", [0.0, 0.1, 0.24])
def test_a_pace_is_kept_for_steps_of_any_duration(clock: Clock, step_s: float) -> None:
    pacer, step = StepPacer(), 0
    while clock.now_s < 110:
        clock.now_s += step_s
        step += 1
        pacer.is_last_step(step, 4.0)
        clock.now_s += pacer.wait_s
    assert 40 <= step <= 42
    clock.now_s += 60  # a long time without steps is not made up for
    before = step
    while pacer.wait_s == 0:
        step += 1
        pacer.is_last_step(step, 4.0)
    assert step <= before + 2


def test_the_second_step_comes_one_interval_after_the_first(clock: Clock) -> None:
    pacer = StepPacer()
    assert pacer.wait_s == 0
    pacer.is_last_step(1, 0.5)
    assert pacer.wait_s == pytest.approx(2)


def test_a_slightly_late_step_is_made_up_for(clock: Clock) -> None:
    pacer, step = StepPacer(), 0
    while clock.now_s < 101:
        step += 1
        pacer.is_last_step(step, 1000.0)
        if pacer.wait_s:
            clock.now_s += 0.004  # the resolution of a wait
    assert step == pytest.approx(1000, rel=0.02)


def test_a_new_pace_applies_at_once(clock: Clock) -> None:
    pacer = StepPacer()
    pacer.is_last_step(1, 0.001)
    pacer.is_last_step(2, 0.001)
    assert pacer.wait_s > 900
    pacer.reset_pace()
    assert pacer.wait_s == 0


def test_training_pauses_after_a_limited_number_of_steps(clock: Clock) -> None:
    pacer = StepPacer()
    pacer.resume(100, 3)
    assert not pacer.is_last_step(101, None)
    assert not pacer.is_last_step(101, None)
    assert not pacer.is_last_step(102, None)
    assert pacer.is_last_step(103, None)
    assert pacer.is_paused
    assert pacer.wait_s == float("inf")
    pacer.resume(103)
    assert pacer.wait_s == 0
    assert not pacer.is_last_step(1103, None)

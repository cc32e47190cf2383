"""A worker's turns in this process, with screens that are plain sockets."""

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


class Screen:
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


def test_a_worker_nobody_speaks_to_leaves(listening: tuple[socket.socket, Path]) -> None:
    server = WorkerServer(SocketServer(listening[0]), listening[1], idle_exit_s=0.0)
    server.serve()


def test_a_paused_run_that_is_deserted_is_stopped_with_a_checkpoint(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    screen = Screen(listening[1])
    thread = serve(WorkerServer(SocketServer(listening[0]), listening[1], idle_exit_s=0.3))
    screen.request(Start(id="s", recipe=small(steps=10**6)))
    step = screen.request(Pause(id="p"))["step"]
    screen.close()
    thread.join(60)
    (run,) = list_runs()
    last = json.loads(run.events_path.read_bytes().splitlines()[-1])
    assert (last["kind"], last["status"], last["step"]) == ("Ended", "stopped", step)
    assert (run.checkpoints_path / f"step-{step}" / "training.safetensors").exists()


def test_an_error_nobody_thought_of_ends_neither_worker_nor_training(
    listening: tuple[socket.socket, Path],
    small: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> Any:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(
        "seqlm.runs.training_run.TrainingRun.redirect_stderr_to_log", lambda self: None
    )
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    screen = Screen(listening[1])
    screen.request(Start(id="s", recipe=small(steps=10**6)))
    known: dict[Any, Any] = query_handlers._HANDLERS
    monkeypatch.setitem(known, NextToken, broken)
    refused = screen.request(NextToken(id="n", tokens=[]))
    assert (refused["kind"], refused["message"], refused["exit_status"]) == (
        "Rejected",
        "by nothing",
        1,
    )
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert screen.request(Describe(id="d"))["status"] == "training"
    server.terminate()
    thread.join(60)
    screen.close()


def test_a_value_that_must_wait_for_its_step_is_answered_at_once_with_it(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    screen = Screen(listening[1])
    screen.request(Start(id="s", recipe=small(steps=10**6), name="mine"))
    screen.request(Stop(id="x"))
    screen.request(Resume(id="r", run="mine"))
    screen.request(Pause(id="p"))
    assert server._training is not None
    server._training._first_free_step = 10**6 - 1  # it goes again over steps that were seen
    for value, step in ((2.0, 0), (3.0, 10**6 - 2)):
        told = screen.request(SetValue(id="v", key="train.clip", value=value, step=step))
        assert (told["kind"], told["command_id"]) == ("ValueChanged", "v")
        assert (told["step"], told["new"]) == (10**6 - 1, value)
    assert told["old"] == 2.0
    assert screen.request(Stop(id="y"))["kind"] == "Ended"
    assert "ValueChanged" not in kinds_of(list_runs()[0])
    server.terminate()
    thread.join(60)
    screen.close()


def kinds_of(run: RunDirectory) -> list[str]:
    return [type(event).__name__ for event in read_events(run.events_path)]


@pytest.fixture
def started(
    listening: tuple[socket.socket, Path], small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Screen]]:
    """Starts a worker's turns on a run with these settings; the screen that asked for it."""
    monkeypatch.setattr(
        "seqlm.runs.training_run.TrainingRun.redirect_stderr_to_log", lambda self: None
    )
    server = WorkerServer(SocketServer(listening[0]), listening[1])
    thread = serve(server)
    screen = Screen(listening[1])

    def start(*words: str) -> Screen:
        assert (
            screen.request(Start(id="s", recipe=small(*words, steps=10**6)))["kind"] == "Continued"
        )
        return screen

    yield start
    server.terminate()
    thread.join(60)
    screen.close()


def until_step(screen: Screen, step: int) -> None:
    until = time.monotonic() + 60
    while screen.request(Describe(id="d"))["step"] < step:
        assert time.monotonic() < until


def test_a_pace_holds_from_the_first_step_and_questions_do_not_wait(
    started: Callable[..., Screen],
) -> None:
    screen = started("train.pace=0.001", "train.evaluate_every=1")
    until_step(screen, 1)
    (run,) = list_runs()
    while "Evaluated" not in kinds_of(run):  # all that a step brings comes before the waiting
        assert screen.request(NextToken(id="n", tokens=["a"]))["step"] == 1
    assert kinds_of(run)[-4:] == ["StepsDone", "WeightsKept", "Sampled", "Evaluated"]
    assert screen.request(NextToken(id="n", tokens=["a"], weights="0"))["step"] == 0
    changed = screen.request(SetValue(id="v", key="train.pace", value=0.002))
    assert (changed["step"], changed["old"], changed["new"]) == (1, 0.001, 0.002)
    until_step(screen, 2)  # a new pace holds at once
    assert screen.request(SetValue(id="v", key="train.pace", value="off"))["step"] == 2
    until_step(screen, 20)
    assert screen.request(SetValue(id="v", key="train.pace", value=0.001))["new"] == 0.001
    step = screen.request(Pause(id="p"))["step"]
    assert screen.request(Describe(id="d"))["step"] == step


def test_a_step_that_is_counted_out_brings_its_validation(started: Callable[..., Screen]) -> None:
    screen = started("train.evaluate_every=1")
    step = screen.request(Pause(id="p"))["step"]
    (run,) = list_runs()
    for _ in range(3):
        step += 1
        assert screen.request(Continue(id="c", n_steps=1))["kind"] == "Continued"
        while kinds_of(run)[-1] != "Paused":
            assert screen.request(Describe(id="d"))["step"] <= step
        assert kinds_of(run)[-2] == "Evaluated"
        assert screen.request(Describe(id="d"))["step"] == step


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
def test_a_pace_is_kept_whatever_a_step_costs(clock: Clock, step_s: float) -> None:
    pacer, step = StepPacer(), 0
    while clock.now_s < 110:
        clock.now_s += step_s
        step += 1
        pacer.is_last_step(step, 4.0)
        clock.now_s += pacer.wait_s
    assert 40 <= step <= 42
    clock.now_s += 60  # what was slept away is not made up for
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


def test_a_wait_that_took_a_little_longer_is_made_up_for(clock: Clock) -> None:
    pacer, step = StepPacer(), 0
    while clock.now_s < 101:
        step += 1
        pacer.is_last_step(step, 1000.0)
        if pacer.wait_s:
            clock.now_s += 0.004  # the system wakes nobody more often
    assert step == pytest.approx(1000, rel=0.02)


def test_a_new_pace_holds_at_once(clock: Clock) -> None:
    pacer = StepPacer()
    pacer.is_last_step(1, 0.001)
    pacer.is_last_step(2, 0.001)
    assert pacer.wait_s > 900
    pacer.reset_pace()
    assert pacer.wait_s == 0


def test_steps_can_be_counted_out(clock: Clock) -> None:
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

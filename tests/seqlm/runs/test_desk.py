"""A worker's turns in this process, with screens that are plain sockets."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seqlm.protocol import codec
from seqlm.protocol.commands import Command, Pause, Resume, SetValue, Start, Stop
from seqlm.protocol.queries import Describe, NextToken, Query
from seqlm.runs import answers
from seqlm.runs.desk import Desk
from seqlm.runs.directory import list_runs
from seqlm.runs.sockets import Listener, listen
from seqlm.runs.throttle import Throttle

Recipe = Callable[..., str]


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, Path]]:
    made, path = listen()
    with made:
        yield made, path


def serve(desk: Desk) -> threading.Thread:
    thread = threading.Thread(target=desk.serve)
    thread.start()
    return thread


class Screen:
    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._socket.settimeout(60)
        self._lines = self._socket.makefile("rb")

    def ask(self, message: Command | Query) -> dict[str, Any]:
        self._socket.sendall(codec.encode(message))
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def test_a_worker_nobody_speaks_to_leaves(listening: tuple[socket.socket, Path]) -> None:
    desk = Desk(Listener(listening[0]), listening[1], alone_exit_s=0.0)
    desk.serve()


def test_a_paused_run_that_is_deserted_is_stopped_with_a_checkpoint(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    screen = Screen(listening[1])
    thread = serve(Desk(Listener(listening[0]), listening[1], alone_exit_s=0.3))
    screen.ask(Start(id="s", recipe=small(steps=10**6)))
    step = screen.ask(Pause(id="p"))["step"]
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

    monkeypatch.setattr("seqlm.runs.training_run.TrainingRun.catch_errors", lambda self: None)
    desk = Desk(Listener(listening[0]), listening[1])
    thread = serve(desk)
    screen = Screen(listening[1])
    screen.ask(Start(id="s", recipe=small(steps=10**6)))
    known: dict[Any, Any] = answers._ANSWERS
    monkeypatch.setitem(known, NextToken, broken)
    refused = screen.ask(NextToken(id="n", tokens=[]))
    assert (refused["kind"], refused["message"], refused["exit_status"]) == (
        "Refused",
        "by nothing",
        1,
    )
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert screen.ask(Describe(id="d"))["status"] == "training"
    desk.terminate()
    thread.join(60)
    screen.close()


def test_a_command_that_comes_too_late_is_told_so(
    listening: tuple[socket.socket, Path], small: Recipe
) -> None:
    desk = Desk(Listener(listening[0]), listening[1])
    thread = serve(desk)
    screen = Screen(listening[1])
    screen.ask(Start(id="s", recipe=small(steps=10**6), name="mine"))
    screen.ask(Stop(id="x"))
    # Values of a run that is catching up wait until it has.
    screen.ask(Resume(id="r", run="mine"))
    assert desk._training is not None
    desk._training._first_free_step = 10**6 - 1
    screen._socket.sendall(codec.encode(SetValue(id="v", key="train.clip", value=2.0)))
    assert screen.ask(Stop(id="y"))["kind"] == "Ended"
    late = json.loads(screen._lines.readline())
    assert (late["kind"], late["id"]) == ("Refused", "v")
    assert "ended before this could take force" in late["message"]
    desk.terminate()
    thread.join(60)
    screen.close()


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("seqlm.runs.throttle.time", clock)
    return clock


@pytest.mark.parametrize("step_s", [0.0, 0.1, 0.24])
def test_a_pace_is_kept_whatever_a_step_costs(clock: Clock, step_s: float) -> None:
    throttle, n_steps = Throttle(), 0
    while clock.now_s < 110:
        clock.now_s += step_s
        throttle.done(1, 4.0)
        n_steps += 1
        clock.now_s += throttle.wait_s
    assert 40 <= n_steps <= 42
    clock.now_s += 60  # what was slept away is not made up for
    n_steps = 0
    while throttle.wait_s == 0:
        throttle.done(1, 4.0)
        n_steps += 1
    assert n_steps <= 2


def test_a_new_pace_holds_at_once(clock: Clock) -> None:
    throttle = Throttle()
    throttle.done(1, 0.001)
    throttle.done(1, 0.001)
    assert throttle.wait_s > 900
    throttle.forget_pace()
    assert throttle.wait_s == 0


def test_steps_can_be_counted_out(clock: Clock) -> None:
    throttle = Throttle()
    throttle.go_on(3)
    assert not throttle.done(1, None)
    assert not throttle.done(0, None)
    assert not throttle.done(1, None)
    assert throttle.done(1, None)
    assert throttle.paused
    assert throttle.wait_s == float("inf")
    throttle.go_on()
    assert throttle.wait_s == 0
    assert not throttle.done(1000, None)

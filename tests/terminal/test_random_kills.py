"""Random kills of worker and screen: nothing that was logged or requested is lost.

A failure names its seed and its last deeds. ``KILLS_SEED`` chooses a seed.
"""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from workbench_program import Workbench

from seqlm.data.prepared_text import prepare
from seqlm.protocol.commands import Resume, SetValue, Start, Stop
from seqlm.protocol.events import Event, StepsDone, ValueChanged
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.summary import summarize
from seqlm.runspec import recipe
from seqlm.training.trainer import Trainer
from seqlm.worker import client
from seqlm.worker.client import WorkerExited

SEED = int(os.environ.get("KILLS_SEED", "0"))
DEADLINE_S = 60.0
N_RECORDED = 12
LINE = (
    "names-lstm model.hidden=8 model.embedding=4 train.batch=4 train.evaluate_every=70"
    " model.dropout=0.1 train.steps=100000 train.pace=150"
)


class Killer:
    """Does random things to a run: changes values, stops it, kills its worker and its screen."""

    def __init__(self, seed: int, start: Callable[..., Workbench]) -> None:
        self._random, self._start_screen = random.Random(seed), start
        self.requested: list[tuple[str, str, Any, int | None]] = []
        self.actions: list[str] = []
        self.n_kills = 0
        self._worker = client.spawn()
        self._request(Start(id="start", recipe=LINE, name="killed"))
        self.run: RunDirectory = find_run("killed")
        self._screen = start("killed")

    def kill(self) -> None:
        """Do some random things, then kill the worker or the screen."""
        for _ in range(self._random.randrange(3)):
            self._random.choice((self._set_now, self._set_now, self._set_later, self._train))()
        self._random.choice((self._kill_worker, self._kill_worker, self._kill_screen))()
        self.n_kills += 1

    def finish(self) -> None:
        """End the run a little after its last step and its last change."""
        last = max([summarize(self.run).summary.steps, *(step or 0 for *_, step in self.requested)])
        self._set("train.steps", last + 50, 0)
        self._set("train.pace", None, 0)
        with contextlib.suppress(WorkerExited):
            self._wait_until(lambda: summarize(self.run).summary.status == "finished")
        self._worker.close()

    def _deed(self, words: str) -> None:
        self.actions = [*self.actions, words][-N_RECORDED:]

    def _request(self, message: Any) -> Any:
        return self._worker.request(message, DEADLINE_S)

    def _set_now(self) -> None:
        self._set("train.learning_rate", self._random.choice((0.001, 0.003, 0.01)), 0)

    def _set_later(self) -> None:
        later = summarize(self.run).summary.steps + self._random.randrange(400)
        self._set("train.weight_decay", self._random.choice((0.0, 0.01, 0.1)), later)

    def _set(self, key: str, value: Any, step: int) -> None:
        command_id = client.new_id()
        event = self._request(SetValue(id=command_id, key=key, value=value, step=step))
        self.requested.append((command_id, key, value, event.step))
        self._deed(f"set {key}={value} at {event.step}")

    def _train(self) -> None:
        n_steps, before = self._random.randrange(1, 120), summarize(self.run).summary.steps
        self._wait_until(lambda: summarize(self.run).summary.steps >= before + n_steps)
        self._deed(f"trained to {summarize(self.run).summary.steps}")

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until, "the condition did not become true in time"
            self._worker.receive(0.05)

    def _kill_screen(self) -> None:
        self._deed("killed the screen")
        self._screen.close()
        self._screen = self._start_screen("killed")

    def _kill_worker(self) -> None:
        if self._random.random() < 0.25:
            self._deed("stopped the run")  # with a checkpoint
            with contextlib.suppress(WorkerExited):
                self._request(Stop(id=client.new_id()))
        self._kill_process()
        while self._random.random() < 0.3:
            self._deed("killed the worker while it resumes")
            self._resume(self._random.uniform(0.0, 2.0))
            self._kill_process()
        self._deed("resumed the run")
        self._resume(DEADLINE_S)

    def _kill_process(self) -> None:
        held = self.run.holder()
        for pid in {held.pid if held else None, getattr(self._worker.process, "pid", None)} - {
            None
        }:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                process.kill()
                process.wait(DEADLINE_S)
        self._worker.close()
        self._deed("killed the worker")

    def _resume(self, patience_s: float) -> None:
        """Resume the run in a new worker; give up waiting for its answer after ``patience_s``."""
        self._worker = client.spawn()
        command = Resume(id=client.new_id(), run=str(self.run.path), words=self._words())
        with contextlib.suppress(TimeoutError):
            self._worker.request(command, patience_s)
            for word in command.words:
                key, _, value = word.partition("=")
                self.requested.append((command.id, key, float(value), None))

    def _words(self) -> list[str]:
        rate = self._random.choice((0.002, 0.005))
        return [f"train.learning_rate={rate}"] if self._random.random() < 0.2 else []


@pytest.fixture
def killer(
    home: Path, start: Callable[..., Workbench], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Killer]:
    for name in ("SEQLM_HOME", "SEQLM_SOCKETS"):
        monkeypatch.setenv(name, str(home))
    made = Killer(SEED, start)
    yield made
    made._worker.close()


@pytest.mark.parametrize(
    "n_kills", [pytest.param(4), pytest.param(200, marks=pytest.mark.slow, id="200 kills")]
)
def test_after_random_kills_losses_and_changes_are_those_of_the_printed_line(
    killer: Killer, n_kills: int
) -> None:
    try:
        while killer.n_kills < n_kills:
            killer.kill()
        killer.finish()
    except AssertionError as error:
        raise AssertionError(f"seed {SEED}, {killer.n_kills} kills: {killer.deeds}") from error
    events = without_superseded(read_events(killer.run.events_path))
    changes = [event for event in events if isinstance(event, ValueChanged)]
    for command_id, key, value, step in killer.requested:
        (change,) = [c for c in changes if (c.command_id, c.key) == (command_id, key)]
        assert (change.new, change.step) == (value, change.step if step is None else step)
    line = recipe.as_run(killer.run.manifest().config, summarize(killer.run).changes)
    config = recipe.parse_recipe(line)
    whole = [event for event in Trainer(config, prepare(config.data)).run() if event is not None]
    assert losses_of(events) == losses_of(whole)
    assert values_of(events) == values_of(whole)


def losses_of(events: list[Event]) -> list[float]:
    return [loss for event in events if isinstance(event, StepsDone) for loss in event.losses]


def values_of(events: list[Event]) -> dict[tuple[str, int], Any]:
    """Return the last value of each setting at each step; the printed line has no others."""
    return {(e.key, e.step): e.new for e in events if isinstance(e, ValueChanged)}

from pathlib import Path
from typing import Any

import pytest

from seqlm.protocol.events import Continued, Ended, Event, Paused, StepsDone, WorkerStarted
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory
from seqlm.runs.event_log import EventLogWriter
from seqlm.runspec import recipe
from seqlm.worker.client import WorkerExited
from seqlm.worker.follow_run import follow

STARTED = WorkerStarted(pid=1, step=0, device="cpu", threads=1, versions={})
STEPS = StepsDone(first_step=1, losses=[2.0], learning_rate=0.1, train_s=1.0, cpu_s=1.0, n_tokens=8)


class ExitingConnection:
    """Connection that ends at the first receive, after its worker has logged ``last``."""

    def __init__(self, journal: EventLogWriter, *last: Event) -> None:
        self._journal, self._last = journal, last

    def receive(self, timeout_s: float) -> list[Any]:
        for event in self._last:
            self._journal.append(event)
        raise WorkerExited("the worker has exited")


def statuses(tmp_path: Path, first: list[Event], *last: Event) -> list[str]:
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    config = recipe.parse_recipe("names-mlp")
    corpus = CorpusRecord(name="names", n_bytes=1, sha256="0")
    run.write_manifest(
        Manifest(
            run="run", recipe="names-mlp", config=config, corpus=corpus, created_t=0.0, versions={}
        )
    )
    journal = EventLogWriter(run.events_path)
    for event in first:
        journal.append(event)
    try:
        connection: Any = ExitingConnection(journal, *last)
        return [progress.summary.status for progress in follow(run, connection)]
    finally:
        journal.close()


def test_a_logged_end_is_the_end(tmp_path: Path) -> None:
    found = statuses(tmp_path, [STARTED, STEPS], Ended(step=1, status="stopped"))
    assert found == ["training", "stopped"]


def test_a_worker_that_exits_before_the_end_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkerExited):
        statuses(tmp_path, [STARTED, STEPS], STEPS)


def test_a_paused_run_is_followed_until_it_ends(tmp_path: Path) -> None:
    last: list[Event] = [Continued(step=1), Ended(step=1, status="finished")]
    assert statuses(tmp_path, [STARTED, Paused(step=1)], *last) == ["paused", "finished"]

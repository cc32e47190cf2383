"""Run directories that version 0.1.0 wrote: they are listed, shown, loaded, evaluated and resumed."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seqlm.paths import runs_dir
from seqlm.protocol.events import Evaluated
from seqlm.protocol.queries import SplitLoss, SplitLossAnswer
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.runs.directory import RunDirectory, RunLock, list_runs
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.provenance import open_text
from seqlm.runs.summary import summarize
from seqlm.runs.training_run import TrainingRun
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import answer_query

RECORDED = Path(__file__).parent / "recorded"
SUMMARIES: dict[str, dict[str, Any]] = {
    "finished-mlp": {
        "run": "finished-mlp",
        "preset": "names-mlp",
        "status": "finished",
        "steps": 400,
        "parameters": 775,
        "train_loss": 2.9850983250385514,
        "val_loss": 2.976841619382335,
        "best_val_loss": 2.976841619382335,
        "best_step": 400,
        "seconds": 0.124,
        "cpu_seconds": 0.2026,
        "steps_per_s": 3225.8,
        "tokens_per_s": 103225.8,
        "batch_loss": 3.00951171,
        "judged_on": "val",
        "expected": None,
        "best_counts": 2.143,
        "weights": "latest",
    },
    "stopped-lstm": {
        "run": "stopped-lstm",
        "preset": "names-lstm",
        "status": "stopped",
        "steps": 120,
        "parameters": 1473,
        "train_loss": None,
        "val_loss": None,
        "best_val_loss": None,
        "best_step": None,
        "seconds": 0.318,
        "cpu_seconds": 0.4148,
        "steps_per_s": 377.4,
        "tokens_per_s": 21493.7,
        "batch_loss": 3.10541296,
        "judged_on": "val",
        "expected": None,
        "best_counts": 2.143,
        "weights": "latest",
    },
}


@pytest.fixture(autouse=True)
def copied_runs(own_home: None) -> None:
    """Copy the recorded runs into the data folder of the test."""
    shutil.copytree(RECORDED, runs_dir())


def test_recorded_runs_are_listed() -> None:
    assert {run.name for run in list_runs()} == set(SUMMARIES)


@pytest.mark.parametrize("name", SUMMARIES)
def test_recorded_runs_have_the_same_summary_as_before(name: str) -> None:
    progress = summarize(RunDirectory(runs_dir() / name))
    assert msgspec.to_builtins(progress.summary) == SUMMARIES[name]
    assert progress.steps_planned == {"finished-mlp": 400, "stopped-lstm": 3000}[name]


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_recorded_checkpoint_loads(name: str) -> None:
    checkpoints = CheckpointStore(runs_dir() / name / "checkpoints")
    assert len(checkpoints.steps()) > 5
    for step in checkpoints.steps():
        assert checkpoints.load(f"step-{step}").weights
    assert checkpoints.load("latest").training


def test_a_recorded_finished_run_evaluates_to_its_logged_loss() -> None:
    run = RunDirectory(runs_dir() / "finished-mlp")
    snapshots = ModelSnapshots(run.manifest().config, open_text(run), run.checkpoints_path)
    query = SplitLoss(id="q", split="val", weights="latest")
    *_, answer = answer_query(query, snapshots.find("latest", None))
    assert isinstance(answer, SplitLossAnswer)
    assert answer.loss == 2.976841619382335


def test_a_recorded_stopped_run_resumes_to_the_same_loss() -> None:
    run = RunDirectory(runs_dir() / "stopped-lstm")
    lock = RunLock(pid=1, socket="nowhere")
    resumed = TrainingRun.resume(run, open_text(run), lock, [], "resume")
    for _ in resumed.train():
        pass
    resumed.close()
    events = without_superseded(read_events(run.events_path))
    losses = {e.step: e.loss for e in events if isinstance(e, Evaluated) and e.split == "val"}
    assert losses[3000] == 2.606971175560669
    assert summarize(run).summary.status == "finished"

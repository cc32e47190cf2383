"""Kept weights at log-spaced steps: queries, size limit, and resuming."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError
from seqlm.protocol.events import Event, Resumed, Sampled, WeightsKept
from seqlm.protocol.queries import NextToken
from seqlm.runs import checkpoint_policy
from seqlm.runs.directory import RunDirectory, RunLock
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.provenance import open_text
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import answer_query

LOCK = RunLock(pid=1, socket="nowhere")
Recipe = Callable[..., str]


def start(line: str) -> TrainingRun:
    config = recipe.parse_recipe(line)
    return TrainingRun.start(config, prepare(config.data), None, LOCK)


def resume(run: TrainingRun, *words: str) -> TrainingRun:
    run.close()
    directory = RunDirectory(run.directory.path)
    return TrainingRun.resume(directory, open_text(directory), LOCK, list(words), "again")


def train_until(run: TrainingRun, step: int) -> TrainingRun:
    events = run.train()
    while run.trainer.step < step or run._next_snapshot <= step:
        next(events)
    return run


def train_to_end(run: TrainingRun) -> TrainingRun:
    for _ in run.train():
        pass
    run.close()
    return run


def asked(run: TrainingRun, weights: str) -> Any:
    """Return the prediction of the model after "a" with the named weights."""
    text = run.trainer.text
    snapshots = ModelSnapshots(run.trainer.config, text, run.checkpoints.path)
    trainer = run.trainer if weights == "live" else None
    query = NextToken(id="q", tokens=["a"], weights=weights)
    *_, told = answer_query(query, snapshots.find(weights, trainer))
    return told


def logged_events(run: TrainingRun) -> list[Event]:
    return without_superseded(read_events(run.directory.events_path))


def events_of_kind(run: TrainingRun, kind: type[Any]) -> list[Any]:
    return [event for event in logged_events(run) if isinstance(event, kind)]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_kept_weights_predict_as_the_live_model_did_at_their_step(
    small: Recipe, dropout: float
) -> None:
    run = start(small(f"model.dropout={dropout}", steps=60))
    live = {"0": asked(run, "live")}
    events = run.train()
    for _ in events:
        if run.trainer.step in (1, 3, 10, 30):
            live[str(run.trainer.step)] = asked(run, "live")
    run.close()
    assert len(live) == 5
    for step, told in live.items():
        later = asked(run, step)
        assert later.step == int(step)
        assert (later.ids, later.probabilities) == (told.ids, told.probabilities)
    assert len({tuple(told.probabilities) for told in live.values()}) == 5


def test_each_log_spaced_step_is_logged_once_with_all_kept_steps(small: Recipe) -> None:
    run = train_to_end(start(small(steps=120)))
    told = events_of_kind(run, WeightsKept)
    assert [event.step for event in told] == [0, 1, 3, 10, 30, 100]
    assert [event.kept for event in told] == [[0, 1, 3, 10, 30, 100][: n + 1] for n in range(6)]
    for step in told[-1].kept:
        assert asked(run, str(step)).step == step


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("step-*/weights.safetensors"))


@pytest.mark.parametrize("n_most", [0, 1, 2, 3, 5])
def test_kept_weights_stay_within_their_bytes(
    small: Recipe, monkeypatch: pytest.MonkeyPatch, n_most: int
) -> None:
    one = sum(part.numel() * 4 for part in start(small()).trainer.weights().values())
    monkeypatch.setattr(checkpoint_policy, "_MAX_KEPT_BYTES", n_most * one + one // 2)
    run = start(small(steps=120))
    kept: list[int] = []
    for _ in run.train():
        told = events_of_kind(run, WeightsKept)
        kept = told[-1].kept if told else []
        assert len(kept) <= n_most
        whole = {run.trainer.step, run.trainer.best.step}
        assert set(kept) <= set(run.checkpoints.steps()) <= {*kept, *whole}
        assert size_of(run.checkpoints.path) <= (n_most + len(whole)) * (one + 1000)
    assert kept == {0: [], 1: [0], 2: [0, 30], 3: [0, 3, 30], 5: [0, 1, 3, 10, 30]}[n_most]
    run.close()


def test_keeping_weights_never_flushes_the_disk(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(small(steps=10**6))

    def waiting(fd: int) -> None:
        raise AssertionError("training waits for the disk")

    monkeypatch.setattr("os.fsync", waiting)
    train_until(run, 100).close()
    assert run.checkpoints.steps() == [0, 1, 3, 10, 30, 100]


def test_a_full_disk_skips_weights_and_the_written_ones_can_be_queried(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, mkdir = start(small(steps=120)), Path.mkdir

    def full(self: Path, *arguments: Any, **options: Any) -> None:
        if self.name.startswith((".step-10.", ".step-30.")):
            raise OSError(28, "No space left on device")
        mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    train_to_end(run)
    told = events_of_kind(run, WeightsKept)
    assert [event.step for event in told] == [0, 1, 3, 100]
    assert told[-1].kept == [0, 1, 3, 100]
    assert [event.step for event in events_of_kind(run, Sampled)] == [0, 1, 3, 10, 30, 100]


def test_damaged_kept_weights_are_rejected_with_a_message(small: Recipe) -> None:
    run = train_to_end(start(small(steps=30)))
    (run.checkpoints.path / "step-3" / "weights.safetensors").write_bytes(b"")
    with pytest.raises(Exception, match="checkpoint step-3 is damaged"):
        asked(run, "3")


def test_resume_deletes_kept_weights_after_the_checkpoint(small: Recipe) -> None:
    run = train_until(start(small(steps=110)), 20)
    run.save()
    train_until(run, 100)
    again = resume(run, "train.learning_rate=0.5@0")
    (resumed,) = events_of_kind(again, Resumed)
    assert resumed.step == 20
    assert again.checkpoints.steps() == [0, 1, 3, 10, 20]
    with pytest.raises(RequestError, match=r"no saved weights '100'; one of: latest, 0, 1, 3, 10"):
        asked(again, "100")
    train_until(again, 100)
    live = asked(again, "live")
    train_to_end(again)
    assert [event.step for event in events_of_kind(again, WeightsKept)] == [0, 1, 3, 10, 30, 100]
    assert [event.step for event in events_of_kind(again, Sampled)] == [0, 1, 3, 10, 30, 100]
    assert events_of_kind(again, WeightsKept)[-1].kept == [0, 1, 3, 10, 30, 100]
    assert asked(again, "100").probabilities == live.probabilities


@pytest.mark.parametrize("at", [0, 3, 10])
def test_a_run_stopped_at_a_log_spaced_step_logs_it_once(small: Recipe, at: int) -> None:
    run = start(small("train.evaluate_every=10", steps=40))
    events: Iterator[Any] = run.train() if at else iter(())
    while run.trainer.step < at:  # at 10 the validation comes before the snapshot
        next(events)
    list(run.stop(None))
    run = train_to_end(resume(run))
    for kind in (WeightsKept, Sampled):
        assert [event.step for event in events_of_kind(run, kind)] == [0, 1, 3, 10, 30]


def test_resume_from_step_0_keeps_all_weights_again(small: Recipe) -> None:
    run = train_until(start(small(steps=40)), 10)
    run = train_to_end(resume(run))
    assert [event.step for event in events_of_kind(run, WeightsKept)] == [0, 1, 3, 10, 30]
    assert set(run.checkpoints.steps()) == {0, 1, 3, 10, 30, 40}


def test_interrupted_and_uninterrupted_runs_keep_equal_weights(small: Recipe) -> None:
    line = small("model.dropout=0.2", steps=110)
    whole = train_to_end(start(line))
    run = train_until(start(line), 20)
    run.save()
    train_until(run, 50)
    run = train_to_end(resume(run))
    for step in (0, 1, 3, 10, 30, 100):
        one, other = (r.checkpoints.load(f"step-{step}").weights for r in (whole, run))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_without_room_for_weights_is_trained(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_policy, "_MAX_KEPT_BYTES", 0)
    run = train_to_end(start(small(steps=30)))
    assert run.checkpoints.steps() == [30]
    assert events_of_kind(run, WeightsKept) == []

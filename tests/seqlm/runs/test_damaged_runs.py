"""Run directories with missing, damaged or hostile files: resumed from what is whole, and said."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from test_training_run import (
    kill,
    logged_events,
    losses_of,
    resume,
    start,
    train_to_end,
    train_until,
)

from seqlm.errors import SeqlmError
from seqlm.protocol.events import Resumed, RunCreated
from seqlm.runs.event_log import read_events
from seqlm.runs.summary import summarize
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe

Recipe = Callable[..., str]
STEPS = 40


@pytest.fixture
def interrupted(small: Recipe, monkeypatch: pytest.MonkeyPatch) -> TrainingRun:
    """A run killed at step 30, with whole checkpoints of the steps 10 and 20."""
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", 0.0)
    run = start(small(steps=STEPS), "cut")
    for step in (10, 20):
        train_until(run, step)
        run.save()
    train_until(run, 30)
    return kill(run)


@pytest.fixture
def whole(small: Recipe) -> list[float]:
    return losses_of(train_to_end(start(small(steps=STEPS), "whole")))


def note_of(run: TrainingRun) -> str:
    *_, resumed = [e for e in read_events(run.directory.events_path) if isinstance(e, Resumed)]
    assert summarize(run.directory).note == resumed.note
    return resumed.note


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def grow(path: Path) -> None:
    os.truncate(path, 8 << 30)


@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink, replace_by_a_pipe, grow])
@pytest.mark.parametrize("file", ["weights.safetensors", "training.safetensors", "checkpoint.json"])
def test_the_checkpoint_before_a_damaged_one_is_used_and_said(
    interrupted: TrainingRun, whole: list[float], file: str, damage: Callable[[Path], None]
) -> None:
    checkpoints = interrupted.checkpoints
    damage(checkpoints.path / "step-20" / file)
    run = resume(interrupted)
    assert run.trainer.step == 10
    assert "training resumes from step 10" in note_of(run)
    assert checkpoints.target_of("latest") == "step-10"
    run = resume(kill(run))
    assert run.trainer.step == 10
    assert losses_of(train_to_end(run)) == whole


def test_a_run_whose_checkpoints_are_all_damaged_is_not_restarted(interrupted: TrainingRun) -> None:
    before = interrupted.directory.events_path.read_bytes()
    for name in ("step-10", "step-20"):
        flip_a_bit(interrupted.checkpoints.path / name / "weights.safetensors")
    with pytest.raises(SeqlmError, match=r"step-20 is damaged: .*step-10 is damaged: .* remove "):
        resume(interrupted)
    assert interrupted.directory.events_path.read_bytes() == before
    assert interrupted.directory.holder() is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the file checkpoints/latest names no checkpoint"),
        (b"", "names no checkpoint"),
        (b"step-7777\n", "names no checkpoint"),
        (b"../../etc\n", "names no checkpoint"),
        (b"\xff\xff", "names no checkpoint"),
        (b"step-3\n", "names step-3"),
        (b"step-10\n", "names step-10"),
    ],
)
def test_the_newest_checkpoint_is_used_whatever_the_pointer_says(
    interrupted: TrainingRun, whole: list[float], content: bytes | None, words: str
) -> None:
    pointer = interrupted.checkpoints.path / "latest"
    pointer.unlink() if content is None else pointer.write_bytes(content)
    assert interrupted.checkpoints.has("latest")
    run = resume(interrupted)
    assert run.trainer.step == 20
    assert words in note_of(run)
    assert note_of(run).endswith("training resumes from step 20")
    assert losses_of(train_to_end(run)) == whole


@pytest.mark.parametrize("content", [None, b""])
def test_a_run_without_its_log_resumes_from_the_newest_checkpoint(
    interrupted: TrainingRun, whole: list[float], content: bytes | None
) -> None:
    log = interrupted.directory.events_path
    log.unlink() if content is None else log.write_bytes(content)
    kept = interrupted.checkpoints.steps()
    run = resume(interrupted)
    assert (
        "the event log was empty or missing, so the losses and changes up to step 20 are lost"
        in note_of(run)
    )
    for _ in range(2):  # the sequence numbers of the new log agree with those of the checkpoint
        train_until(run, 25)
        run = resume(kill(run))
        assert run.trainer.step == 20
    train_to_end(run)
    events = logged_events(run)
    assert isinstance(events[0], RunCreated)
    assert [e.losses[0] for e in events if hasattr(e, "losses")] == whole[20:]
    assert summarize(run.directory).summary.status == "finished"
    assert set(kept) <= set(run.checkpoints.steps()) | {10}


def test_a_log_without_its_last_newline_loses_no_event(
    interrupted: TrainingRun, whole: list[float]
) -> None:
    log = interrupted.directory.events_path
    n_events = len(list(read_events(log)))
    os.truncate(log, log.stat().st_size - 1)
    run = resume(interrupted)
    assert note_of(run) == ""
    assert isinstance(list(read_events(log))[n_events], Resumed)
    assert losses_of(train_to_end(run)) == whole


def test_a_restart_from_step_0_is_said(small: Recipe, whole: list[float]) -> None:
    run = start(small(steps=STEPS), "cut")
    train_until(run, 12)
    list(run.flush())
    run = resume(kill(run))
    assert note_of(run) == (
        "no checkpoint had been saved: training starts at step 0 and repeats the 12 steps done"
    )
    assert losses_of(train_to_end(run)) == whole


def test_saved_checkpoints_that_are_gone_are_said(interrupted: TrainingRun) -> None:
    interrupted.checkpoints.path.rename(interrupted.directory.path / "elsewhere")
    run = kill(resume(interrupted))
    assert note_of(run).startswith("the saved checkpoints are gone: training starts at step 0")


def test_run_whose_preset_no_longer_exists_stands_on_its_own_configuration(small: Recipe) -> None:
    run = train_to_end(start(small("seed=3", steps=20), "old"))
    for path in (run.directory.manifest_path, run.directory.events_path):
        path.write_bytes(path.read_bytes().replace(b"names-lstm", b"names-lstm-of-old"))
    progress = summarize(run.directory)
    assert (progress.summary.preset, progress.summary.steps) == ("names-lstm-of-old", 20)
    assert progress.config == run.directory.manifest().config
    line = recipe.as_run(run.directory.manifest().config, progress.changes)
    assert losses_of(train_to_end(start(line, "again"))) == losses_of(run)
    longer = train_to_end(resume(run, "train.steps=30"))
    assert len(losses_of(longer)) == 30

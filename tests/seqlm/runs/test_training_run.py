"""Training runs, interrupted and resumed in one process; closing a run stands for killing it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqlm.configuration.run_config import Change
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, SeqlmError
from seqlm.paths import runs_dir
from seqlm.protocol.events import (
    Ended,
    Evaluated,
    Event,
    Resumed,
    Sampled,
    StepsDone,
    ValueChanged,
)
from seqlm.runs import checkpoint_policy
from seqlm.runs.directory import RunDirectory, RunLock, list_runs
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.provenance import open_text
from seqlm.runs.summary import summarize
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe

LOCK = RunLock(pid=1, socket="nowhere")
Recipe = Callable[..., str]


def start(line: str, name: str | None = None) -> TrainingRun:
    config = recipe.parse_recipe(line)
    return TrainingRun.start(config, prepare(config.data), name, LOCK)


def resume(run: TrainingRun, *words: str) -> TrainingRun:
    directory = RunDirectory(run.directory.path)
    return TrainingRun.resume(directory, open_text(directory), LOCK, list(words), "again")


def train_to_end(run: TrainingRun) -> TrainingRun:
    for _ in run.train():
        pass
    run.close()
    return run


def train_until(run: TrainingRun, step: int) -> Any:
    events = run.train()
    while run.trainer.step < step:
        next(events)
    return events


def kill(run: TrainingRun) -> TrainingRun:
    """Close the run as a killed process would: events that were not logged are lost."""
    run.close()
    return run


def logged_events(run: TrainingRun) -> list[Event]:
    return without_superseded(read_events(run.directory.events_path))


def losses_of(run: TrainingRun) -> list[float]:
    steps = [event for event in logged_events(run) if isinstance(event, StepsDone)]
    numbers = [step for event in steps for step in range(event.first_step, event.last_step + 1)]
    assert numbers == list(range(1, len(numbers) + 1)), "each step once, in order"
    return [loss for event in steps for loss in event.losses]


def validations_of(run: TrainingRun) -> list[tuple[int, float, bool]]:
    return [(e.step, e.loss, e.best) for e in logged_events(run) if isinstance(e, Evaluated)]


LossesAndValidations = tuple[list[float], list[tuple[int, float, bool]]]


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], LossesAndValidations]:
    """Return a function that trains a recipe without interruption, once for each recipe."""
    known: dict[str, LossesAndValidations] = {}

    def train(line: str) -> LossesAndValidations:
        words = " ".join(word for word in line.split() if not word.startswith("data.corpus="))
        if words not in known:
            with pytest.MonkeyPatch.context() as patched:
                patched.setenv("SEQLM_HOME", str(tmp_path_factory.mktemp("whole")))
                run = train_to_end(start(line))
                known[words] = losses_of(run), validations_of(run)
        return known[words]

    return train


@pytest.mark.parametrize(
    ("saved_at", "killed_at"), [(None, 0), (None, 45), (1, 1), (20, 45), (30, 30), (49, 60)]
)
@pytest.mark.parametrize("flush_s", [0.0, 1e9])
def test_resume_after_a_kill_continues_bit_for_bit(
    small: Recipe,
    uninterrupted: Callable[[str], LossesAndValidations],
    monkeypatch: pytest.MonkeyPatch,
    saved_at: int | None,
    killed_at: int,
    flush_s: float,
) -> None:
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", flush_s)
    line = small(
        "model.dropout=0.2", "train.learning_rate=0.002@30", "train.evaluate_every=20", steps=80
    )
    run = start(line, "cut")
    if saved_at is not None:
        train_until(run, saved_at)
        run.save()
    train_until(run, killed_at)
    run = train_to_end(resume(kill(run)))
    assert (losses_of(run), validations_of(run)) == uninterrupted(line)
    assert isinstance(logged_events(run)[-1], Ended)


def test_resume_after_repeated_kills_continues_bit_for_bit(small: Recipe) -> None:
    line = small(steps=60)
    whole = train_to_end(start(line, "whole"))
    run = start(line, "cut")
    for saved_at, killed_at in ((5, 12), (15, 40), (16, 50)):
        train_until(run, saved_at)
        run.save()
        train_until(run, killed_at)
        run = resume(kill(run))
    train_to_end(run)
    assert losses_of(run) == losses_of(whole)


def test_changes_after_the_checkpoint_are_applied_again_at_their_steps(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", 0.0)
    run = start(small(), "cut")
    train_until(run, 20)
    run.save()
    for step, rate in ((30, 0.02), (35, 0.001)):
        train_until(run, step)
        run.change(Change(key="train.learning_rate", value=rate, step=0), f"by-{step}")
        list(run.due_changes())
    train_until(run, 40)
    seen = losses_of(run)
    assert len(seen) == 40
    run = train_to_end(resume(kill(run)))
    assert losses_of(run)[:40] == seen
    changes = [event for event in logged_events(run) if isinstance(event, ValueChanged)]
    assert [(c.step, c.new, c.command_id) for c in changes] == [
        (30, 0.02, "by-30"),
        (35, 0.001, "by-35"),
    ]


def test_a_change_at_resume_takes_effect_after_the_last_logged_step(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", 0.0)
    run = start(small(), "cut")
    train_until(run, 10)
    run.save()
    train_until(run, 25)
    seen = losses_of(run)
    run = train_to_end(resume(kill(run), "train.learning_rate=0.5"))
    assert losses_of(run)[:25] == seen
    (change,) = [event for event in logged_events(run) if isinstance(event, ValueChanged)]
    assert (change.step, change.new) == (25, 0.5)


def test_invalid_changes_are_rejected(small: Recipe) -> None:
    run = start(small())
    train_until(run, 20)
    for key, value, words in (
        ("train.steps", 5, "is below the 20 steps done"),
        ("model.hidden", 5, "cannot change during training"),
        ("train.learning_rate", "much", "0.000001 to 100"),
        ("train.learning_rate", [1], "0.000001 to 100"),
        ("train.nothing", 1, "cannot change"),
    ):
        with pytest.raises(RequestError, match=words):
            run.change(Change(key=key, value=value, step=0), None)
    run.close()


def test_a_finished_run_is_not_resumed_and_its_log_stays_as_it_was(small: Recipe) -> None:
    run = train_to_end(start(small(steps=20)))
    before = run.directory.events_path.read_bytes()
    with pytest.raises(RequestError, match=r"all 20 steps; resume with a larger train\.steps=N"):
        resume(run)
    with pytest.raises(RequestError, match="is not valid"):
        resume(run, "train.learning_rate=0")
    with pytest.raises(RequestError, match="cannot change after the start of a run"):
        resume(run, "model.hidden=9")
    assert run.directory.events_path.read_bytes() == before
    assert run.directory.holder() is None
    more = train_to_end(resume(run, "train.steps=30"))
    assert len(losses_of(more)) == 30
    assert more.directory.holder() is None


def test_a_run_killed_in_the_last_evaluation_finishes_on_resume(small: Recipe) -> None:
    run = start(small(steps=20))
    for event in run.train():
        if isinstance(event, Evaluated) and event.split == "val":
            break
    run.save()
    run = train_to_end(resume(kill(run)))
    assert [(e.step, e.split) for e in logged_events(run) if isinstance(e, Evaluated)] == [
        (20, "val"),
        (20, "train"),
    ]
    assert isinstance(logged_events(run)[-1], Ended)


def test_a_diverged_run_resumes_with_a_smaller_learning_rate(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(small("train.optimizer=sgd", "train.clip=off", steps=60))
    train_until(run, 10)
    run.save()
    run.change(Change(key="train.learning_rate", value=100, step=15), "too much")
    broken = run.trainer._train_step.step

    def diverging(index: int, *rest: Any) -> Any:
        loss, n_targets = broken(index, *rest)
        return (loss * float("nan") if index >= 20 else loss), n_targets

    monkeypatch.setattr(run.trainer._train_step, "step", diverging)
    events = list(run.train())
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert (ended.status, ended.step) == ("diverged", 21)
    run = resume(kill(run), "train.learning_rate=0.01")
    train_to_end(run)
    assert len(losses_of(run)) == 60
    changes = [event for event in logged_events(run) if isinstance(event, ValueChanged)]
    assert [(c.step, c.new) for c in changes] == [(10, 0.01)]


def test_the_fixed_seed_sample_is_logged_at_log_spaced_steps(small: Recipe) -> None:
    run = train_to_end(start(small()))
    samples = [event for event in logged_events(run) if isinstance(event, Sampled)]
    assert [event.step for event in samples] == [0, 1, 3, 10, 30, 100]
    assert run.checkpoints.steps() == [0, 1, 3, 10, 30, 100, 120]


def test_a_rejected_start_leaves_no_files(small: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    train_to_end(start(small(steps=5), "mine"))
    before = sorted(path.name for path in runs_dir().iterdir())
    with pytest.raises(RequestError, match="there is already a run named mine"):
        start(small(steps=5), "mine")
    with pytest.raises(RequestError, match="chunk"):
        start(small("train.example=chunk", "train.chunk=8192"))

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        with pytest.raises(OSError, match="No space"):
            start(small(steps=5))
    assert sorted(path.name for path in runs_dir().iterdir()) == before


def test_a_full_disk_loses_nothing(small: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", 0.0)
    line = small("train.learning_rate=0.002@30", "train.evaluate_every=20")
    whole = train_to_end(start(line, "whole"))
    run = start(line, "full")
    write, is_full, n_troubles = os.write, False, 0

    def filling(fd: int, data: bytes) -> int:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr("os.write", filling)
    for event in run.train():
        is_full = 15 <= run.trainer.step < 45
        if run.disk_error is not None:
            n_troubles += 1
        assert event is None or event.seq <= run.event_log.seq
    run.close()
    assert n_troubles > 10
    assert losses_of(run) == losses_of(whole)
    assert validations_of(run) == validations_of(whole)
    seqs = [event.seq for event in read_events(run.directory.events_path)]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_an_end_is_logged_once_the_disk_has_room(
    small: Recipe, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    run = start(small(steps=60))
    step, write, is_full = run.trainer._train_step.step, os.write, False

    def broken(index: int, *rest: Any) -> Any:
        nonlocal is_full
        loss, n_targets = step(index, *rest)
        is_full = index >= 10
        return (loss * float("nan") if is_full else loss), n_targets

    def filling(fd: int, data: bytes) -> int:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(run.trainer._train_step, "step", broken)
    monkeypatch.setattr("os.write", filling)
    if status == "failed":
        train_until(run, 5)
        is_full = True
    n_waits = 0
    for event in run.fail("it broke") if status == "failed" else run.train():
        n_waits += event is None and run.disk_error is not None
        is_full = is_full and n_waits < 3
    run.close()
    ended = logged_events(run)[-1]
    assert n_waits == 3
    assert isinstance(ended, Ended)
    assert (ended.status, ended.seq) == (status, len(logged_events(run)))


def test_a_checkpoint_is_written_once_the_disk_has_room(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(small(steps=20))
    sync = os.fsync
    n_refusals = 3

    def filling(fd: int) -> None:
        nonlocal n_refusals
        if n_refusals and run.trainer.step == 20:
            n_refusals -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(fd)

    monkeypatch.setattr("os.fsync", filling)
    troubles = [run.disk_error for event in run.train() if run.disk_error is not None]
    run.close()
    assert len(troubles) == 3
    assert isinstance(logged_events(run)[-1], Ended)
    assert run.checkpoints.load("latest").metadata.step == 20


def test_the_interval_between_checkpoints_follows_their_cost(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_policy, "_MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(checkpoint_policy, "_INTERVAL_PER_COST", 0)
    run = train_to_end(start(small(steps=12)))
    whole = [n for n in run.checkpoints.steps() if run.checkpoints.load(f"step-{n}").training]
    assert whole == [11, 12]
    assert run.checkpoints.steps() == [0, 1, 3, 10, 11, 12]


def test_a_damaged_checkpoint_is_rejected_by_name_and_the_run_is_unlocked(small: Recipe) -> None:
    run = start(small())
    train_until(run, 20)
    list(run.stop(None))
    kill(run)
    path = run.checkpoints.path / "step-20" / "training.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    before = run.directory.events_path.read_bytes()
    with pytest.raises(SeqlmError, match="checkpoint step-20 is damaged"):
        resume(run)
    assert run.directory.holder() is None
    assert run.directory.events_path.read_bytes() == before


def test_the_checkpoint_of_another_model_is_rejected(small: Recipe) -> None:
    runs = []
    for words in ("model.hidden=12", "model.hidden=13"):
        run = start(small(words))
        train_until(run, 5)
        list(run.stop(None))
        runs.append(kill(run))
    one, other = (run.checkpoints.path / "step-5" / "weights.safetensors" for run in runs)
    other.write_bytes(one.read_bytes())
    record = one.parent / "checkpoint.json"
    (other.parent / "checkpoint.json").write_bytes(record.read_bytes())
    training = one.parent / "training.safetensors"
    (other.parent / "training.safetensors").write_bytes(training.read_bytes())
    with pytest.raises(SeqlmError, match="checkpoint step-5 does not match the configuration"):
        resume(runs[1])


def test_a_corpus_file_is_copied_so_that_the_run_can_resume(small: Recipe, corpus: Path) -> None:
    run = start(small(steps=30))
    assert run.directory.name.startswith("made-up-lstm-")
    train_until(run, 10)
    corpus.write_text("quite\nother\n" * 50)
    assert len(losses_of(train_to_end(resume(kill(run))))) == 30


def test_a_changed_corpus_is_rejected(small: Recipe, corpus: Path) -> None:
    run = train_to_end(start(small(steps=5)))
    stored_at = run.directory.manifest().corpus.stored_at
    assert stored_at is not None
    Path(stored_at).unlink()
    corpus.write_text("\n".join(f"name{'x' * (i % 7)}{i}" for i in range(200)))
    with pytest.raises(RequestError, match=r"is not the text that .* was trained on"):
        open_text(run.directory)


def test_the_files_of_a_run_are_private(small: Recipe) -> None:
    run = train_to_end(start(small(steps=5)))
    assert run.directory.path.stat().st_mode & 0o777 == 0o700
    assert run.directory.events_path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in list_runs()] == [run.directory.name]


def test_resume_logs_which_events_it_supersedes(small: Recipe) -> None:
    run = start(small())
    train_until(run, 20)
    saved = run.save()
    train_until(run, 30)
    list(run.flush())
    last = run.event_log.seq
    run = kill(resume(kill(run)))
    (resumed,) = [e for e in read_events(run.directory.events_path) if isinstance(e, Resumed)]
    assert (resumed.step, resumed.superseded_from) == (20, saved.seq)
    assert resumed.superseded_to == last


def test_a_run_stopped_early_resumes_only_with_other_patience(small: Recipe) -> None:
    fixed = ("train.learning_rate=0.3", "train.schedule=constant", "train.evaluate_every=2")
    line = small(*fixed, "train.patience=2", steps=400)
    run = train_to_end(start(line))
    ended = logged_events(run)[-1]
    assert isinstance(ended, Ended)
    assert ended.status == "finished"
    assert ended.message.startswith("early stopping: 2 validations without improvement")
    assert ended.step < 400
    assert (run.directory.checkpoints_path / "best").exists()
    with pytest.raises(
        RequestError, match=r"with train\.patience=2; resume with train\.patience=off"
    ):
        resume(run)
    with pytest.raises(RequestError, match=r"with train\.patience=2"):
        resume(run, "train.steps=500")
    again = resume(run, "train.patience=off", f"train.steps={ended.step + 3}")
    assert logged_events(train_to_end(again))[-1].step == ended.step + 3  # type: ignore[union-attr]
    straight = train_to_end(start(small(*fixed, steps=ended.step + 3)))
    assert losses_of(again) == losses_of(straight)


def test_a_count_based_run_has_one_step(corpus: Path) -> None:
    run = train_to_end(start(f"names-ngram data.corpus={corpus} train.steps=50"))
    assert run.trainer.step == 1
    with pytest.raises(RequestError, match="has no effect: a count-based model takes one step"):
        resume(run, "train.steps=5")
    with pytest.raises(RequestError, match="is finished: a count-based model takes one step"):
        resume(run)


@pytest.mark.parametrize("kills", [(14,), (14, 19), (14, 19, 22, 11)])
def test_changes_are_applied_at_their_steps_after_any_number_of_kills(
    small: Recipe, monkeypatch: pytest.MonkeyPatch, kills: tuple[int, ...]
) -> None:
    monkeypatch.setattr("seqlm.training.trainer._STEPS_PER_EVENT_S", 0.0)
    run = start(small(steps=80), "cut")
    train_until(run, 10)
    run.save()
    run.change(Change(key="train.learning_rate", value=0.004, step=60), "later")
    train_until(run, 30)
    run.change(Change(key="train.learning_rate", value=0.02, step=0), "by hand")
    list(run.due_changes())
    train_until(run, 40)
    for step in kills:
        run = resume(kill(run))
        train_until(run, step)
    run.change(Change(key="train.weight_decay", value=0.1, step=0), "while it repeats")
    run = train_to_end(resume(kill(run)))
    changes = [event for event in logged_events(run) if isinstance(event, ValueChanged)]
    assert [(c.step, c.new, c.command_id) for c in changes] == [
        (30, 0.02, "by hand"),
        (40, 0.1, "while it repeats"),
        (60, 0.004, "later"),
    ]
    progress = summarize(run.directory)
    line = recipe.as_run(run.trainer.config, progress.changes)
    assert losses_of(train_to_end(start(line, "whole"))) == losses_of(run)


def test_a_scheduled_change_is_part_of_the_recipe_before_its_step(small: Recipe) -> None:
    run = start(small(steps=80), "cut")
    train_until(run, 10)
    run.change(Change(key="train.learning_rate", value=0.004, step=60), "later")
    run = kill(resume(kill(run)))
    line = recipe.as_run(run.trainer.config, summarize(run.directory).changes)
    assert line.endswith("train.learning_rate=0.004@60")


def test_a_scheduled_change_that_made_training_diverge_is_omitted_with_a_new_value(
    small: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(small("train.optimizer=sgd", "train.clip=off", steps=40))
    run.change(Change(key="train.learning_rate", value=100, step=15), "too much")
    train_until(run, 10)
    run.save()
    broken = run.trainer._train_step.step

    def diverging(index: int, *rest: Any) -> Any:
        loss, n_targets = broken(index, *rest)
        return (loss * float("nan") if index >= 20 else loss), n_targets

    monkeypatch.setattr(run.trainer._train_step, "step", diverging)
    assert list(run.train())[-1].status == "diverged"  # type: ignore[union-attr]
    run = train_to_end(resume(kill(run), "train.learning_rate=0.01"))
    changes = [event for event in logged_events(run) if isinstance(event, ValueChanged)]
    assert [(c.step, c.new) for c in changes] == [(10, 0.01)]

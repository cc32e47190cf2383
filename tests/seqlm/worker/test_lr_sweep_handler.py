"""A learning rate sweep that is asked for: told while it grows, given up, counted in slices."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol import codec
from seqlm.protocol.events import StepsDone
from seqlm.protocol.queries import (
    Answer,
    LearningRateSweep,
    LearningRateSweepAnswer,
    Query,
    SplitLoss,
)
from seqlm.runs.directory import RunLock
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe
from seqlm.training.live_settings import LiveSettings
from seqlm.training.lr_finder import sweep_copy
from seqlm.worker.lr_sweep_handler import handle_preset_sweep, sweep_run
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import QueryContext
from seqlm.worker.query_queue import QueryQueue

Recipe = Callable[..., str]


class Screen:
    """Stands for a screen and for the list of all screens."""

    def __init__(self) -> None:
        self.clients = [self]
        self.heard: list[Any] = []

    def send(self, line: bytes) -> None:
        self.heard.append(codec.decode(line, codec.decoder(Answer)))


def open_run(line: str) -> tuple[TrainingRun, QueryContext]:
    config = recipe.parse_recipe(line)
    run = TrainingRun.begin(config, prepare(config.data), None, RunLock(pid=1, socket="nowhere"))
    snapshots = ModelSnapshots(config, run.trainer.text, run.directory.checkpoints_path)
    return run, QueryContext(run.directory, snapshots)


def answers_of(answers: Iterator[Any]) -> list[Any]:
    return [found for found in answers if found is not None]


def test_a_sweep_between_the_steps_changes_no_loss(small: Recipe) -> None:
    line = small("model.dropout=0.2", steps=40)

    def losses(query: Query | None) -> list[float]:
        run, opened = open_run(line)
        answers: Iterator[Any] = iter(())
        for _ in run.go():
            if query is not None and run.trainer.step == 10:
                answers = opened.answer(query, run.trainer)
            next(answers, None)
        run.close()
        told = without_superseded(read_events(run.directory.events_path))
        return [loss for e in told if isinstance(e, StepsDone) for loss in e.losses]

    assert losses(None) == losses(LearningRateSweep(id="f"))


def test_it_is_told_while_it_grows_and_the_last_answer_suggests(small: Recipe) -> None:
    run, opened = open_run(small())
    told = answers_of(opened.answer(LearningRateSweep(id="f"), run.trainer))
    run.close()
    lengths = [len(answer.losses) for answer in told]
    assert lengths == sorted(set(lengths))
    assert lengths[0] == 4
    assert [answer.is_over for answer in told] == [False] * (len(told) - 1) + [True]
    last = told[-1]
    assert isinstance(last, LearningRateSweepAnswer)
    assert (last.id, last.step, last.n_steps) == ("f", 0, 100)
    assert last.suggestion in [float(f"{rate:.2g}") for rate in last.learning_rates]
    assert last.reason.startswith("steepest decrease")


def test_a_new_model_is_swept_without_a_run_and_as_the_run_would_be(small: Recipe) -> None:
    line = small()
    run, opened = open_run(line)
    of_run = answers_of(opened.answer(LearningRateSweep(id="f"), run.trainer))
    run.close()
    assert answers_of(handle_preset_sweep(LearningRateSweep(id="f", recipe=line))) == of_run


def test_a_run_that_ended_is_swept_from_its_checkpoint_as_its_worker_does(small: Recipe) -> None:
    run, opened = open_run(small("train.clip=0.05@20", steps=40))
    for _ in run.go():
        pass
    run.close()
    found = list(sweep_run(opened.directory))[-1]
    told = answers_of(opened.answer(LearningRateSweep(id="f", weights="latest"), None))
    assert (told[-1].step, told[-1].losses) == (40, found.smoothed)
    model, config, trainer = (
        opened.snapshots.find("40", None).model,
        run.trainer.config,
        run.trainer,
    )
    assert trainer.batches is not None
    for clip, is_same in ((0.05, True), (None, False)):  # what was in force at the end, or before
        settings = replace(LiveSettings.from_config(config.train), clip=clip)
        by_hand = list(sweep_copy(config, model, trainer.batches, trainer.device, settings, 40))[-1]
        assert (by_hand == found) == is_same


def test_a_run_without_a_checkpoint_cannot_be_swept_yet(small: Recipe) -> None:
    run, opened = open_run(small())
    with pytest.raises(SeqlmError, match="no latest checkpoint yet"):
        next(sweep_run(opened.directory))
    run.close()


def test_counting_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"model\.kind=ngram"):
        next(handle_preset_sweep(LearningRateSweep(id="f", recipe="names-ngram")))


def test_a_question_with_several_answers_sends_each_and_can_be_given_up(small: Recipe) -> None:
    run, opened = open_run(small())
    screen: Any = Screen()
    queries = QueryQueue(screen)
    queries.add(screen, "f", opened.answer(LearningRateSweep(id="f"), run.trainer))
    while len(screen.heard) < 2:
        queries.work()
    queries.cancel(screen, "another")
    assert queries
    queries.cancel(screen, "f")
    assert not queries
    run.close()
    assert not any(answer.is_over for answer in screen.heard)


def test_each_look_at_the_test_split_is_counted(small: Recipe) -> None:
    run, opened = open_run(small("data.split=80/10/10"))
    assert opened.directory.n_test_looks == 0
    for split, n_looks in (("val", 0), ("test", 1), ("train", 1), ("test", 2)):
        answers_of(opened.answer(SplitLoss(id="l", split=split), run.trainer))  # type: ignore[arg-type]
        assert opened.directory.n_test_looks == n_looks
    run.close()


def test_a_look_that_is_given_up_is_not_counted(small: Recipe) -> None:
    run, opened = open_run(small("data.split=80/10/10"))
    answers = opened.answer(SplitLoss(id="l", split="test"), run.trainer)
    assert next(answers) is None
    answers.close()  # type: ignore[attr-defined]
    run.close()
    assert opened.directory.n_test_looks == 0

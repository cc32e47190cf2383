"""Learning-rate sweeps and other queries of a worker: answers, cancellation, the test split."""

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


class FakeClient:
    """Stand-in for a client and for the list of all clients."""

    def __init__(self) -> None:
        self.clients = [self]
        self.received: list[Any] = []

    def send(self, line: bytes) -> None:
        self.received.append(codec.decode(line, codec.decoder(Answer)))


def open_run(line: str) -> tuple[TrainingRun, QueryContext]:
    config = recipe.parse_recipe(line)
    run = TrainingRun.start(config, prepare(config.data), None, RunLock(pid=1, socket="nowhere"))
    snapshots = ModelSnapshots(config, run.trainer.text, run.directory.checkpoints_path)
    return run, QueryContext(run.directory, snapshots)


def answers_of(answers: Iterator[Any]) -> list[Any]:
    return [found for found in answers if found is not None]


def test_a_sweep_between_steps_changes_no_loss(small: Recipe) -> None:
    line = small("model.dropout=0.2", steps=40)

    def losses(query: Query | None) -> list[float]:
        run, opened = open_run(line)
        answers: Iterator[Any] = iter(())
        for _ in run.train():
            if query is not None and run.trainer.step == 10:
                answers = opened.answer(query, run.trainer)
            next(answers, None)
        run.close()
        found = without_superseded(read_events(run.directory.events_path))
        return [loss for e in found if isinstance(e, StepsDone) for loss in e.losses]

    assert losses(None) == losses(LearningRateSweep(id="f"))


def test_answers_are_sent_during_the_sweep_and_the_last_has_the_suggestion(small: Recipe) -> None:
    run, opened = open_run(small())
    found = answers_of(opened.answer(LearningRateSweep(id="f"), run.trainer))
    run.close()
    lengths = [len(answer.losses) for answer in found]
    assert lengths == sorted(set(lengths))
    assert lengths[0] == 4
    assert [answer.is_over for answer in found] == [False] * (len(found) - 1) + [True]
    last = found[-1]
    assert isinstance(last, LearningRateSweepAnswer)
    assert (last.id, last.step, last.n_steps) == ("f", 0, 100)
    assert last.suggestion in [float(f"{rate:.2g}") for rate in last.learning_rates]
    assert last.reason.startswith("steepest decrease")


def test_a_preset_sweep_equals_the_sweep_of_its_run(small: Recipe) -> None:
    line = small()
    run, opened = open_run(line)
    of_run = answers_of(opened.answer(LearningRateSweep(id="f"), run.trainer))
    run.close()
    assert answers_of(handle_preset_sweep(LearningRateSweep(id="f", recipe=line))) == of_run


def test_a_finished_run_is_swept_from_its_checkpoint_with_its_live_settings(small: Recipe) -> None:
    run, opened = open_run(small("train.clip=0.05@20", steps=40))
    for _ in run.train():
        pass
    run.close()
    found = list(sweep_run(opened.directory))[-1]
    answers = answers_of(opened.answer(LearningRateSweep(id="f", weights="latest"), None))
    assert (answers[-1].step, answers[-1].losses) == (40, found.smoothed)
    model, config, trainer = (
        opened.snapshots.find("40", None).model,
        run.trainer.config,
        run.trainer,
    )
    assert trainer.batches is not None
    for clip, is_same in (
        (0.05, True),
        (None, False),
    ):  # the value at the end, and the value before
        settings = replace(LiveSettings.from_config(config.train), clip=clip)
        by_hand = list(sweep_copy(config, model, trainer.batches, trainer.device, settings, 40))[-1]
        assert (by_hand == found) == is_same


def test_a_run_without_a_checkpoint_cannot_be_swept(small: Recipe) -> None:
    run, opened = open_run(small())
    with pytest.raises(SeqlmError, match="no latest checkpoint is saved"):
        next(sweep_run(opened.directory))
    run.close()


def test_a_count_based_model_is_rejected_by_name() -> None:
    with pytest.raises(RequestError, match=r"model\.kind=ngram"):
        next(handle_preset_sweep(LearningRateSweep(id="f", recipe="names-ngram")))


def test_a_query_with_several_answers_sends_each_and_can_be_canceled(small: Recipe) -> None:
    run, opened = open_run(small())
    client: Any = FakeClient()
    queries = QueryQueue(client)
    queries.add(client, "f", opened.answer(LearningRateSweep(id="f"), run.trainer))
    while len(client.received) < 2:
        queries.work()
    queries.cancel(client, "another")
    assert queries
    queries.cancel(client, "f")
    assert not queries
    run.close()
    assert not any(answer.is_over for answer in client.received)


def test_each_use_of_the_test_split_is_counted(small: Recipe) -> None:
    run, opened = open_run(small("data.split=80/10/10"))
    assert opened.directory.n_test_looks == 0
    for split, n_looks in (("val", 0), ("test", 1), ("train", 1), ("test", 2)):
        answers_of(opened.answer(SplitLoss(id="l", split=split), run.trainer))  # type: ignore[arg-type]
        assert opened.directory.n_test_looks == n_looks
    run.close()


def test_a_canceled_use_of_the_test_split_is_not_counted(small: Recipe) -> None:
    run, opened = open_run(small("data.split=80/10/10"))
    answers = opened.answer(SplitLoss(id="l", split="test"), run.trainer)
    assert next(answers) is None
    answers.close()  # type: ignore[attr-defined]
    run.close()
    assert opened.directory.n_test_looks == 0

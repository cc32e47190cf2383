"""The examples of the first batch, as the worker names them for a run that memorizes one batch."""

from typing import Any

import pytest

from seqlm.data.prepared_text import prepare
from seqlm.protocol.queries import FirstBatch, FirstBatchAnswer
from seqlm.runs.directory import RunLock
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe
from seqlm.training.train_step import make_batches
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import QueryContext

SMALL = "train.steps=150 train.evaluate_every=50 model.hidden=32"


@pytest.fixture(autouse=True)
def home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path))


def answer_after_training(line: str) -> tuple[TrainingRun, FirstBatchAnswer]:
    config = recipe.parse_recipe(line)
    run = TrainingRun.start(config, prepare(config.data), None, RunLock(pid=1, socket="nowhere"))
    snapshots = ModelSnapshots(config, run.trainer.text, run.directory.checkpoints_path)
    for _ in run.train():
        pass
    answers = QueryContext(run.directory, snapshots).answer(FirstBatch(id="b"), run.trainer)
    [found] = [answer for answer in answers if answer is not None]
    assert isinstance(found, FirstBatchAnswer)
    run.close()
    return run, found


def test_the_examples_are_those_of_the_batch_and_the_model_memorizes_them() -> None:
    run, found = answer_after_training(f"one-batch {SMALL}")
    text, config = run.trainer.text, recipe.parse_recipe(f"one-batch {SMALL}")
    batch = make_batches(config, text, text.sequences("train"), config.model.context).at(0)
    assert len(found.examples) == len(batch.targets) == 32
    tokens = text.tokenizer.tokens
    assert [e.target for e in found.examples] == [tokens[i] for [i] in batch.targets.tolist()]
    for example, row in zip(found.examples, batch.tokens.tolist(), strict=True):
        seen = [tokens[i] for i in row if i != text.fill_id and i != text.tokenizer.end_id]
        assert example.context == seen
    mean = sum(example.probability for example in found.examples) / 32
    assert mean > 0.3
    assert found.step == 150


def test_items_name_their_last_target() -> None:
    line = f"names-gru train.one_batch=true train.batch=4 {SMALL} train.steps=2"
    _, found = answer_after_training(line)
    assert len(found.examples) == 4
    assert {example.target for example in found.examples} == {"∎"}
    assert all(example.context for example in found.examples)

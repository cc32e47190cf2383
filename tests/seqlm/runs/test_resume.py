"""Every model family resumes from the checkpoint of a run bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import RunConfig, TrainConfig
from seqlm.data.prepared_text import PreparedText, prepare
from seqlm.protocol.events import StepsDone
from seqlm.runs import resume
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.training.trainer import Trainer

SMALL: dict[str, Any] = {"embedding": 4, "hidden": 8, "dropout": 0.3, "width": 8, "heads": 2}
TRAIN = TrainConfig(steps=6, batch=8, evaluate_every=2, learning_rate=0.01, optimizer="adamw")
BEFORE = 3


def trainer_of(kind: str, text: PreparedText) -> Trainer:
    family: Any = FAMILIES[kind]
    sizes = {name: SMALL[name] for name in family.__struct_fields__ if name in SMALL}
    return Trainer(RunConfig(preset="names-mlp", model=family(**sizes), train=TRAIN), text)


def losses(trainer: Trainer, until: int = TRAIN.steps) -> list[float]:
    """Return the logged losses of the given number of steps, or of all steps."""
    found: list[float] = []
    for event in trainer.run():
        if isinstance(event, StepsDone):
            found += event.losses
        elif event is None and until <= trainer.step < TRAIN.steps:
            break
    return found + [loss for event in trainer.flush() for loss in event.losses]


@pytest.fixture
def text(corpus: Path) -> PreparedText:
    return prepare(DataConfig(corpus=str(corpus)))


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_resumes_from_a_checkpoint_bit_for_bit(
    kind: str, text: PreparedText, tmp_path: Path
) -> None:
    whole = trainer_of(kind, text)
    expected = losses(whole)
    first = trainer_of(kind, text)
    before = losses(first, BEFORE)
    checkpoints = CheckpointStore(tmp_path / "checkpoints")
    record = CheckpointMetadata(step=first.step, seq=1, position=first.state(), sha256={})
    checkpoints.save(record, first.weights(), first.tensors())
    checkpoints.point("latest", first.step)

    torch.manual_seed(999)  # another process has other generators
    again = trainer_of(kind, text)
    assert resume.restore(again, checkpoints).metadata is not None
    assert all(torch.equal(again.weights()[k], part) for k, part in first.weights().items())
    assert before + losses(again) == expected
    assert again.step == whole.step == (1 if kind == "ngram" else TRAIN.steps)
    assert all(torch.equal(again.weights()[k], part) for k, part in whole.weights().items())

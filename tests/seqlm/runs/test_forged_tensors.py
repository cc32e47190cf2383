"""Tensors of wrong types, shapes or values, with right checksums: one sentence names file and tensor."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save
from test_hostile_directories import TrainingRunOf
from test_training_run import resume, start, train_to_end
from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.protocol.queries import Score, SplitLoss
from seqlm.runs.directory import RunDirectory
from seqlm.runs.provenance import open_text
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import answer_query

Forge = Callable[[dict[str, Tensor]], None]
WEIGHTS, TRAINING = "weights.safetensors", "training.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, to be copied."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEQLM_HOME", str(tmp_path_factory.mktemp("made")))
        line = "names-lstm model.hidden=4 model.embedding=2 train.batch=4 train.steps=8"
        return train_to_end(start(line, "made")).directory.path


@pytest.fixture
def run(made: Path, tmp_path: Path) -> RunDirectory:
    shutil.copytree(made, tmp_path / "forged")
    return RunDirectory(tmp_path / "forged")


def forge(run: RunDirectory, file: str, change: Forge) -> None:
    folder = run.checkpoints_path / "step-8"
    tensors = load_file(folder / file)
    change(tensors)
    content = save(tensors)
    (folder / file).write_bytes(content)
    record = json.loads((folder / "checkpoint.json").read_text())
    del record["sha256"]["checkpoint.json"]  # as in old checkpoints
    record["sha256"][file] = hashlib.sha256(content).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps(record))


def as_integers(tensors: dict[str, Tensor]) -> None:
    tensors["embedding.weight"] = tensors["embedding.weight"].to(torch.int32)


def of_other_shape(tensors: dict[str, Tensor]) -> None:
    tensors["embedding.weight"] = torch.zeros(2, 3)


def missing(tensors: dict[str, Tensor]) -> None:
    del tensors["embedding.weight"]


def extra(tensors: dict[str, Tensor]) -> None:
    tensors["more"] = torch.zeros(1)


def not_a_number(tensors: dict[str, Tensor]) -> None:
    tensors["embedding.weight"][0] = float("nan")


def integer_moments(tensors: dict[str, Tensor]) -> None:
    tensors["optimizer.0.exp_avg"] = tensors["optimizer.0.exp_avg"].to(torch.int32)


def integer_step(tensors: dict[str, Tensor]) -> None:
    tensors["optimizer.0.step"] = torch.tensor(8)


def wrong_generator(tensors: dict[str, Tensor]) -> None:
    tensors["generator.cpu"] = torch.zeros(3)


MISMATCHES = [
    (
        as_integers,
        r"the tensor embedding\.weight has the type I32, not F32, in weights\.safetensors",
    ),
    (
        of_other_shape,
        r"the tensor embedding\.weight has the shape \[2, 3\], not \[27, 2\], in weights",
    ),
    (missing, r"the tensor embedding\.weight is missing in weights\.safetensors"),
    (extra, r"the tensor more is not part of the model in weights\.safetensors"),
]


@pytest.mark.parametrize(("change", "words"), MISMATCHES)
def test_weights_of_wrong_type_or_shape_are_named(
    run: RunDirectory, change: Forge, words: str
) -> None:
    forge(run, WEIGHTS, change)
    snapshots = ModelSnapshots(run.manifest().config, open_text(run), run.checkpoints_path)
    with pytest.raises(SeqlmError, match=f"step-8 does not match the configuration .*: {words}"):
        snapshots.find("latest", None)
    with pytest.raises(SeqlmError, match=words):
        resume(TrainingRunOf(run), "train.steps=10")


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (WEIGHTS, not_a_number, r"step-8 are not finite \(embedding\.weight\)"),
        (TRAINING, integer_moments, r"optimizer\.0\.exp_avg has the type int32; expected: float32"),
        (TRAINING, integer_step, r"optimizer\.0\.step has the type int64; expected: float32"),
        (TRAINING, wrong_generator, "its training state does not fit"),
    ],
)
def test_training_does_not_resume_from_forged_tensors(
    run: RunDirectory, file: str, change: Forge, words: str
) -> None:
    forge(run, file, change)
    with pytest.raises(SeqlmError, match=words):
        resume(TrainingRunOf(run), "train.steps=10")


def test_loss_of_weights_that_are_not_finite_is_an_error(run: RunDirectory) -> None:
    forge(run, WEIGHTS, not_a_number)
    snapshots = ModelSnapshots(run.manifest().config, open_text(run), run.checkpoints_path)
    snapshot = snapshots.find("latest", None)
    for query in (SplitLoss(id="1", split="val"), Score(id="2", text="anna")):
        with pytest.raises(SeqlmError, match=r"weights of step 8 are not finite|give NaN"):
            list(answer_query(query, snapshot))

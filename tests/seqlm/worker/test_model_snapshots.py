"""Model snapshots: saved, live and frozen weights by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seqlm.configuration.model_configs import FAMILIES
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, SeqlmError
from seqlm.models import registry
from seqlm.models.base import CountedModel
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.runspec import recipe
from seqlm.worker import model_snapshots
from seqlm.worker.model_snapshots import ModelSnapshots


def make_snapshots(
    line: str, path: Path, steps: tuple[int, ...] = (3,), words: tuple[str, ...] = ()
) -> Any:
    """Return the snapshots of a run, whose saved weights belong to a model with further settings."""
    config = recipe.parse_recipe(line)
    text = prepare(config.data)
    saved_config = recipe.apply_settings(config, words)
    model = registry.build(saved_config.model, text.tokenizer.n_vocab, text.fill_id, 1)
    if isinstance(model, CountedModel):
        model.fit(text.sequences("val"))
    checkpoints = CheckpointStore(path)
    path.parent.mkdir(exist_ok=True)
    for step in steps:
        record = CheckpointMetadata(step=step, seq=1, position=None, sha256={})
        checkpoints.save(record, model.state_dict())
        checkpoints.point("latest", step)
    return ModelSnapshots(config, text, path), model


def test_unknown_weights_are_rejected_with_a_list_of_the_saved_ones(
    small: Callable[..., str], tmp_path: Path
) -> None:
    snapshots, _ = make_snapshots(small(), tmp_path / "run" / "checkpoints", (3, 10))
    for wrong in ("999", "03", "newest", "../other", "9" * 5000):
        with pytest.raises(RequestError, match=r"; one of: latest, 3, 10$"):
            snapshots.find(wrong, None)
    with pytest.raises(SeqlmError, match="no best checkpoint is saved"):
        snapshots.find("best", None)
    assert [snapshots.find(name, None).step for name in ("3", "10", "latest", "live")] == [
        3,
        10,
        10,
        10,
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_are_loaded_bit_for_bit(family: str, tmp_path: Path) -> None:
    snapshots, model = make_snapshots(
        f"names-lstm model.kind={family}", tmp_path / "run" / "checkpoints"
    )
    loaded = snapshots.find("latest", None).model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in model.state_dict().items())
    assert all(tensor.device.type == "cpu" for tensor in loaded.values())


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("names-mlp", ("model.hidden=33",)),
        ("names-mlp", ("model.layers=2",)),
        ("names-lstm", ("model.embedding=3",)),
        ("names-ngram", ("model.order=2",)),
    ],
)
def test_weights_of_another_model_are_rejected_before_memory_is_allocated(
    family: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, _ = make_snapshots(family, tmp_path / "run" / "checkpoints", words=words)
    devices = []

    def recording_build(*arguments: Any) -> Any:
        devices.append(torch.empty(0).device.type)
        return registry.build(*arguments)

    monkeypatch.setattr(model_snapshots, "build", recording_build)
    with pytest.raises(SeqlmError, match="does not match the configuration of the run"):
        snapshots.find("latest", None)
    assert devices == ["meta"]


class FakeTrainer:
    """Stand-in for a trainer."""

    def __init__(self, model: Any, n_parameters: int = 100) -> None:
        self.model, self.n_parameters, self.step = model, n_parameters, 0
        self.device = torch.device("cpu")

    def advance(self) -> None:
        self.step += 1
        with torch.no_grad():
            for tensor in self.model.parameters():
                tensor += 1


def test_recent_live_weights_are_available_by_their_step(tmp_path: Path) -> None:
    snapshots, model = make_snapshots("names-mlp", tmp_path / "run" / "checkpoints")
    trainer: Any = FakeTrainer(model)
    first = snapshots.find("live", trainer)
    before = [tensor.clone() for tensor in first.model.parameters()]
    for _ in range(40):
        trainer.advance()
        assert snapshots.find("live", trainer).step == trainer.step
        frozen = snapshots.find("0", trainer)
        assert frozen.step == 0
        assert all(map(torch.equal, frozen.model.parameters(), before))
    assert [snapshots.find(str(step), trainer).step for step in (40, 39)] == [40, 39]
    with pytest.raises(RequestError, match="no saved weights"):
        snapshots.find("7", trainer)


def test_of_a_large_model_only_the_newest_and_the_frozen_copy_are_make_snapshots(
    tmp_path: Path,
) -> None:
    snapshots, model = make_snapshots("names-mlp", tmp_path / "run" / "checkpoints")
    trainer: Any = FakeTrainer(model, n_parameters=10**9)
    snapshots.find("live", trainer)
    assert snapshots.find("0", trainer).step == 0
    for _ in range(3):
        trainer.advance()
        snapshots.find("live", trainer)
    assert snapshots.find("0", trainer).step == 0
    with pytest.raises(RequestError, match="no saved weights"):
        snapshots.find("2", trainer)

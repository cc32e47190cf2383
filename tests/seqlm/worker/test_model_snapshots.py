"""The models that questions are about: what is asked for, held against what is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seqlm.configuration.dotted_keys import FAMILY_KINDS
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, SeqlmError
from seqlm.models import registry
from seqlm.models.base import CountedModel
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.runspec import recipe
from seqlm.worker import model_snapshots
from seqlm.worker.model_snapshots import ModelSnapshots


def kept(line: str, path: Path, steps: tuple[int, ...] = (3,), words: tuple[str, ...] = ()) -> Any:
    """Subjects of a run whose model was made by the line, and more ``words`` in its weights."""
    config = recipe.parse_recipe(line)
    text = prepare(config.data)
    made_by = recipe.apply_settings(config, words)
    model = registry.build(made_by.model, text.tokenizer.n_vocab, text.fill_id, 1)
    if isinstance(model, CountedModel):
        model.fit(text.sequences("val"))
    checkpoints = CheckpointStore(path)
    path.parent.mkdir(exist_ok=True)
    for step in steps:
        record = CheckpointMetadata(step=step, seq=1, position=None, sha256={})
        checkpoints.save(record, model.state_dict())
        checkpoints.point("latest", step)
    return ModelSnapshots(config, text, path), model


def test_weights_that_are_not_kept_are_a_wrong_request_that_lists_those_that_are(
    small: Callable[..., str], tmp_path: Path
) -> None:
    found, _ = kept(small(), tmp_path / "run" / "checkpoints", (3, 10))
    for wrong in ("999", "03", "newest", "../other", "9" * 5000):
        with pytest.raises(RequestError, match=r"; one of: latest, 3, 10$"):
            found.find(wrong, None)
    with pytest.raises(SeqlmError, match="no best checkpoint yet"):
        found.find("best", None)
    assert [found.find(name, None).step for name in ("3", "10", "latest", "live")] == [
        3,
        10,
        10,
        10,
    ]


@pytest.mark.parametrize("family", FAMILY_KINDS)
def test_weights_are_loaded_bit_for_bit(family: str, tmp_path: Path) -> None:
    found, model = kept(f"names-lstm model.kind={family}", tmp_path / "run" / "checkpoints")
    loaded = found.find("latest", None).model.state_dict()
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
def test_weights_of_another_model_are_refused_before_memory_is_taken(
    family: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = kept(family, tmp_path / "run" / "checkpoints", words=words)
    devices = []

    def noting(*arguments: Any) -> Any:
        devices.append(torch.empty(0).device.type)
        return registry.build(*arguments)

    monkeypatch.setattr(model_snapshots, "build", noting)
    with pytest.raises(SeqlmError, match="does not fit the run's configuration"):
        found.find("latest", None)
    assert devices == ["meta"]


class Training:
    """As much of a trainer as a question needs."""

    def __init__(self, model: Any, n_parameters: int = 100) -> None:
        self.model, self.n_parameters, self.step = model, n_parameters, 0
        self.device = torch.device("cpu")

    def advance(self) -> None:
        self.step += 1
        with torch.no_grad():
            for tensor in self.model.parameters():
                tensor += 1


def test_live_weights_that_were_asked_about_can_be_held_by_their_step(tmp_path: Path) -> None:
    found, model = kept("names-mlp", tmp_path / "run" / "checkpoints")
    training: Any = Training(model)
    first = found.find("live", training)
    before = [tensor.clone() for tensor in first.model.parameters()]
    for _ in range(40):
        training.advance()
        assert found.find("live", training).step == training.step
        held = found.find("0", training)
        assert held.step == 0
        assert all(map(torch.equal, held.model.parameters(), before))
    assert [found.find(str(step), training).step for step in (40, 39)] == [40, 39]
    with pytest.raises(RequestError, match="no saved weights"):
        found.find("7", training)


def test_of_a_large_model_one_copy_is_kept_and_the_one_that_is_held(tmp_path: Path) -> None:
    found, model = kept("names-mlp", tmp_path / "run" / "checkpoints")
    training: Any = Training(model, n_parameters=10**9)
    found.find("live", training)
    assert found.find("0", training).step == 0
    for _ in range(3):
        training.advance()
        found.find("live", training)
    assert found.find("0", training).step == 0
    with pytest.raises(RequestError, match="no saved weights"):
        found.find("2", training)

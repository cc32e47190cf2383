from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from seqlm.configuration.model_configs import NgramConfig
from seqlm.data.ngrams import NgramTable
from seqlm.models.ngram import NgramModel

V = 4
TRAINED = [[3, 0, 1, 2, 0, 1, 3], [3, 1, 1, 0, 3], [3, 2, 2, 2, 1, 0, 0, 3], [3, 0, 3]]
CONFIGS = st.builds(
    NgramConfig,
    order=st.integers(1, 5),
    smoothing=st.sampled_from(["add-k", "witten-bell", "kneser-ney"]),
    add_k=st.floats(0.01, 10),
)
FILLS = st.sampled_from([V - 1, V])
TOKENS = st.lists(st.integers(0, V - 1), min_size=2, max_size=12)


def _model(config: NgramConfig, fill: int = V - 1) -> NgramModel:
    model = NgramModel(config, V, fill)
    model.fit(TRAINED)
    return model


@given(CONFIGS, FILLS, TOKENS)
def test_logits_are_the_log_probabilities_of_the_table(
    config: NgramConfig, fill: int, tokens: list[int]
) -> None:
    logits, _ = _model(config, fill)(torch.tensor([tokens]))
    table = NgramTable.fit(TRAINED, config.order, V, fill, config.smoothing, config.add_k)
    expected = [table.probabilities(tokens[: end + 1]) for end in range(len(tokens))]
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits[0].exp(), torch.tensor(expected))


@given(CONFIGS, FILLS, TOKENS, st.data())
def test_carried_state_equals_one_call(
    config: NgramConfig, fill: int, tokens: list[int], data: st.DataObject
) -> None:
    model = _model(config, fill)
    line = torch.tensor([tokens, tokens[::-1]])
    whole, last = model(line)
    cut = data.draw(st.integers(1, len(tokens) - 1))
    first, state = model(line[:, :cut])
    second, end = model(line[:, cut:], state)
    assert torch.equal(torch.cat([first, second], dim=1), whole)
    assert torch.equal(end[0], last[0])
    assert end[0].shape == (2, max(config.order - 2, 0))


@given(CONFIGS, TOKENS, st.integers(0, V - 1))
def test_later_tokens_do_not_change_earlier_logits(
    config: NgramConfig, tokens: list[int], other: int
) -> None:
    model = _model(config)
    changed = [*tokens[:-1], other]
    before, after = (model(torch.tensor([ids]))[0][:, :-1] for ids in (tokens, changed))
    assert torch.equal(before, after)


def test_unfitted_model_is_uniform() -> None:
    logits, _ = NgramModel(NgramConfig(order=3), V, V)(torch.tensor([[0, 1]]))
    torch.testing.assert_close(logits.exp(), torch.full((1, 2, V), 1 / V))


@given(CONFIGS, FILLS)
def test_counts_of_another_size_are_loaded(config: NgramConfig, fill: int) -> None:
    model, other = _model(config, fill), NgramModel(config, V, fill)
    other.fit([[0, 0, 1]])
    other(torch.tensor([[0, 0]]))
    other.load_state_dict(model.state_dict())
    tokens = torch.tensor([[0, 1, 2, 0, 3]])
    assert torch.equal(other(tokens)[0], model(tokens)[0])
    assert other.counts.sum() == sum(len(ids) - 1 for ids in TRAINED)


def test_counts_go_through_a_file(tmp_path: Path) -> None:
    model = _model(NgramConfig(order=3, smoothing="kneser-ney"))
    save_file(model.state_dict(), tmp_path / "counts.safetensors")
    other = NgramModel(model.config, V, V - 1)
    other.load_state_dict(load_file(tmp_path / "counts.safetensors"))
    assert torch.equal(other.grams, model.grams)
    assert other.table.loss(TRAINED) == model.table.loss(TRAINED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grams": torch.zeros(2, 5, dtype=torch.int32)}, "shapes"),
        ({"counts": torch.zeros(1, dtype=torch.int64)}, "shapes"),
        ({"grams": torch.zeros(2, 2)}, "types"),
        ({"grams": torch.tensor([[0, 1], [V, 1]], dtype=torch.int32)}, "not in 0 to 3"),
        ({"grams": torch.tensor([[0, 1], [-1, 1]], dtype=torch.int32)}, "not in 0 to 3"),
        ({"counts": torch.tensor([1, 0])}, "below 1"),
    ],
)
def test_damaged_counts_are_rejected(change: dict[str, Any], message: str) -> None:
    model = _model(NgramConfig(order=2))
    before = model.grams.clone()
    state = {
        "grams": torch.tensor([[0, 1], [1, 1]], dtype=torch.int32),
        "counts": torch.tensor([1, 2]),
    }
    with pytest.raises(RuntimeError, match=message):
        model.load_state_dict(state | change)
    assert torch.equal(model.grams, before)


def test_ids_beyond_sixteen_bits_are_counted() -> None:
    n_vocab = 70_000
    model = NgramModel(NgramConfig(order=2), n_vocab, n_vocab)
    model.fit([[0xD800, 69_999, 0xDFFF]])
    assert model.grams.tolist() == [[0xD800, 69_999], [69_999, 0xDFFF]]
    assert model.table.counts.grams == {"\ud800\U0001116f": 1, "\U0001116f\udfff": 1}

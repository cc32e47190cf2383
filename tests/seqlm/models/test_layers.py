"""Input and output layers, and initialization."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn

from seqlm.configuration.model_configs import (
    ElmanConfig,
    GruConfig,
    LstmConfig,
    MlpConfig,
    TransformerConfig,
)
from seqlm.models.layers import OneHot, Scalar
from seqlm.models.registry import build

V = 9


def built(config: Any, fill_id: int = V - 1) -> Any:
    return build(config, V, fill_id, seed=0)


def test_one_hot_and_scalar_encodings() -> None:
    tokens = torch.tensor([[0, 2], [1, 3]])
    one_hot = OneHot(3)(tokens)
    assert one_hot.tolist() == [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 0]]]
    assert Scalar()(tokens).tolist() == [[[0.0], [2.0]], [[1.0], [3.0]]]


@pytest.mark.parametrize("fill_id", [V - 1, V])
@pytest.mark.parametrize(
    "config",
    [
        MlpConfig(embedding=12, hidden=12, tied=True),
        LstmConfig(embedding=12, hidden=12, tied=True),
        TransformerConfig(width=12, heads=3, tied=True),
    ],
)
def test_tied_output_shares_the_embedding(config: Any, fill_id: int) -> None:
    model = built(config, fill_id)
    seen: list[Any] = []
    model.output.register_forward_hook(lambda _, inputs, logits: seen.extend([inputs[0], logits]))
    model(torch.tensor([[1, 2, 3]]))
    hidden, logits = seen
    expected = hidden @ model.embedding.weight[:V].T + model.output.bias
    torch.testing.assert_close(logits, expected)
    assert "output.weight" not in model.state_dict()


def test_copy_of_a_tied_model_has_its_own_tied_weights() -> None:
    model = built(GruConfig(embedding=12, hidden=12, tied=True))
    other = copy.deepcopy(model)
    nn.init.zeros_(model.embedding.weight)
    tokens = torch.tensor([[1, 2, 3]])
    assert not model(tokens)[0].count_nonzero()
    assert other(tokens)[0].count_nonzero()


@pytest.mark.parametrize("n_layers", [1, 2])
def test_forget_bias_is_initialized_to_the_setting(n_layers: int) -> None:
    plain = built(LstmConfig(hidden=5, layers=n_layers))
    model = built(LstmConfig(hidden=5, layers=n_layers, forget_bias="3"))
    for layer in range(n_layers):
        gates = [getattr(model.layers, f"bias_{source}_l{layer}") for source in ("ih", "hh")]
        assert (sum(gates)[5:10] == 3).all()
    before = dict(plain.layers.named_parameters())
    for name, parameter in model.layers.named_parameters():
        others = torch.ones(20, dtype=torch.bool)
        others[5:10] = "bias" not in name
        assert torch.equal(parameter[others], before[name][others])


def test_chrono_initialization_covers_all_memory_lengths() -> None:
    model = built(LstmConfig(hidden=1000, forget_bias="chrono", memory=50))
    total = (model.layers.bias_ih_l0 + model.layers.bias_hh_l0).detach()
    enter, forget = model.layers.bias_ih_l0.detach().chunk(4)[0], total.chunk(4)[1]
    spans = forget.exp()
    assert 1 <= spans.min() < 3
    assert 47 < spans.max() <= 49
    assert float(spans.mean()) == pytest.approx(25, abs=1.5)
    assert torch.equal(enter, -forget)


def test_scaled_recurrent_weights_are_orthogonal() -> None:
    layers = built(LstmConfig(embedding=6, hidden=8, init="scaled")).layers
    for gate in layers.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    assert not layers.bias_hh_l0.count_nonzero()
    w_hh = built(ElmanConfig(hidden=8, init="scaled")).layer.w_hh.detach()
    torch.testing.assert_close(w_hh @ w_hh.T, torch.eye(8), atol=1e-5, rtol=0)


@pytest.mark.parametrize("config", [ElmanConfig, GruConfig, TransformerConfig])
def test_lecture_initialization_is_standard_normal(config: Any) -> None:
    numbers = torch.cat([p.detach().flatten() for p in built(config(init="lecture")).parameters()])
    assert float(numbers.mean()) == pytest.approx(0, abs=0.02)
    assert float(numbers.std()) == pytest.approx(1, abs=0.02)
    assert math.isfinite(float(numbers.sum()))

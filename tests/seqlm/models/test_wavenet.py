"""WaveNet, compared with its windows and with PyTorch's dilated convolution."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import WaveNetConfig
from seqlm.models.wavenet import WaveNet

V = 6
CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0.0}
TOKENS = torch.tensor([[1, 5, 2, 0, 3, 3, 4, 1, 0, 2, 5], [0, 0, 4, 1, 2, 5, 5, 3, 1, 4, 2]])


def wavenet(fill_id: int, n_layers: int = 3) -> WaveNet:
    torch.manual_seed(0)
    config = WaveNetConfig(embedding=3, hidden=4, layers=n_layers, init="library")
    return WaveNet(config, V, fill_id)


def gradients(model: nn.Module, logits: Tensor) -> list[Tensor]:
    weights = torch.arange(logits.numel()).view_as(logits).sin()
    return list(torch.autograd.grad((logits * weights).sum(), list(model.parameters())))


def assert_same(one: list[Tensor], other: list[Tensor]) -> None:
    for mine, wanted in zip(one, other, strict=True):
        torch.testing.assert_close(mine, wanted, **CLOSE)


@pytest.mark.parametrize("fill_id", [V - 1, V])
def test_wavenet_equals_a_tree_of_pairs(fill_id: int) -> None:
    model = wavenet(fill_id)
    rows = []
    for t in range(TOKENS.shape[1]):
        window = torch.cat([torch.full((2, 8), fill_id), TOKENS], dim=1)[:, t + 1 : t + 9]
        nodes = list(model.embedding(window).unbind(1))
        for layer in model.layers:
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [nn.functional.gelu(layer(torch.cat(pair, dim=-1))) for pair in pairs]
        rows.append(model.output(nodes[0]))
    expected = torch.stack(rows, dim=1)
    logits, _ = model(TOKENS)
    torch.testing.assert_close(logits, expected, **CLOSE)
    assert_same(gradients(model, logits), gradients(model, expected))


@pytest.mark.parametrize("fill_id", [V - 1, V])
def test_window_prediction_equals_sequence_prediction(fill_id: int) -> None:
    model = wavenet(fill_id)
    logits, _ = model(TOKENS)
    windows = torch.cat([torch.full((2, 7), fill_id), TOKENS], dim=1).unfold(1, 8, 1)
    predicted = model.predict(windows)
    torch.testing.assert_close(logits, predicted, **CLOSE)
    assert_same(gradients(model, logits), gradients(model, predicted))


def test_wavenet_equals_torch_dilated_convolution() -> None:
    model = wavenet(V)
    filled = torch.cat([torch.full((2, 7), V), TOKENS], dim=1)
    signal = model.embedding(filled).transpose(1, 2)  # (B, C, T)
    for depth, layer in enumerate(model.layers):
        weight: Any = layer.weight
        taps = weight.unflatten(1, (2, -1)).transpose(1, 2)  # (out, in, 2)
        signal = nn.functional.gelu(
            nn.functional.conv1d(signal, taps, layer.bias, dilation=2**depth)
        )
    expected = model.output(signal.transpose(1, 2))
    torch.testing.assert_close(model(TOKENS)[0], expected, **CLOSE)


def test_state_is_the_last_inputs_of_each_layer() -> None:
    _, state = wavenet(V)(TOKENS)
    assert [tuple(part.shape) for part in state] == [(2, 1, 3), (2, 2, 4), (2, 4, 4)]
    assert WaveNetConfig(layers=4).context == 16

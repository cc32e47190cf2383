"""The Transformer, compared with PyTorch's layers, and its key-value cache."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import TransformerConfig
from seqlm.errors import SeqlmError
from seqlm.models.transformer import Block, Transformer

V = 6
CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0.0}
SMALL: dict[str, Any] = {"max_tokens": 12, "width": 8, "heads": 2, "layers": 2, "hidden": 10}
THEIR_NAMES = {
    "attention.ask.weight": "self_attn.in_proj_weight",
    "attention.ask.bias": "self_attn.in_proj_bias",
    "attention.output": "self_attn.out_proj",
    "attention_norm": "norm1",
    "hidden_norm": "norm2",
    "hidden": "linear1",
    "output": "linear2",
}


def transformer(**settings: Any) -> Transformer:
    torch.manual_seed(0)
    config = TransformerConfig(**{**SMALL, "init": "library", **settings})
    return Transformer(config, V)


def renamed(name: str) -> str:
    ours = next(ours for ours in THEIR_NAMES if name.startswith(ours))
    return THEIR_NAMES[ours] + name.removeprefix(ours)


def librarys(block: Block, activation: str) -> nn.TransformerEncoderLayer:
    theirs = nn.TransformerEncoderLayer(
        8, 2, 10, dropout=0.0, activation=activation, batch_first=True, norm_first=True
    )
    theirs.load_state_dict({renamed(name): part for name, part in block.state_dict().items()})
    return theirs


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_transformer_equals_torch_encoder_layers(activation: Any) -> None:
    model = transformer(activation=activation)
    tokens = torch.randint(V, (3, 7))
    theirs = nn.ModuleList(librarys(block, activation) for block in model.blocks)
    x = model.embedding(tokens) + model.positions.weight[:7]
    for layer in theirs:
        x = layer(x, src_mask=nn.Transformer.generate_square_subsequent_mask(7), is_causal=True)
    expected = model.output(model.norm(x))
    logits, _ = model(tokens)
    torch.testing.assert_close(logits, expected, **CLOSE)

    def backward(logits: Tensor) -> None:
        (logits * torch.arange(logits.numel()).view_as(logits).sin()).sum().backward()

    backward(logits)
    ends = [model.embedding, model.positions, model.norm, model.output]
    own = {p: p.grad.clone() for part in ends for p in part.parameters() if p.grad is not None}
    for part in ends:
        part.zero_grad()
    backward(expected)
    for parameter, gradient in own.items():
        torch.testing.assert_close(gradient, parameter.grad, **CLOSE)
    for block, layer in zip(model.blocks, theirs, strict=True):
        wanted = dict(layer.named_parameters())
        for name, parameter in block.named_parameters():
            torch.testing.assert_close(parameter.grad, wanted[renamed(name)].grad, **CLOSE)


@torch.inference_mode()
def test_cached_logits_equal_uncached_logits() -> None:
    model, tokens = transformer().eval(), torch.randint(V, (2, 12))
    whole, _ = model(tokens)
    _, state = model(tokens[:, :5])
    several, state = model(tokens[:, 5:9], state)
    one, state = model(tokens[:, 9:10], state)
    torch.testing.assert_close(torch.cat([several, one], 1), whole[:, 5:10], **CLOSE)
    assert [part.shape for part in state] == [torch.Size([2, 2, 10, 4])] * 4


def test_more_tokens_than_positions_are_rejected() -> None:
    model = transformer()
    with pytest.raises(SeqlmError, match=r"13 tokens are more than model\.max_tokens=12"):
        model(torch.zeros(1, 13, dtype=torch.int64))
    _, state = model(torch.zeros(1, 12, dtype=torch.int64))
    with pytest.raises(SeqlmError, match=r"model\.max_tokens=12"):
        model(torch.zeros(1, 1, dtype=torch.int64), state)


def test_residual_weights_shrink_with_depth() -> None:
    def spread(n_layers: int) -> float:
        model = transformer(init="scaled", layers=n_layers, width=64, hidden=256)
        return float(model.blocks[0].output.weight.detach().std())

    assert spread(1) == pytest.approx(256**-0.5 / 2**0.5, rel=0.05)
    assert spread(8) == pytest.approx(256**-0.5 / 4, rel=0.05)

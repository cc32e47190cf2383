"""Written-out forward pass of the Transformer, with the attention pattern of each head."""

import math

import torch
from torch import Tensor

from seqlm.insight.activations import Recorder
from seqlm.models.base import State
from seqlm.models.transformer import Block, CausalSelfAttention, Transformer


def run_transformer(
    model: Transformer, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Add token and position embeddings, run the blocks on the residual stream, normalize, output."""
    before = state or ()
    start = before[0].shape[2] if before else 0
    embedding = record("embedding", model.embedding(tokens))  # (B, T, C)
    positions = model.positions.weight[start : start + tokens.shape[1]]  # (T, C)
    x = embedding + record("position", positions.expand_as(embedding))  # (B, T, C)
    after: State = ()
    for depth, block in enumerate(model.blocks):
        cache = before[2 * depth : 2 * depth + 2]
        x, cache = _run_block(block, x, cache, record, f"layer.{depth}")  # type: ignore[arg-type]
        after += cache
    return model.output(record("norm", model.norm(x))), after  # (B, T, V)


def _run_block(
    block: Block, x: Tensor, cache: State, record: Recorder, layer: str
) -> tuple[Tensor, State]:
    """Return the residual stream (B, T, C) after a block, and the keys and values."""
    attended, cache = _attend(block.attention, block.attention_norm(x), cache, record, layer)
    x = x + record(f"{layer}.attention", attended)  # (B, T, C)
    hidden = block.activation(block.hidden(block.hidden_norm(x)))  # (B, T, hidden)
    x = x + block.output(record(f"{layer}.hidden", hidden))  # (B, T, C)
    return record(f"{layer}.residual", x), cache


def _attend(
    attention: CausalSelfAttention, x: Tensor, cache: State, record: Recorder, layer: str
) -> tuple[Tensor, State]:
    """Return the attention output (B, T, C): each head mixes values by its attention pattern."""
    qkv = attention.qkv_proj(x).unflatten(-1, (3, attention.n_heads, -1))  # (B, T, 3, H, C/H)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, C/H) each
    if cache:
        key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])  # (B, H, T, T')
    n_new, n_all = scores.shape[-2:]
    visible = torch.ones(n_new, n_all, dtype=torch.bool, device=x.device).tril(n_all - n_new)
    patterns = scores.masked_fill(~visible, -math.inf).softmax(-1)  # (B, H, T, T')
    outputs = []
    for head in range(attention.n_heads):
        name = f"{layer}.head.{head}"
        pattern = record(f"{name}.pattern", patterns[:, head])  # (B, T, T')
        outputs.append(record(f"{name}.output", pattern @ value[:, head]))  # (B, T, C/H)
    return attention.output(torch.cat(outputs, dim=-1)), (key, value)  # (B, T, C)

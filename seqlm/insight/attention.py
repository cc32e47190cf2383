"""View of the attention heads: the pattern of each head, and its scores for known patterns."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqlm.insight.activations import PATTERN, Ablation
from seqlm.insight.forward_pass import activations_of
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import AttentionHead


def attention(
    model: SequenceModel, ids: Sequence[int], ablations: Sequence[Ablation] = ()
) -> list[AttentionHead]:
    """Return the pattern and the scores of every head, layer by layer.

    Args:
        model: A Transformer.
        ids: Token ids, at most ``max_tokens``.
        ablations: Activations to replace.
    """
    heads = []
    masks = pattern_masks(ids)
    for name, pattern in activations_of(model, ids, ablations).items():
        if name.endswith(PATTERN):
            scores = {kind: _mean_weight(pattern, mask) for kind, mask in masks.items()}
            heads.append(AttentionHead(name.removesuffix(PATTERN), pattern.tolist(), **scores))
    return heads


def pattern_masks(ids: Sequence[int]) -> dict[str, Tensor]:
    """Return for each known pattern the positions (T, T) bool that a head of this kind attends to."""
    tokens = torch.tensor(list(ids))
    query = torch.arange(len(tokens))[:, None]  # (T, 1)
    key = torch.arange(len(tokens))[None]  # (1, T)
    is_same = (tokens[:, None] == tokens[None]) & (key < query)  # (T, T)
    after_same = torch.zeros_like(is_same)
    after_same[:, 1:] = is_same[:, :-1]
    return {
        "previous_token": key == query - 1,
        "first_token": (key == 0) & (query > 0),
        "same_token": is_same,
        "induction": after_same & (key <= query) & (key > 0),
    }


def _mean_weight(pattern: Tensor, mask: Tensor) -> float | None:
    """Return the mean over rows of the weight on the masked positions; None without such rows."""
    rows = mask.any(-1)
    return float((pattern * mask).sum(-1)[rows].mean()) if rows.any() else None

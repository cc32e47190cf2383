"""View of the token embeddings: a map in two dimensions, and the nearest neighbors of a token."""

import torch
from torch import Tensor, nn

from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import EmbeddingMap


def embedding_table(model: SequenceModel) -> Tensor | None:
    """Return the embeddings (V, E) of the vocabulary; None if the model has none."""
    layer = getattr(model, "embedding", None)
    return layer.weight.detach()[: model.n_vocab].cpu() if isinstance(layer, nn.Embedding) else None


def embedding_map(table: Tensor) -> EmbeddingMap:
    """Return a map of embeddings (V, E): the values themselves for E = 2, else their PCA.

    The sign of a principal component is chosen so that its largest entry is positive; otherwise the
    map would flip at random from one step to the next.
    """
    centered = table.double() - table.double().mean(0)  # (V, E)
    if table.shape[1] == 2:
        points, variances = table.double(), centered.pow(2).sum(0)
        total = variances.sum()
    else:
        _, scales, axes = torch.linalg.svd(centered, full_matrices=False)
        largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))  # (min(V, E), 1)
        points = _two_columns(centered @ (axes * largest.sign()).t())  # (V, 2)
        variances, total = _two_columns(scales.pow(2)[None])[0], scales.pow(2).sum()
    shares = (variances / total).tolist() if total > 0 else [0.0, 0.0]
    return EmbeddingMap(
        points=[(x, y) for x, y in points.tolist()],
        variance_shares=(shares[0], shares[1]),
        is_projected=table.shape[1] != 2,
    )


def nearest_tokens(table: Tensor, token_id: int, n_nearest: int = 5) -> list[tuple[int, float]]:
    """Return the tokens with the most similar embeddings and their cosine similarity.

    Args:
        table: Embeddings (V, E).
        token_id: The token; it is not its own neighbor.
        n_nearest: Maximum number of neighbors.
    """
    units = nn.functional.normalize(table.double(), dim=1)  # (V, E)
    similarities = units @ units[token_id]  # (V,)
    similarities[token_id] = -2.0  # below every cosine
    best = similarities.topk(min(n_nearest, len(table) - 1))
    return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def _two_columns(rows: Tensor) -> Tensor:
    """Return the first two columns (n, 2); a missing column is zero (an embedding of size 1)."""
    return torch.cat([rows, rows.new_zeros(len(rows), 2)], dim=1)[:, :2]

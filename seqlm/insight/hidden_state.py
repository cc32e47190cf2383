"""View of hidden units: what each unit responds to, and where in a corpus it is strongest."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from seqlm.insight.activations import Ablation
from seqlm.insight.forward_pass import activations_of
from seqlm.insight.hypotheses import first_own_index, make_hypotheses
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import UnitDescription

MIN_SCORE = 0.75
"""Below this score a unit has no plain description."""
MIN_POSITIONS = 10
"""A hypothesis that holds at fewer positions, or does not hold at fewer, is not scored."""
_UNITS_PER_PIECE = 8
_SAME = 1e-6  # scores that differ by less are equal


def describe_units(
    model: SequenceModel,
    name: str,
    texts: Sequence[Sequence[int]],
    tokens: Sequence[str],
    ablations: Sequence[Ablation] = (),
) -> Iterator[list[UnitDescription]]:
    """Yield the descriptions of the units of an activation so far, the best described ones first.

    Args:
        model: Model of any family.
        name: Name of an activation, e.g. ``layer.0.hidden``.
        texts: Sample of the validation split, as token ids.
        tokens: The vocabulary.
        ablations: Activations to replace.
    """
    yield []
    parts, labels = [], []
    words = [[tokens[i] for i in ids] for ids in texts]
    hypotheses = make_hypotheses(words)
    for ids, text in zip(texts, words, strict=True):
        # The state after the first end token is the same in each text, so every unit would tell it.
        first = first_own_index(text)
        values = unit_values(activations_of(model, ids, ablations)[name])  # (T, units)
        labels_of_text = torch.tensor([h.values(text) for h in hypotheses]).t()  # (T, hypotheses)
        parts.append(values[first:])
        labels.append(labels_of_text[first:])
        yield []
    values, targets = torch.cat(parts), torch.cat(labels)
    is_quantity = torch.tensor([h.is_quantity for h in hypotheses])
    found: list[UnitDescription] = []
    for start in range(0, values.shape[1], _UNITS_PER_PIECE):
        scores = _score(values[:, start : start + _UNITS_PER_PIECE], targets, is_quantity)
        for unit, row in enumerate(scores, start):
            strength = (row - 0.5).abs()
            best = int((strength >= strength.max() - _SAME).nonzero()[0])
            score, is_negative = float(0.5 + strength[best]), bool(row[best] < 0.5)
            description = hypotheses[best].name if score >= MIN_SCORE else ""
            found.append(UnitDescription(unit, description, is_negative, score))
        yield sorted(found, key=lambda unit: -unit.score)


def unit_values(values: Tensor) -> Tensor:
    """Return one vector for each position, (T, units), of an activation (T, ..., units).

    WaveNet has several vectors for each position, one for each part of the context; the vector of
    the newest part is returned.
    """
    return values.flatten(1, -2)[:, -1] if values.ndim > 2 else values


def _score(values: Tensor, targets: Tensor, is_quantity: Tensor) -> Tensor:
    """Return the score (units, hypotheses) of each unit for each hypothesis, 0.5 for no relation."""
    scores = torch.empty(values.shape[1], targets.shape[1], dtype=torch.float64)
    scores[:, ~is_quantity] = area_under_curve(values, targets[:, ~is_quantity] > 0)
    scores[:, is_quantity] = (1 + rank_correlation(values, targets[:, is_quantity])) / 2
    return scores


def area_under_curve(values: Tensor, targets: Tensor) -> Tensor:
    """Return the area under the ROC curve of each unit for each target, by ranks.

    The area is the probability that a random positive position has a larger value than a random
    negative one; equal values count half (Mann & Whitney 1947).

    Args:
        values: (N, units) float32.
        targets: (N, targets) bool.

    Returns:
        (units, targets) float64; 0.5 for a target with fewer than ``MIN_POSITIONS`` of a kind.
    """
    ranks = torch.stack([_average_ranks(column) for column in values.t()])  # (units, N)
    is_positive = targets.double()  # (N, targets)
    n_positive = is_positive.sum(0)  # (targets,)
    n_negative = len(values) - n_positive  # (targets,)
    is_scored = torch.minimum(n_positive, n_negative) >= MIN_POSITIONS  # (targets,)
    wins = ranks @ is_positive - n_positive * (n_positive + 1) / 2  # (units, targets)
    n_pairs = (n_positive * n_negative).clamp(min=1)  # (targets,)
    return torch.where(is_scored, wins / n_pairs, 0.5)


def rank_correlation(values: Tensor, quantities: Tensor) -> Tensor:
    """Return Spearman's rank correlation of units and quantities.

    Args:
        values: (N, units) float32.
        quantities: (N, quantities) float32.

    Returns:
        (units, quantities) float64; 0 where a unit or a quantity is constant.
    """
    return _standard_ranks(values) @ _standard_ranks(quantities).t()


def _standard_ranks(columns: Tensor) -> Tensor:
    """Return the centered ranks of each column, scaled to length 1, (columns, N) float64."""
    ranks = torch.stack([_average_ranks(column) for column in columns.t()])  # (columns, N)
    return normalize(ranks - ranks.mean(1, keepdim=True), dim=1)


def _average_ranks(column: Tensor) -> Tensor:
    """Return the ranks (N,) float64 from 1; equal values share the mean of their ranks."""
    column = column.contiguous()
    in_order = column.sort().values
    n_smaller = torch.searchsorted(in_order, column)
    n_not_larger = torch.searchsorted(in_order, column, right=True)
    return (n_smaller + 1 + n_not_larger).double() / 2

"""View of the reach of a model: its loss when only the last k tokens are visible."""

from collections.abc import Iterator, Sequence

import torch

from seqlm.insight.activations import Ablation
from seqlm.insight.forward_pass import AblatedModel, device_of
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import ReachPoint

_TOKENS_PER_PIECE = 4096


def reach(
    model: SequenceModel,
    sequences: Sequence[Sequence[int]],
    ablations: Sequence[Ablation] = (),
) -> Iterator[list[ReachPoint]]:
    """Yield the losses for k = 1, 2, 4, ... and for all tokens, one more in each piece.

    Every target is predicted from a new start, from the last k tokens before it or from all of them
    where there are fewer.

    Args:
        model: Model of any family.
        sequences: Texts as token ids, at least two each. The first id is not a target.
        ablations: Activations to replace.
    """
    reader = AblatedModel(model, ablations) if ablations else model
    longest = max(len(ids) for ids in sequences) - 1
    if model.max_tokens is not None:
        longest = min(longest, model.max_tokens)
    points: list[ReachPoint] = []
    k = 1
    while k < longest:
        points.append(ReachPoint(k, _loss_with(reader, model, sequences, k)))
        yield points
        k *= 2
    points.append(ReachPoint(None, _loss_with(reader, model, sequences, longest)))
    yield points


@torch.no_grad()
def _loss_with(
    reader: SequenceModel, model: SequenceModel, sequences: Sequence[Sequence[int]], k: int
) -> float:
    """Return the loss when k tokens are visible; windows of equal length make one batch."""
    windows: dict[int, list[tuple[Sequence[int], int]]] = {}
    for ids in sequences:
        for t in range(1, len(ids)):
            window = ids[max(0, t - k) : t]
            windows.setdefault(len(window), []).append((window, ids[t]))
    nats, n_targets = 0.0, 0
    was_training = model.training
    model.eval()
    for length, rows in windows.items():
        n_rows = max(1, _TOKENS_PER_PIECE // length)
        for start in range(0, len(rows), n_rows):
            piece = rows[start : start + n_rows]
            inputs = torch.tensor([list(window) for window, _ in piece], device=device_of(model))
            log_p = reader(inputs)[0][:, -1].cpu().double().log_softmax(-1)  # (B, V)
            targets = torch.tensor([[target] for _, target in piece])
            nats -= float(log_p.gather(1, targets).sum())
            n_targets += len(piece)
    model.train(was_training)
    return nats / n_targets

"""View of one prediction worked out: every tensor from the token ids to the loss."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from seqlm.insight.activations import Ablation
from seqlm.insight.forward_pass import activations_of
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import NamedTensor, Network, SoftmaxTable


def network(
    model: SequenceModel,
    ids: Sequence[int],
    ablations: Sequence[Ablation] = (),
    position: int = -1,
    subtract_max: bool = True,
    add_to_logits: float = 0.0,
) -> Network:
    """Work out one prediction of a text.

    Args:
        model: Model of any family.
        ids: Token ids, at least one.
        ablations: Activations to replace.
        position: Position whose next token is predicted; -1 for the last one.
        subtract_max: Whether the maximum is subtracted from the logits before the exponential.
        add_to_logits: Constant added to all logits; the probabilities do not depend on it, until the
            exponential overflows (above about 88 in float32).
    """
    position %= len(ids)
    found = activations_of(model, ids, ablations)
    encoded = one_hot(torch.tensor(list(ids)), model.n_vocab)  # (T, V)
    tensors = [
        NamedTensor(name, list(values.shape), values[position].flatten().float().tolist())
        for name, values in {"one_hot": encoded, **found}.items()
    ]
    target = ids[position + 1] if position + 1 < len(ids) else None
    logits = found["logits"][position] + add_to_logits  # (V,)
    return Network(list(ids), position, tensors, softmax_table(logits, target, subtract_max))


def softmax_table(logits: Tensor, target_id: int | None, subtract_max: bool) -> SoftmaxTable:
    """Compute softmax and cross-entropy of logits (V,) by hand, in float32."""
    shift = float(logits.max()) if subtract_max else 0.0
    exponentials = (logits - shift).exp()  # (V,)
    total = exponentials.sum()
    probabilities = exponentials / total  # (V,)
    loss = stable_loss = None
    if target_id is not None:
        p = float(probabilities[target_id])
        loss = -math.log(p) if p > 0 else (math.inf if p == 0 else math.nan)
        stable_loss = -float(logits.log_softmax(-1)[target_id])
    return SoftmaxTable(
        logits=logits.tolist(),
        shift=shift,
        exponentials=exponentials.tolist(),
        total=float(total),
        probabilities=probabilities.tolist(),
        target_id=target_id,
        loss=loss,
        stable_loss=stable_loss,
    )

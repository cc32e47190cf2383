"""View of one prediction worked out: every tensor from the token ids to the loss."""

import math
from collections.abc import Sequence

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn.functional import one_hot

from seqlm.insight.activations import Ablation
from seqlm.insight.forward_pass import activations_of
from seqlm.models.base import SequenceModel


class NamedTensor(Struct, frozen=True):
    """Tensor of the forward pass, with its values at one position.

    Attributes:
        name: Name of the activation.
        shape: Sizes of the dimensions; the first is the time T.
        values: Values at the position, over the other dimensions in row-major order, float32.
    """

    name: str
    shape: list[int]
    values: list[float]


class SoftmaxTable(Struct, frozen=True):
    """Softmax and cross-entropy of one position, step by step, with V entries in each list.

    Attributes:
        logits: Outputs of the model, plus the added constant.
        shift: Number subtracted from all logits before the exponential: their maximum, or 0.
        exponentials: ``exp(logit - shift)`` in float32; infinite where float32 overflows.
        total: Sum of the exponentials.
        probabilities: Exponentials divided by their sum; NaN after an overflow.
        target_id: The target token; None after the last token of the text.
        loss: ``-ln`` of the probability of the target; None without a target.
        stable_loss: Cross-entropy computed with log-softmax, which does not overflow.
    """

    logits: list[float]
    shift: float
    exponentials: list[float]
    total: float
    probabilities: list[float]
    target_id: int | None
    loss: float | None
    stable_loss: float | None


class Network(Struct, frozen=True):
    """Forward pass of a text and the prediction at one position.

    Attributes:
        ids: Token ids of the text.
        position: The position whose prediction is worked out.
        tensors: One-hot vectors and activations, in the order of the computation.
        softmax: The prediction at the position.
    """

    ids: list[int]
    position: int
    tensors: list[NamedTensor]
    softmax: SoftmaxTable


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

"""View of the parameters: values, gradient and histogram of each tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqlm.errors import unknown
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import ParameterSummary, ParameterValues

_N_BINS = 40


def parameter_summaries(model: SequenceModel) -> list[ParameterSummary]:
    """Return the summary of each trainable parameter, in the order of the model."""
    return [_summary(name, values.detach()) for name, values in model.named_parameters()]


def parameter_values(
    model: SequenceModel, name: str, ids: Sequence[int] | None = None
) -> ParameterValues:
    """Return the values, the gradient and the histogram of a parameter.

    Args:
        model: Model of a trained family.
        name: Name of the parameter, e.g. ``output.weight``.
        ids: Text for the gradient, at least two token ids; None for no gradient.

    Raises:
        RequestError: The model has no such parameter.
    """
    parameters = dict(model.named_parameters())
    if name not in parameters:
        raise unknown("a parameter of this model", name, parameters)
    values = parameters[name].detach().cpu()
    counts, edges = torch.histogram(values.float().flatten(), _N_BINS)
    return ParameterValues(
        summary=_summary(name, values),
        values=_as_rows(values),
        gradients=None if ids is None else _as_rows(_gradient(model, parameters[name], ids)),
        bin_edges=edges.tolist(),
        counts=[int(count) for count in counts],
    )


def _gradient(model: SequenceModel, parameter: Tensor, ids: Sequence[int]) -> Tensor:
    """Return the gradient of the mean loss of a text; gradients stored in the model stay as they are."""
    tokens = torch.tensor(list(ids), device=parameter.device)
    was_training = model.training
    model.eval()
    # The recurrent kernels of cuDNN have no backward pass in evaluation mode.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        logits, _ = model(tokens[None, :-1])
        loss = cross_entropy(logits[0], tokens[1:])
        (gradient,) = torch.autograd.grad(loss, [parameter], allow_unused=True)
    model.train(was_training)
    return torch.zeros_like(parameter) if gradient is None else gradient.cpu()


def _summary(name: str, values: Tensor) -> ParameterSummary:
    numbers = values.detach().cpu().double()
    return ParameterSummary(
        name=name,
        shape=list(values.shape),
        mean=float(numbers.mean()),
        std=float(numbers.std()) if numbers.numel() > 1 else 0.0,
        smallest=float(numbers.min()),
        largest=float(numbers.max()),
    )


def _as_rows(values: Tensor) -> list[list[float]]:
    rows: list[list[float]] = (values if values.ndim == 2 else values.flatten()[None]).tolist()
    return rows

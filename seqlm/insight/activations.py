"""Names, recording and ablation of the activations of a model.

An activation has the same name in Python, on the command line and on the screen: ``embedding``,
``layer.0.hidden``, ``layer.0.gate.forget``, ``layer.1.head.2.pattern``, ``logits``. A number after the
name selects one unit, an index of the last dimension: ``layer.0.hidden.174``.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from msgspec import Struct
from torch import Tensor

from seqlm.errors import RequestError, unknown

_MEAN = "=mean"
PATTERN = ".pattern"
"""Last part of the name of an attention pattern, whose last dimension is the time."""
_DEFAULT_PART = ".output"  # a head is ablated by its output


class Ablation(Struct, frozen=True):
    """Replacement of an activation, or of one unit of it, by a constant.

    Attributes:
        name: Name of the activation.
        unit: Index of the last dimension; None for all units.
        by_mean: True to use the mean over reference texts, False to use zero.
        mean: The mean of the activation, (units,) float32; see ``with_means``.
    """

    name: str
    unit: int | None = None
    by_mean: bool = False
    mean: Tensor | None = None

    def __str__(self) -> str:
        unit = "" if self.unit is None else f".{self.unit}"
        return f"{self.name}{unit}{_MEAN if self.by_mean else ''}"


class Recorder:
    """Recorder of the activations of one forward pass, which can also ablate some of them.

    A forward pass calls the recorder with each activation and continues with the tensor that the
    recorder returns, so that an ablation affects everything computed later.

    Args:
        ablations: Activations to replace.
        is_recording: False to only ablate, which needs no memory.

    Attributes:
        values: Activations by name, (B, T, ..., units) float32, in the order of the computation.
    """

    def __init__(self, ablations: Iterable[Ablation] = (), *, is_recording: bool = True) -> None:
        self._ablations: dict[str, list[Ablation]] = {}
        for ablation in ablations:
            self._ablations.setdefault(ablation.name, []).append(ablation)
        self._is_recording = is_recording
        self._steps: dict[str, list[Tensor]] = {}
        self._whole: dict[str, Tensor] = {}

    @property
    def values(self) -> dict[str, Tensor]:
        """Activations by name; those recorded step by step are stacked along the time."""
        return {
            name: torch.stack(self._steps[name], dim=1) if name in self._steps else values
            for name, values in self._whole.items()
        }

    def __call__(self, name: str, values: Tensor) -> Tensor:
        """Record an activation of all positions, (B, T, ..., units), and return it."""
        values = self._ablate(name, values)
        if self._is_recording:
            self._whole[name] = values
        return values

    def step(self, name: str, values: Tensor) -> Tensor:
        """Record an activation of the next position, (B, units), and return it."""
        values = self._ablate(name, values)
        if self._is_recording:
            self._whole.setdefault(name, values)
            self._steps.setdefault(name, []).append(values)
        return values

    def _ablate(self, name: str, values: Tensor) -> Tensor:
        for ablation in self._ablations.get(name, ()):
            constant = values.new_zeros(values.shape[-1])
            if ablation.mean is not None:
                constant = ablation.mean.to(values.device)
            mask = torch.ones_like(constant, dtype=torch.bool)
            if ablation.unit is not None:
                mask = torch.arange(len(constant), device=values.device) == ablation.unit
            values = torch.where(mask, constant, values)
        return values


def parse_ablations(texts: Sequence[str], sizes: Mapping[str, int]) -> tuple[Ablation, ...]:
    """Return the ablations of texts such as ``layer.0.hidden.174`` or ``layer.1.head.2=mean``.

    Args:
        texts: Name of an activation, optionally with a unit, optionally with ``=mean``.
        sizes: Number of units of each activation of the model.

    Raises:
        RequestError: The model has no such activation or unit.
    """
    return tuple(_parse_ablation(text, sizes) for text in texts)


def with_means(ablations: Sequence[Ablation], means: Mapping[str, Tensor]) -> tuple[Ablation, ...]:
    """Return the ablations with the means of those that use them."""
    return tuple(
        Ablation(a.name, a.unit, a.by_mean, means[a.name]) if a.by_mean else a for a in ablations
    )


def _parse_ablation(text: str, sizes: Mapping[str, int]) -> Ablation:
    path, by_mean = text.removesuffix(_MEAN), text.endswith(_MEAN)
    if by_mean and path.endswith(PATTERN):
        raise RequestError(f"{path} has no mean, because texts differ in length; use {path}", text)
    for name in (path, path + _DEFAULT_PART):
        if name in sizes:
            return Ablation(name, None, by_mean)
    prefix, _, last = path.rpartition(".")
    if last.isdecimal():
        for name in (prefix, prefix + _DEFAULT_PART):
            if name in sizes:
                return Ablation(name, _check_unit(text, int(last), sizes[name]), by_mean)
    raise unknown("an activation of this model", path, sizes)


def _check_unit(text: str, unit: int, size: int) -> int:
    if unit >= size:
        raise RequestError(f"{text}: there is no unit {unit:,}; allowed: 0 to {size - 1:,}", text)
    return unit

"""Optimizers that take the learning rate and the weight decay at each step."""

from typing import Protocol, cast

import torch
from torch import Tensor, nn

from seqlm.configuration.run_config import TrainConfig

_ADAMW_BETAS = (0.9, 0.99)
"""Decay rates of AdamW. The second is below torch's 0.999, because runs here are short."""


class Optimizer(Protocol):
    """Optimizer whose state can be saved."""

    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Update every parameter once from its gradient."""

    def tensors(self) -> dict[str, Tensor]:
        """Return the state tensors that a checkpoint needs, by name."""

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state that :meth:`tensors` returned."""


class Sgd:
    """Stochastic gradient descent."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters: list[Tensor] = list(parameters)

    @torch.no_grad()
    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Apply ``w -= learning_rate * (gradient + weight_decay * w)``."""
        gradients = _gradients(self._parameters)
        # One call for all tensors: for small models, calls take longer than the arithmetic.
        if weight_decay:
            torch._foreach_mul_(self._parameters, 1 - learning_rate * weight_decay)
        torch._foreach_add_(self._parameters, gradients, alpha=-learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors: plain gradient descent has no state."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore nothing."""


class Momentum:
    """Stochastic gradient descent with momentum (Polyak 1964).

    Args:
        parameters: Parameters to update.
        momentum: Fraction of the previous velocity that is kept.
    """

    def __init__(self, parameters: list[nn.Parameter], momentum: float) -> None:
        self._parameters: list[Tensor] = list(parameters)
        self._momentum = momentum
        self._velocities = [torch.zeros_like(p) for p in self._parameters]

    @torch.no_grad()
    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Apply ``v = momentum * v + gradient + weight_decay * w``, ``w -= learning_rate * v``."""
        torch._foreach_mul_(self._velocities, self._momentum)
        torch._foreach_add_(self._velocities, _gradients(self._parameters))
        if weight_decay:
            torch._foreach_add_(self._velocities, self._parameters, alpha=weight_decay)
        torch._foreach_add_(self._parameters, self._velocities, alpha=-learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """Return the velocity of each parameter."""
        return {f"{index}.velocity": part for index, part in enumerate(self._velocities)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state that :meth:`tensors` returned.

        Raises:
            ValueError: A velocity does not have the shape and type of its parameter.
        """
        for index, velocity in enumerate(self._velocities):
            name = f"{index}.velocity"
            _raise_if_different(name, tensors[name], velocity)
            velocity.copy_(tensors[name])


class Adam:
    """Adam or AdamW of torch.

    Args:
        parameters: Parameters to update.
        optimizer: ``torch.optim.Adam`` (Kingma & Ba 2015), which adds the weight decay to the
            gradient, or ``torch.optim.AdamW`` (Loshchilov & Hutter 2019), which does not.
    """

    def __init__(self, parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._parameters = parameters

    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Update every parameter once."""
        group = self._optimizer.param_groups[0]
        group["lr"], group["weight_decay"] = learning_rate, weight_decay
        self._optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """Return the two moments of each parameter and its number of steps."""
        return {
            f"{index}.{name}": tensor
            for index, parameter in enumerate(self._parameters)
            for name, tensor in self._optimizer.state[parameter].items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state that :meth:`tensors` returned.

        Raises:
            ValueError: A moment does not have the shape and type of its parameter.
        """
        for name, tensor in tensors.items():
            index, _, part = name.partition(".")
            parameter = self._parameters[int(index)]
            _raise_if_different(name, tensor, torch.zeros(()) if part == "step" else parameter)
            self._optimizer.state[parameter][part] = tensor.to(parameter.device)


def make_optimizer(config: TrainConfig, parameters: list[nn.Parameter]) -> Optimizer:
    """Return the optimizer that the configuration selects."""
    if config.optimizer == "adamw":
        adamw = torch.optim.AdamW(parameters, betas=_ADAMW_BETAS, fused=True)
        return Adam(parameters, adamw)
    if config.optimizer == "adam":
        return Adam(parameters, torch.optim.Adam(parameters, fused=True))
    return Momentum(parameters, config.momentum) if config.momentum else Sgd(parameters)


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [cast(Tensor, parameter.grad) for parameter in parameters]


def _raise_if_different(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.dtype != like.dtype:
        found, expected = (str(one.dtype).removeprefix("torch.") for one in (tensor, like))
        raise ValueError(f"optimizer.{name} has the type {found}; expected: {expected}")
    if tensor.shape != like.shape:
        raise ValueError(
            f"optimizer.{name} has shape {list(tensor.shape)}; expected: {list(like.shape)}"
        )

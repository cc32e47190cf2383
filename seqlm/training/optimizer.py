"""The rules that move the weights, with a learning rate given at each step."""

from typing import Protocol, cast

import torch
from torch import Tensor, nn

from seqlm.configuration.run_config import TrainConfig

_ADAMW_BETAS = (0.9, 0.99)
"""AdamW's decay rates. The second is below the library's 0.999: runs here are short."""


class Optimizer(Protocol):
    """Moves parameters by the gradients they hold, and can be saved."""

    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Move every parameter once."""

    def tensors(self) -> dict[str, Tensor]:
        """What must be kept to go on later, by name."""

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave."""


class Sgd:
    """Stochastic gradient descent: every weight moves against its gradient."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters: list[Tensor] = list(parameters)

    @torch.no_grad()
    def step(self, learning_rate: float, weight_decay: float) -> None:
        """``w -= learning_rate * (gradient + weight_decay * w)``."""
        gradients = _gradients(self._parameters)
        # One call for all tensors: for small models the calls cost more than the arithmetic.
        if weight_decay:
            torch._foreach_mul_(self._parameters, 1 - learning_rate * weight_decay)
        torch._foreach_add_(self._parameters, gradients, alpha=-learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """Nothing: it has no memory."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Nothing to take back."""


class Momentum:
    """Gradient descent that rolls on: a share of each move goes on in the next (Polyak 1964).

    Args:
        parameters: What it moves.
        momentum: The share.
    """

    def __init__(self, parameters: list[nn.Parameter], momentum: float) -> None:
        self._parameters: list[Tensor] = list(parameters)
        self._momentum = momentum
        self._velocities = [torch.zeros_like(p) for p in self._parameters]

    @torch.no_grad()
    def step(self, learning_rate: float, weight_decay: float) -> None:
        """``v = momentum * v + gradient + weight_decay * w``, then ``w -= learning_rate * v``."""
        torch._foreach_mul_(self._velocities, self._momentum)
        torch._foreach_add_(self._velocities, _gradients(self._parameters))
        if weight_decay:
            torch._foreach_add_(self._velocities, self._parameters, alpha=weight_decay)
        torch._foreach_add_(self._parameters, self._velocities, alpha=-learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """The velocity of each parameter."""
        return {f"{index}.velocity": part for index, part in enumerate(self._velocities)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave.

        Raises:
            ValueError: A velocity is not of its parameter's shape.
        """
        for index, velocity in enumerate(self._velocities):
            name = f"{index}.velocity"
            _refuse_unfitting(name, tensors[name], velocity)
            velocity.copy_(tensors[name])


class Adam:
    """The library's Adam (Kingma & Ba 2015): each weight by its smoothed gradient over its usual size.

    Args:
        parameters: What it moves.
        rule: ``Adam``, where weight decay is a part of the gradient, or ``AdamW``, where it is not
            (Loshchilov & Hutter 2019).
    """

    def __init__(self, parameters: list[nn.Parameter], rule: torch.optim.Optimizer) -> None:
        self._rule = rule
        self._parameters = parameters

    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Move every weight once."""
        group = self._rule.param_groups[0]
        group["lr"], group["weight_decay"] = learning_rate, weight_decay
        self._rule.step()

    def tensors(self) -> dict[str, Tensor]:
        """The two moments of each parameter and the number of steps."""
        return {
            f"{index}.{name}": tensor
            for index, parameter in enumerate(self._parameters)
            for name, tensor in self._rule.state[parameter].items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave.

        Raises:
            ValueError: A moment is not of its parameter's shape.
        """
        for name, tensor in tensors.items():
            index, _, part = name.partition(".")
            parameter = self._parameters[int(index)]
            if part != "step":
                _refuse_unfitting(name, tensor, parameter)
            self._rule.state[parameter][part] = tensor.to(parameter.device)


def make_optimizer(config: TrainConfig, parameters: list[nn.Parameter]) -> Optimizer:
    """The optimizer that the configuration names."""
    if config.optimizer == "adamw":
        rule = torch.optim.AdamW(parameters, betas=_ADAMW_BETAS, fused=True)
        return Adam(parameters, rule)
    if config.optimizer == "adam":
        return Adam(parameters, torch.optim.Adam(parameters, fused=True))
    return Momentum(parameters, config.momentum) if config.momentum else Sgd(parameters)


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [cast(Tensor, parameter.grad) for parameter in parameters]


def _refuse_unfitting(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.shape != like.shape:
        raise ValueError(f"optimizer.{name} has the shape {list(tensor.shape)}")

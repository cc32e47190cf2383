"""The rules that move the weights, with a learning rate given at each step."""

from typing import Protocol

import torch
from torch import Tensor, nn

from seqlm.config import TrainConfig

_BETAS = (0.9, 0.99)
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
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        # One call for all tensors: for small models the calls cost more than the arithmetic.
        if weight_decay:
            torch._foreach_mul_(self._parameters, 1 - learning_rate * weight_decay)
        torch._foreach_add_(self._parameters, gradients, alpha=-learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """Nothing: it has no memory."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Nothing to take back."""


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), the library's."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._adamw = torch.optim.AdamW(parameters, betas=_BETAS, fused=True)
        self._parameters = parameters

    def step(self, learning_rate: float, weight_decay: float) -> None:
        """Move every weight by its smoothed gradient over its usual size."""
        group = self._adamw.param_groups[0]
        group["lr"], group["weight_decay"] = learning_rate, weight_decay
        self._adamw.step()

    def tensors(self) -> dict[str, Tensor]:
        """The two moments of each parameter and the number of steps."""
        return {
            f"{index}.{name}": tensor
            for index, parameter in enumerate(self._parameters)
            for name, tensor in self._adamw.state[parameter].items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave.

        Raises:
            ValueError: A moment is not of its parameter's shape.
        """
        for name, tensor in tensors.items():
            index, _, part = name.partition(".")
            parameter = self._parameters[int(index)]
            if part != "step" and tensor.shape != parameter.shape:
                raise ValueError(f"optimizer.{name} has the shape {list(tensor.shape)}")
            self._adamw.state[parameter][part] = tensor.to(parameter.device)


def make_optimizer(config: TrainConfig, parameters: list[nn.Parameter]) -> Optimizer:
    """The optimizer that the configuration names."""
    return AdamW(parameters) if config.optimizer == "adamw" else Sgd(parameters)

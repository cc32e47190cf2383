"""The optimizers compared with those of torch."""

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import TrainConfig
from seqlm.presets import preset_config
from seqlm.training.optimizer import Optimizer, make_optimizer

RATES = [0.1, 0.05, 0.2, 0.01, 0.1, 0.1]
Make = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
CONFIGS = {
    "sgd": TrainConfig(optimizer="sgd"),
    "momentum": TrainConfig(optimizer="sgd", momentum=0.9),
    "adam": TrainConfig(optimizer="adam"),
    "adamw": TrainConfig(optimizer="adamw"),
}
REFERENCES: dict[str, Make] = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=1.0),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=1.0, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1.0),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.99)),
}


def test_every_optimizer_is_tested() -> None:
    choices = dotted_keys.find(preset_config("names-mlp"), "train.optimizer").choices
    assert {config.optimizer for config in CONFIGS.values()} == set(choices)


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(s, generator=generator)) for s in [(3, 4), (4,), (1,)]]


def give_gradients(to: list[nn.Parameter], step: int) -> None:
    generator = torch.Generator().manual_seed(100 + step)
    for parameter in to:
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def optimizer_of(name: str, of: list[nn.Parameter]) -> Optimizer:
    return make_optimizer(CONFIGS[name], of)


def assert_close(ours: list[nn.Parameter], theirs: list[nn.Parameter]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_several_steps_equal_those_of_torch(name: str, weight_decay: float) -> None:
    ours, theirs = parameters(), parameters()
    optimizer, reference = optimizer_of(name, ours), REFERENCES[name](theirs)
    for step, rate in enumerate(RATES):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        optimizer.step(rate, weight_decay)
        for group in reference.param_groups:
            group["lr"], group["weight_decay"] = rate, weight_decay
        reference.step()
        assert_close(ours, theirs)


def test_adamw_decays_the_weights_independently_of_the_gradient() -> None:
    (weight,) = ours = [nn.Parameter(torch.tensor([2.0]))]
    weight.grad = torch.tensor([0.0])
    optimizer_of("adamw", ours).step(0.1, 0.5)
    assert float(weight.detach()) == pytest.approx(2.0 * (1 - 0.1 * 0.5))


def test_adam_adds_the_weight_decay_to_the_gradient() -> None:
    (weight,) = ours = [nn.Parameter(torch.tensor([2.0]))]
    weight.grad = torch.tensor([0.0])
    optimizer_of("adam", ours).step(0.1, 0.5)
    assert float(weight.detach()) == pytest.approx(2.0 - 0.1)  # by its sign, whatever its size


@pytest.mark.parametrize("name", REFERENCES)
def test_a_restored_optimizer_continues_bit_for_bit(name: str) -> None:
    ours, other = parameters(), parameters()
    optimizer = optimizer_of(name, ours)
    for step in range(3):
        give_gradients(ours, step)
        optimizer.step(0.1, 0.1)
    saved = {key: tensor.clone() for key, tensor in optimizer.tensors().items()}
    with torch.no_grad():
        for one, copied in zip(ours, other, strict=True):
            copied.copy_(one)
    loaded = optimizer_of(name, other)
    loaded.load(saved)
    for step in range(3, 6):
        for each, by in ((ours, optimizer), (other, loaded)):
            give_gradients(each, step)
            by.step(0.05, 0.1)
    assert all(torch.equal(one, copied) for one, copied in zip(ours, other, strict=True))


@pytest.mark.parametrize(
    ("name", "key"), [("momentum", "0.velocity"), ("adam", "0.exp_avg"), ("adamw", "0.exp_avg")]
)
def test_state_of_another_shape_is_rejected(name: str, key: str) -> None:
    with pytest.raises(ValueError, match=re.escape(key)):
        optimizer_of(name, parameters()).load({key: torch.zeros(2)})


def clipped(gradients: list[Tensor], norm: float) -> float:
    of = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(of, gradients, strict=True):
        parameter.grad = gradient.clone()
    clip_grad_norm_(of, norm)
    return float(torch.cat([p.grad.flatten() for p in of if p.grad is not None]).norm())


def test_a_clipped_gradient_has_the_maximum_norm() -> None:
    assert clipped([torch.ones(4), torch.ones(5)], 1.0) == pytest.approx(1, abs=1e-4)
    assert clipped([torch.ones(4)], 10.0) == pytest.approx(2)

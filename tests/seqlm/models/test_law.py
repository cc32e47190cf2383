"""The model law for all families; a new family of the registry is tested automatically."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_variants import V, every_config, model_of, name_of, tokens_of, variants
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from seqlm.models.base import State
from seqlm.models.registry import build

every_fill = pytest.mark.parametrize("fill_id", [V - 1, V])
trainable = pytest.mark.parametrize(
    "config", [c for c in variants() if not c.learns_by_counting], ids=name_of
)
with_dropout = pytest.mark.parametrize(
    "config", [c for c in variants() if hasattr(c, "dropout")], ids=name_of
)


@every_config
@every_fill
def test_logits_and_state_have_the_right_shapes(config: Any, fill_id: int) -> None:
    logits, state = model_of(config, fill_id)(tokens_of(3, 6))
    assert logits.shape == (3, 6, V)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()
    assert all(part.shape[0] == 3 for part in state)


@every_config
@every_fill
@torch.inference_mode()
def test_carried_state_equals_one_call_at_every_split(config: Any, fill_id: int) -> None:
    model, tokens = model_of(config, fill_id), tokens_of(2, 8)
    whole, end = model(tokens)
    for cut in range(1, 8):
        first, state = model(tokens[:, :cut])
        second, last = model(tokens[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=0)
        assert_same_state(last, end)


@every_config
@torch.inference_mode()
def test_one_token_at_a_time_equals_one_call(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(2, 8)
    whole, _ = model(tokens)
    state: State | None = None
    for position in range(8):
        logits, state = model(tokens[:, position : position + 1], state)
        torch.testing.assert_close(logits[:, 0], whole[:, position], atol=1e-5, rtol=0)


def assert_same_state(one: State, other: State) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


@every_config
@settings(max_examples=8)
@given(data=st.data())
def test_later_tokens_never_change_earlier_logits(config: Any, data: st.DataObject) -> None:
    model, tokens = model_of(config), tokens_of(2, 8)
    position = data.draw(st.integers(1, 7))
    other = tokens.clone()
    other[:, position:] = data.draw(st.integers(0, V - 1))
    with torch.inference_mode():
        torch.testing.assert_close(
            model(other)[0][:, :position], model(tokens)[0][:, :position], atol=1e-6, rtol=0
        )


@every_config
@torch.inference_mode()
def test_rows_of_a_batch_are_independent(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(4, 5)
    together, _ = model(tokens)
    for row in range(4):
        alone, _ = model(tokens[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=0)


@every_config
@torch.inference_mode()
def test_padding_does_not_change_earlier_logits(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(1, 5)
    padded = torch.cat([tokens, torch.zeros(1, 3, dtype=torch.int64)], dim=1)
    torch.testing.assert_close(model(padded)[0][:, :5], model(tokens)[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "config", [c for c in variants() if model_of(c).context is not None], ids=name_of
)
@torch.inference_mode()
def test_prediction_depends_only_on_the_context(config: Any) -> None:
    model = model_of(config)
    assert model.context is not None
    tokens, other = tokens_of(1, 8), tokens_of(1, 8, seed=1)
    seen = model.context
    joined = torch.cat([other[:, : 8 - seen], tokens[:, 8 - seen :]], dim=1)
    torch.testing.assert_close(model(joined)[0][:, -1], model(tokens)[0][:, -1])


@every_config
def test_initialization_depends_only_on_the_seed(config: Any) -> None:
    torch.manual_seed(1)
    one = build(config, V, V - 1, seed=5).state_dict()
    random_after = torch.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), random_after)
    torch.manual_seed(2)
    same = build(config, V, V - 1, seed=5).state_dict()
    other = build(config, V, V - 1, seed=6).state_dict()
    assert one.keys() == same.keys()
    assert all(torch.equal(one[name], same[name]) for name in one)
    if sum(part.numel() for part in one.values()):
        assert any(not torch.equal(one[name], other[name]) for name in one)


@every_config
@torch.inference_mode()
def test_saved_weights_give_the_same_logits_bit_for_bit(config: Any, tmp_path: Path) -> None:
    model, tokens = model_of(config), tokens_of(2, 6)
    weights = {name: part.contiguous() for name, part in model.state_dict().items()}
    save_file(weights, tmp_path / "weights.safetensors")
    other = build(config, V, V - 1, seed=99)
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(other.eval()(tokens)[0], model(tokens)[0])


@trainable
@torch.inference_mode()
def test_initial_loss_is_close_to_uniform(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(64, 9)
    logits, _ = model(tokens[:, :-1])
    loss = float(cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()))
    assert loss == pytest.approx(math.log(V), abs=0.1 if config.init == "scaled" else 0.25)


@trainable
def test_one_batch_can_be_memorized(config: Any) -> None:
    context = model_of(config).context or 8
    model = model_of(config).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    tokens = torch.tensor([[6, 0, 1, 2, 3, 4, 5, 6], [6, 1, 3, 5, 0, 2, 4, 6]])
    tokens = tokens[: 1 if context == 1 else 2]  # one token seen cannot tell the rows apart
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(300 if context == 1 else 250):
        logits, _ = model(tokens[:, :-1])
        loss = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    floor = 0.0 if context == 1 else math.log(2) / 7  # the first letter is even odds
    assert float(loss.detach()) < floor + 0.05


@trainable
def test_training_gives_the_same_numbers_bit_for_bit(config: Any) -> None:
    def trained() -> dict[str, torch.Tensor]:
        torch.manual_seed(0)  # dropout draws from torch's own generator
        model, tokens = model_of(config).train(), tokens_of(4, 9)
        for _ in range(3):
            logits, _ = model(tokens[:, :-1])
            cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
            for parameter in model.parameters():
                parameter.data -= 0.1 * parameter.grad
                parameter.grad = None
        return model.state_dict()

    first, again = trained(), trained()
    assert all(torch.equal(first[name], again[name]) for name in first)


@with_dropout
def test_dropout_acts_in_training_only(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(2, 6)
    assert torch.equal(model(tokens)[0], model(tokens)[0])
    model.train()
    assert not torch.equal(model(tokens)[0], model(tokens)[0])


@trainable
def test_every_parameter_gets_a_gradient(config: Any) -> None:
    model = model_of(config, fill_id=V).train()
    logits, _ = model(tokens_of(4, 6))
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())

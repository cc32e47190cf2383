"""Written-out forward passes of all families, compared with the models themselves."""

from typing import Any

import pytest
import torch
from model_variants import every_config, model_of, tokens_of, variants

from seqlm.configuration.model_configs import GruConfig, LstmConfig, RnnConfig, TransformerConfig
from seqlm.errors import RequestError, SeqlmError
from seqlm.insight.activations import Ablation, Recorder, parse_ablations, with_means
from seqlm.insight.forward_pass import (
    AblatedModel,
    activation_sizes,
    activations_of,
    mean_activations,
    run_forward,
)
from seqlm.models.base import SequenceModel

CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 1e-5}


@every_config
@torch.inference_mode()
def test_logits_equal_those_of_the_model(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(3, 8)
    logits, _ = run_forward(model, tokens, Recorder())
    torch.testing.assert_close(logits, model(tokens)[0], **CLOSE)


@every_config
@torch.inference_mode()
def test_carried_state_equals_one_call(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(2, 8)
    whole, _ = run_forward(model, tokens, Recorder())
    for cut in (1, 3, 7):
        first, state = run_forward(model, tokens[:, :cut], Recorder())
        second, _ = run_forward(model, tokens[:, cut:], Recorder(), state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, **CLOSE)


@every_config
def test_recording_changes_no_result(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(2, 8)
    before = model(tokens)[0].detach()
    silent, _ = run_forward(model, tokens, Recorder(is_recording=False))
    recorded, _ = run_forward(model, tokens, Recorder())
    assert torch.equal(silent, recorded)
    assert torch.equal(model(tokens)[0], before)


@every_config
def test_every_activation_has_batch_and_time_first(config: Any) -> None:
    recorder = Recorder()
    run_forward(model_of(config), tokens_of(3, 8), recorder)
    assert list(recorder.values)[-1] == "logits"
    assert all(values.shape[:2] == (3, 8) for values in recorder.values.values())


def test_all_activations_of_an_lstm_follow_its_equations() -> None:
    model = model_of(LstmConfig(embedding=5, hidden=9))
    found = activations_of(model, [6, 0, 1, 2])
    previous = torch.cat([torch.zeros(1, 9), found["layer.0.cell"][:-1]])
    cell = (
        found["layer.0.gate.forget"] * previous
        + found["layer.0.gate.input"] * found["layer.0.candidate"]
    )
    torch.testing.assert_close(found["layer.0.cell"], cell, **CLOSE)
    hidden = found["layer.0.gate.output"] * cell.tanh()
    torch.testing.assert_close(found["layer.0.hidden"], hidden, **CLOSE)


@pytest.mark.parametrize("config", [RnnConfig(layers=2), GruConfig(layers=2), LstmConfig(layers=2)])
@torch.inference_mode()
def test_hidden_states_equal_those_of_the_library(config: Any) -> None:
    model: Any = model_of(config)
    expected, _ = model.layers(model.embedding(tokens_of(1, 8)))
    found = activations_of(model, tokens_of(1, 8)[0].tolist())
    torch.testing.assert_close(found["layer.1.hidden"], expected[0], **CLOSE)


def test_attention_patterns_are_causal_and_sum_to_one() -> None:
    model = model_of(TransformerConfig(width=8, heads=2, max_tokens=16))
    pattern = activations_of(model, tokens_of(1, 8)[0].tolist())["layer.1.head.1.pattern"]
    torch.testing.assert_close(pattern.sum(-1), torch.ones(8))
    assert torch.equal(pattern.triu(1), torch.zeros(8, 8))


def test_more_tokens_than_positions_are_an_error() -> None:
    model = model_of(TransformerConfig(width=8, heads=2, max_tokens=16))
    _, state = run_forward(model, tokens_of(1, 10), Recorder())
    with pytest.raises(SeqlmError, match="17 tokens are more than the 16 positions"):
        run_forward(model, tokens_of(1, 7), Recorder(), state)


@every_config
@torch.inference_mode()
def test_an_ablated_unit_is_zero_and_everything_before_it_is_unchanged(config: Any) -> None:
    model, ids = model_of(config), tokens_of(1, 6)[0].tolist()
    whole = activations_of(model, ids)
    for name, size in activation_sizes(model).items():
        if config.learns_by_counting:
            continue
        cut = activations_of(model, ids, [Ablation(name, size - 1)])
        unit_of_every_position = cut[name][..., size - 1 : size]
        assert torch.equal(unit_of_every_position, torch.zeros_like(unit_of_every_position)), name
        for earlier in whole:
            if earlier == name:
                break
            if "layer" not in earlier:  # within a layer, later steps depend on earlier ones
                assert torch.equal(cut[earlier], whole[earlier]), (name, earlier)


@every_config
@torch.inference_mode()
def test_an_ablated_model_satisfies_the_model_law(config: Any) -> None:
    model, tokens = model_of(config), tokens_of(2, 8)
    name = list(activation_sizes(model))[-2:][0]
    cut: SequenceModel = AblatedModel(model, [Ablation(name, 0)])
    whole, _ = cut(tokens)
    first, state = cut(tokens[:, :3])
    second, _ = cut(tokens[:, 3:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, **CLOSE)
    assert list(cut.parameters()) == []  # the weights belong to the model alone


def test_ablating_everything_before_the_output_leaves_its_bias() -> None:
    model: Any = model_of(LstmConfig(embedding=5, hidden=9))
    logits, _ = AblatedModel(model, [Ablation("layer.0.hidden")])(tokens_of(1, 5))
    torch.testing.assert_close(logits, model.output.bias.expand_as(logits))


def test_ablation_by_the_mean_uses_the_mean_over_the_reference_texts() -> None:
    model: Any = model_of(LstmConfig(embedding=5, hidden=9))
    texts = [[6, 0, 1], [6, 2, 2, 3]]
    *_, means = mean_activations(model, texts)
    rows = torch.cat([activations_of(model, ids)["layer.0.hidden"] for ids in texts])
    torch.testing.assert_close(means["layer.0.hidden"], rows.mean(0), **CLOSE)
    cut = AblatedModel(model, with_means(parse_ablations(["layer.0.hidden=mean"], SIZES), means))
    expected = model.output(rows.mean(0)).expand(1, 5, -1)
    torch.testing.assert_close(cut(tokens_of(1, 5))[0], expected, **CLOSE)


SIZES = {"embedding": 5, "layer.0.hidden": 9, "layer.0.head.1.output": 4, "logits": 7}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("embedding", Ablation("embedding")),
        ("layer.0.hidden.8", Ablation("layer.0.hidden", 8)),
        ("layer.0.hidden=mean", Ablation("layer.0.hidden", None, True)),
        ("layer.0.head.1", Ablation("layer.0.head.1.output")),
        ("layer.0.head.1.3=mean", Ablation("layer.0.head.1.output", 3, True)),
    ],
)
def test_ablation_names(text: str, expected: Ablation) -> None:
    assert parse_ablations([text], SIZES) == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer.0.hiden", "Nearest: layer.0.hidden"),
        ("layer.0.hidden.9", "there is no unit 9; allowed: 0 to 8"),
        ("layer.0.hidden.x", "is not an activation of this model"),
        ("", "is not an activation of this model"),
    ],
)
def test_unknown_ablations_are_rejected_by_name(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_ablations([text], SIZES)


def test_every_family_of_the_registry_has_a_forward_pass() -> None:
    for config in variants():
        activation_sizes(model_of(config))

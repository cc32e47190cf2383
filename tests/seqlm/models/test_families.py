"""Configurations of all model families; a new family of the union is tested automatically."""

from typing import Any, get_args

import pytest

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.model_configs import GruConfig, ModelConfig, WaveNetConfig
from seqlm.configuration.run_config import RunConfig
from seqlm.errors import RequestError
from seqlm.models.base import CountedModel
from seqlm.models.registry import BUILDERS, build
from seqlm.presets import PRESETS, preset_config
from seqlm.runspec import recipe

V = 11
every_family = pytest.mark.parametrize("family", get_args(ModelConfig), ids=lambda f: f.__name__)


@every_family
def test_family_has_a_builder(family: type[Any]) -> None:
    assert family in BUILDERS


@every_family
def test_family_has_a_preset(family: type[Any]) -> None:
    assert any(isinstance(preset.config.model, family) for preset in PRESETS.values())


@every_family
@pytest.mark.parametrize("fill_id", [V - 1, V])
def test_configuration_matches_the_model(family: type[Any], fill_id: int) -> None:
    config = family()
    model = build(config, V, fill_id, seed=0)
    assert config.context == model.context
    assert config.learns_by_counting == isinstance(model, CountedModel)
    n_built = sum(parameter.numel() for parameter in model.parameters())
    assert count_parameters(config, V, has_end=fill_id < V) == n_built
    assert config.learns_by_counting == (n_built == 0)


OPTIONS: list[dict[str, Any]] = [
    {"input": "one_hot"},
    {"input": "scalar"},
    {"tied": True, "embedding": 24, "hidden": 24},
    {"layers": 3, "embedding": 5, "hidden": 6},
    {"context": 7, "width": 20, "heads": 5, "max_tokens": 30},
    {"forget_bias": "chrono"},
]


@every_family
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
def test_parameter_count_matches_the_model_for_each_option(
    family: type[Any], options: dict[str, Any]
) -> None:
    config = family(**{k: v for k, v in options.items() if k in family.__struct_fields__})
    for fill_id in (V - 1, V):
        model = build(config, V, fill_id, seed=0)
        n_built = sum(parameter.numel() for parameter in model.parameters())
        assert count_parameters(config, V, has_end=fill_id < V) == n_built
    assert (model.context, model.max_tokens) == (config.context, config.max_tokens)


def test_settings_invalid_in_the_new_family_are_reset() -> None:
    config = RunConfig(preset="names-mlp", model=GruConfig(layers=12, hidden=77))
    changed = dotted_keys.with_value(config, "model.kind", "wavenet").model
    assert changed == WaveNetConfig(hidden=77, embedding=48, init="library")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["model.kind=transformer", "model.width=50", "model.heads=4"],
            r"model\.heads=4 does not divide model\.width=50; allowed: 1, 2, 5, 10, 25, 50",
        ),
        (["model.kind=transformer", "model.heads=65"], r"model\.heads=65 .* 1 to 64"),
        (["model.kind=transformer", "model.max_tokens=0"], r"model\.max_tokens=0 .* 1 to 8,192"),
        (
            ["model.kind=gru", "model.tied=true", "model.embedding=8", "model.hidden=9"],
            r"model\.tied=true needs model\.embedding=8 equal to model\.hidden=9",
        ),
        (
            ["model.kind=bow", "model.tied=true", "model.input=one_hot"],
            r"model\.tied=true needs model\.input=embedding",
        ),
        (["model.kind=wavenet", "model.layers=11"], r"model\.layers=11 .* 1 to 10"),
        (["model.kind=lstm", "model.forget_bias=nan"], r"forget_bias=nan .* a number, chrono"),
        (["model.kind=lstm", "model.memory=1"], r"model\.memory=1 .* 2 to 1,000,000"),
        (["model.kind=gru", "model.dropout=nan"], r"model\.dropout=nan .* 0 to below 1"),
        (["model.kind=ngram", "model.order=0"], r"model\.order=0 .* 1 to 12"),
        (["model.kind=mlp", "model.context=0"], r"model\.context=0 .* 1 to 512"),
        (
            ["model.kind=rnn", "model.input=bits"],
            r"model\.input=bits .* embedding, one_hot, scalar",
        ),
    ],
)
def test_invalid_setting_is_rejected_with_its_bounds(words: list[str], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        recipe.apply_settings(preset_config("names-mlp"), words)


@every_family
def test_window_examples_need_a_fixed_context(family: type[Any]) -> None:
    config = RunConfig(preset="names-mlp", model=family())
    config = dotted_keys.with_value(config, "train.example", "window")
    if family().context is not None:
        dotted_keys.check(config)
        return
    with pytest.raises(RequestError, match=f"{dotted_keys.kind_of(family())} has none"):
        dotted_keys.check(config)


@every_family
@pytest.mark.parametrize("other", get_args(ModelConfig), ids=lambda f: f.__name__)
def test_any_family_becomes_any_other_within_its_bounds(
    family: type[Any], other: type[Any]
) -> None:
    config = RunConfig(preset="names-mlp", model=family())
    changed = dotted_keys.with_value(config, "model.kind", dotted_keys.kind_of(other()))
    assert type(changed.model) is other
    for setting in dotted_keys.settings_of(changed):
        value = dotted_keys.value_of(changed, setting.key)
        assert setting.parse(setting.format(value)) == value
    assert recipe.parse_recipe(recipe.format_recipe(changed)) == changed

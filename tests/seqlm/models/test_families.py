"""Each family says of itself what others have to know. A new one is tested by standing in the union."""

from typing import Any, get_args

import pytest

from seqlm import recipe, settings
from seqlm.config import RunConfig
from seqlm.errors import RequestError
from seqlm.families import ModelConfig
from seqlm.models.base import CountedModel
from seqlm.models.registry import BUILDERS, build
from seqlm.parameters import n_parameters
from seqlm.presets import PRESETS

V = 11
every_family = pytest.mark.parametrize("family", get_args(ModelConfig), ids=lambda f: f.__name__)


@every_family
def test_it_can_be_built_and_has_a_preset(family: type[Any]) -> None:
    assert family in BUILDERS
    assert family in {type(preset.config.model) for preset in PRESETS.values()}


@every_family
@pytest.mark.parametrize("fill_id", [V - 1, V])
def test_what_it_says_is_what_is_built(family: type[Any], fill_id: int) -> None:
    config = family()
    model = build(config, V, fill_id, seed=0)
    assert config.context == model.context
    assert config.learns_by_counting == isinstance(model, CountedModel)
    n_built = sum(parameter.numel() for parameter in model.parameters())
    assert n_parameters(config, V, has_end=fill_id < V) == n_built
    assert config.learns_by_counting == (n_built == 0)


@every_family
def test_windows_are_for_those_that_see_so_many_tokens(family: type[Any]) -> None:
    config = RunConfig(preset="names-mlp", model=family())
    config = settings.with_value(config, "train.example", "window")
    if family().context is not None:
        settings.check(config)
        return
    with pytest.raises(RequestError, match=f"{settings.kind_of(family())} has none"):
        settings.check(config)


@every_family
@pytest.mark.parametrize("other", get_args(ModelConfig), ids=lambda f: f.__name__)
def test_any_family_becomes_any_other_within_its_bounds(
    family: type[Any], other: type[Any]
) -> None:
    config = RunConfig(preset="names-mlp", model=family())
    changed = settings.with_value(config, "model.kind", settings.kind_of(other()))
    assert type(changed.model) is other
    for setting in settings.settings_of(changed):
        value = settings.value_of(changed, setting.key)
        assert setting.parse(setting.show(value)) == value
    assert recipe.read(recipe.write(changed)) == changed

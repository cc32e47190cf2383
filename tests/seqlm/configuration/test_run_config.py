import msgspec
import pytest
from msgspec import inspect

from seqlm.configuration import dotted_keys, model_configs
from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from seqlm.presets import PRESETS, preset_config

FAMILIES = [family() for family in ModelConfig.__args__]
EVERY_SETTING = list(
    {
        (setting.key, setting.help): setting
        for model in FAMILIES
        for setting in dotted_keys.settings_of(RunConfig(preset="names-mlp", model=model))
    }.values()
)


@pytest.mark.parametrize("setting", EVERY_SETTING, ids=lambda setting: setting.key)
def test_each_setting_has_help_and_bounds(setting: Setting) -> None:
    assert setting.help
    assert setting.format_bounds()
    assert setting.default is None or setting.parse(setting.format(setting.default)) is not None


@pytest.mark.parametrize("setting", EVERY_SETTING, ids=lambda setting: setting.key)
def test_each_number_has_two_bounds(setting: Setting) -> None:
    if setting.kind in ("int", "float"):
        assert setting.minimum is not None
        assert setting.maximum is not None
        assert setting.minimum < setting.maximum


@pytest.mark.parametrize("name", PRESETS)
def test_the_configuration_of_each_preset_survives_json_unchanged(name: str) -> None:
    config = preset_config(name)
    assert msgspec.json.decode(msgspec.json.encode(config), type=RunConfig) == config


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_is_within_the_bounds(name: str) -> None:
    config = preset_config(name)
    dotted_keys.check(config)
    for setting in dotted_keys.settings_of(config):
        value = dotted_keys.value_of(config, setting.key)
        assert setting.parse(setting.format(value)) == value


@pytest.mark.parametrize("name", PRESETS)
def test_scheduled_changes_of_presets_are_live_and_ordered(name: str) -> None:
    config = preset_config(name)
    assert [c.step for c in config.changes] == sorted(c.step for c in config.changes)
    assert all(dotted_keys.find(config, change.key).is_live for change in config.changes)


def test_unknown_names_are_rejected() -> None:
    with pytest.raises(msgspec.ValidationError, match="hiden"):
        msgspec.json.decode(
            b'{"preset": "x", "model": {"kind": "mlp", "hiden": 3}}', type=RunConfig
        )


def test_kind_distinguishes_the_families() -> None:
    kinds = [dotted_keys.kind_of(model) for model in FAMILIES]
    assert kinds == list(model_configs.FAMILIES)
    assert isinstance(inspect.type_info(ModelConfig), inspect.UnionType)

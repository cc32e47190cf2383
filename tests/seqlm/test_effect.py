import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm import effect, recipe, settings
from seqlm.config import RunConfig
from seqlm.data.prepare import prepare
from seqlm.families import ModelConfig
from seqlm.presets import PRESETS, preset_config
from seqlm.setting import Setting

MLP = preset_config("names-mlp")
LSTM = preset_config("prose-lstm")
FAMILIES = [replace(MLP, model=family()) for family in typing.get_args(ModelConfig)]


def another_value(setting: Setting) -> Any:
    """A value that is not the default one."""
    if setting.choices:
        return next(choice for choice in setting.choices if choice != setting.default)
    if setting.kind == "bool":
        return not setting.default
    found = (setting.minimum, setting.maximum)
    low, high = (int(n) if setting.kind == "int" else n for n in found if n is not None)
    return low if low != setting.default and setting.admits(low) else high


def with_what_it_needs(config: RunConfig, key: str) -> RunConfig:
    """The configuration changed so that a setting has an effect."""
    needed = settings.find(config, key).only_with
    if needed is None:
        return config
    other, values = needed
    wanted = values[0] if values else another_value(settings.find(config, other))
    return with_what_it_needs(settings.with_value(config, other, wanted), other)


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_shown_of_a_preset_has_an_effect(name: str) -> None:
    config = PRESETS[name].config
    shown = effect.shown_keys(config)
    assert shown == {
        s.key for s in settings.settings_of(config) if effect.has_effect(config, s.key)
    }
    assert {"data.corpus", "model.kind", "seed"} <= shown


@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: settings.kind_of(config.model))
def test_every_setting_is_shown_with_what_it_needs(config: RunConfig) -> None:
    for setting in settings.settings_of(config):
        met = with_what_it_needs(config, setting.key)
        is_trained = not config.model.learns_by_counting or not setting.key.startswith("train.")
        assert effect.has_effect(met, setting.key) == is_trained
        if setting.only_with is not None:
            assert settings.find(config, setting.only_with[0]).key == setting.only_with[0]
            assert all(
                settings.find(config, setting.only_with[0]).admits(v) for v in setting.only_with[1]
            )


@given(st.data())
def test_a_value_that_was_set_is_shown_with_an_effect_or_without(data: st.DataObject) -> None:
    every = [s for s in settings.settings_of(LSTM) if s.kind != "text"]
    for setting in data.draw(st.lists(st.sampled_from(every), max_size=4)):
        if setting.key.startswith("model.") and setting.key != "model.kind":
            continue
        config = settings.with_value(LSTM, setting.key, another_value(setting))
        assert recipe.named(config) <= effect.shown_keys(config)


@pytest.mark.parametrize(
    ("line", "key", "has_effect"),
    [
        ("names-mlp", "data.max_words", False),
        ("names-mlp data.tokenizer=word", "data.max_words", True),
        ("names-mlp data.tokenizer=word", "data.merges", False),
        ("names-mlp data.tokenizer=bpe", "data.merges", True),
        ("names-mlp", "data.length", False),
        ("counting", "data.length", True),
        ("names-mlp", "data.targets", True),
        ("prose-lstm", "data.targets", False),
        ("prose-lstm data.mode=lines train.example=item", "data.targets", True),
        ("names-lstm data.corpus=own.txt", "data.targets", True),
        ("names-lstm data.corpus=own.txt train.example=auto", "train.chunk", True),
        ("names-mlp", "train.chunk", False),
        ("names-lstm", "train.chunk", False),
        ("prose-lstm", "train.chunk", True),
        ("names-mlp", "train.momentum", True),
        ("names-lstm train.optimizer=adam", "train.momentum", False),
        ("names-mlp", "train.drop_at", False),
        ("names-mlp train.schedule=step", "train.drop_at", True),
        ("names-mlp train.schedule=one-cycle", "train.warmup", True),
        ("names-mlp train.clip=off", "train.clip_by", False),
        ("names-mlp train.clip=1", "train.clip_by", True),
        ("names-mlp model.input=one_hot", "model.embedding", False),
        ("names-ngram model.smoothing=add-k", "model.add_k", True),
        ("names-ngram model.smoothing=kneser-ney", "model.add_k", False),
        ("names-ngram", "train.learning_rate", False),
        ("names-lstm model.forget_bias=chrono", "model.memory", True),
        ("names-lstm model.forget_bias=1", "model.memory", False),
    ],
)
def test_what_has_an_effect(line: str, key: str, has_effect: bool) -> None:
    assert effect.has_effect(recipe.read(line), key) == has_effect


@pytest.mark.parametrize("line", ["counting", "hello", "counting data.tokenizer=char"])
def test_a_text_is_the_same_whatever_has_no_effect_on_it(line: str) -> None:
    config = recipe.read(line)
    usual = prepare(config.data)
    for setting in settings.settings_of(config):
        if setting.key.startswith("data.") and not effect.has_effect(config, setting.key):
            if setting.key == "data.length":  # refused where it means nothing
                continue
            other = settings.with_value(config, setting.key, another_value(setting))
            found = prepare(other.data)
            assert list(found.sequences("train")) == list(usual.sequences("train"))

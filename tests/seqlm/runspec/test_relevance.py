"""Relevance of settings, checked against the losses of a few training steps."""

import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.prepared_text import PreparedText, prepare
from seqlm.errors import RequestError
from seqlm.presets import PRESETS, preset_config
from seqlm.protocol.events import Evaluated, StepsDone
from seqlm.runspec import recipe, relevance
from seqlm.training.trainer import Trainer

LSTM = preset_config("prose-lstm")
SMALL = (
    "names-mlp seed=3 data.deduplicate=false model.init=scaled model.hidden=8 train.steps=4"
    " train.evaluate_every=2 train.batch=4 train.chunk=6 train.order=shuffle"
    " train.learning_rate=0.5"
)


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a list with capitals, punctuation and duplicate lines, and one long text."""
    draw, folder = random.Random(0), tmp_path_factory.mktemp("corpora")
    words = ["An", "bel,", "co", "da", "el!", "fi", "Ga", "lo", "mi", "an"]
    lines = [" ".join(draw.choices(words, k=draw.randint(2, 4))) for _ in range(40)]
    texts = {"lines": "\n".join([*lines, *lines[:10]]), "stream": " ".join(lines)}
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return {name: folder / f"{name}.txt" for name in texts}


@pytest.fixture
def small_config(corpora: dict[str, Path]) -> Any:
    """Return a parser of settings for a short training; LINES and STREAM name the corpora."""

    def read(words: str) -> RunConfig:
        for name, path in corpora.items():
            words = words.replace(name.upper(), f"data.corpus={path} data.mode={name}")
        return recipe.apply_settings(recipe.parse_recipe(SMALL), words.split())

    return read


@cache
def text_of(data: DataConfig) -> PreparedText:
    return prepare(data)


@cache
def losses(config: RunConfig) -> tuple[Any, ...]:
    """Return all losses of a training: of each step and of each validation."""
    events = [event for event in Trainer(config, text_of(config.data)).run() if event is not None]
    steps = [loss for e in events if isinstance(e, StepsDone) for loss in e.losses]
    checks = [(e.step, e.split, e.loss) for e in events if isinstance(e, Evaluated)]
    return (*steps, *checks)


def other_values(setting: Setting, value: Any) -> list[Any]:
    """Return other allowed values: small ones, and values near the current one."""
    if setting.kind == "text":
        return []
    if setting.choices or setting.kind == "bool":
        return [v for v in setting.choices or (False, True) if v != value]
    if value is None:
        found: list[Any] = [0.001, 0.01, 0.5] if setting.kind == "float" else [1, 2, 3]
    elif setting.kind == "float":
        found = [value / 3, value * 2 + 0.01, (value + 1) / 2]
    else:
        found = [1, 2, value + 1]
    return [v for v in found if v != value and setting.is_allowed(v)]


def valid_variants(config: RunConfig, key: str) -> list[RunConfig]:
    """Return the configuration with each other allowed value of a setting."""
    found = []
    for value in other_values(dotted_keys.find(config, key), dotted_keys.value_of(config, key)):
        other = dotted_keys.with_value(config, key, value)
        try:
            dotted_keys.check(other)
        except RequestError:
            continue
        found.append(other)
    return found


def losses_or_none(config: RunConfig) -> tuple[Any, ...] | None:
    """Return all losses, or None if the corpus or the model rejects the value."""
    try:
        return losses(config)
    except RequestError:
        return None


def with_conditions_met(config: RunConfig, key: str) -> RunConfig:
    """Return the configuration changed so that all conditions of a setting are met."""
    while (needed := relevance.unmet_condition(config, key)) is not None:
        setting = dotted_keys.find(config, needed.key)
        wanted = [setting.parse(v) for v in needed.values if not needed.is_negated]
        wanted += other_values(setting, dotted_keys.value_of(config, needed.key))
        value = next(v for v in wanted if needed.is_met_by(setting.format(v)))
        config = dotted_keys.with_value(config, needed.key, value)
    return config


@pytest.mark.parametrize("name", PRESETS)
def test_shown_settings_of_a_preset_are_relevant(name: str) -> None:
    config = PRESETS[name].config
    shown = relevance.shown_keys(config)
    assert shown == {
        s.key for s in dotted_keys.settings_of(config) if relevance.is_relevant(config, s.key)
    }
    assert {"data.corpus", "model.kind"} <= shown


CONFIGS_TO_CHECK = [
    "LINES",
    "LINES model.kind=ngram",
    "LINES model.kind=ngram model.smoothing=kneser-ney data.tokenizer=word",
    "LINES model.kind=transformer model.max_tokens=40",
    "STREAM model.kind=transformer",
    "STREAM model.kind=lstm",
    "STREAM model.kind=gru train.example=auto train.batch=all",
    "LINES model.kind=rnn train.batch=all train.optimizer=adam",
    "LINES data.split=100/0/0 model.input=one_hot train.schedule=step",
    "STREAM data.split=90/0/10 train.schedule=one-cycle",
    "LINES model.kind=elman train.schedule=warm-up data.tokenizer=bpe data.merges=3",
    "data.corpus=counting data.split=100/0/0 model.kind=rnn",
]


@pytest.mark.parametrize("words", CONFIGS_TO_CHECK)
def test_irrelevant_setting_changes_no_loss(small_config: Any, words: str) -> None:
    config = small_config(words)
    for setting in dotted_keys.settings_of(config):
        if not relevance.is_relevant(config, setting.key):
            for other in valid_variants(config, setting.key):
                found = losses_or_none(other)
                assert found is None or found == losses(config), recipe.format_recipe(other)


DEPENDENT = [
    (kind, setting.key)
    for kind in FAMILIES
    for setting in dotted_keys.settings_of(dotted_keys.with_value(LSTM, "model.kind", kind))
    if setting.conditions and (kind == "elman" or setting.key.startswith("model."))
    if setting.kind != "text"  # other values of a text are not known
]


@pytest.mark.parametrize(("kind", "key"), DEPENDENT)
def test_setting_with_met_conditions_changes_a_loss(small_config: Any, kind: str, key: str) -> None:
    swings = " train.learning_rate=5 train.evaluate_every=1" if key == "train.patience" else ""
    relevant = with_conditions_met(small_config(f"LINES model.kind={kind}{swings}"), key)
    found = [losses_or_none(other) for other in valid_variants(relevant, key)]
    assert any(one is not None and one != losses(relevant) for one in found), recipe.format_recipe(
        relevant
    )


@pytest.mark.parametrize("kind", FAMILIES)
def test_conditions_of_every_setting_can_be_met(kind: str) -> None:
    config = dotted_keys.with_value(LSTM, "model.kind", kind)
    for setting in dotted_keys.settings_of(config):
        if setting.key in ("train.example", "model.kind"):
            continue
        relevant = with_conditions_met(config, setting.key)
        assert relevance.is_relevant(relevant, setting.key)
        for needed in setting.conditions:
            other = dotted_keys.find(relevant, needed.key)
            typed = [value for value in needed.values if "*" not in value]
            assert [other.format(other.parse(value)) for value in typed] == typed


def test_carry_state_is_relevant_for_recurrent_families_only() -> None:
    for kind in FAMILIES:
        config = dotted_keys.with_value(LSTM, "model.kind", kind)
        config = dotted_keys.with_value(config, "train.example", "chunk")
        can_carry_state = config.model.max_tokens is None and not config.model.learns_by_counting
        assert relevance.is_relevant(config, "train.carry_state") == can_carry_state


def test_length_is_relevant_for_sized_corpora_only() -> None:
    (needed,) = dotted_keys.find(LSTM, "data.length").conditions
    assert {*needed.values} == {name for name, source in CORPORA.items() if source.length}


def test_count_based_model_takes_one_step(small_config: Any) -> None:
    counted = small_config(
        "LINES model.kind=ngram train.steps=1000 train.steps=2000@1 train.seconds=9"
    )
    steps = [loss for loss in losses(counted) if isinstance(loss, float)]
    assert len(steps) == 1


def test_carried_chunks_cannot_be_sampled_with_replacement(small_config: Any) -> None:
    with pytest.raises(RequestError, match=r"it needs train\.carry_state=false"):
        small_config("STREAM model.kind=lstm train.example=auto train.order=replacement")
    stream = "data.corpus=grammar model.kind=lstm train.example=auto train.order=replacement"
    with pytest.raises(RequestError, match=r"it needs train\.carry_state=false"):
        losses(small_config(stream))


@given(st.data())
def test_named_settings_are_always_shown(data: st.DataObject) -> None:
    every = [s for s in dotted_keys.settings_of(LSTM) if s.kind != "text"]
    for setting in data.draw(st.lists(st.sampled_from(every), max_size=4)):
        if setting.key.startswith("model.") and setting.key != "model.kind":
            continue
        value = data.draw(st.sampled_from(other_values(setting, setting.default)))
        config = dotted_keys.with_value(LSTM, setting.key, value)
        assert recipe.named(config) <= relevance.shown_keys(config)


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
        ("names-mlp train.clip=0.001@3", "train.clip_by", True),
        ("names-lstm train.clip=off@3", "train.clip_by", True),
        ("prose-lstm", "train.order", False),
        ("prose-lstm train.carry_state=false", "train.order", True),
        ("prose-lstm train.example=auto", "train.order", False),
        ("names-lstm data.corpus=own.txt train.example=auto", "train.order", False),
        ("names-lstm", "train.order", True),
        ("names-full-batch", "train.order", False),
        ("prose-lstm model.kind=transformer", "train.carry_state", False),
        ("prose-lstm model.kind=transformer", "train.order", True),
        ("names-mlp", "train.patience", True),
        ("names-mlp data.split=90/0/10", "train.patience", False),
        ("names-ngram", "seed", False),
        ("names-mlp model.input=one_hot", "model.embedding", False),
        ("names-ngram model.smoothing=add-k", "model.add_k", True),
        ("names-ngram model.smoothing=kneser-ney", "model.add_k", False),
        ("names-ngram", "train.learning_rate", False),
        ("names-lstm model.forget_bias=chrono", "model.memory", True),
        ("names-lstm model.forget_bias=1", "model.memory", False),
    ],
)
def test_relevance_of_settings(line: str, key: str, has_effect: bool) -> None:
    assert relevance.is_relevant(recipe.parse_recipe(line), key) == has_effect

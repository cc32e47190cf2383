import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration import dotted_keys
from seqlm.errors import RequestError
from seqlm.presets import preset_config

MLP = preset_config("names-mlp")


def parsed(key: str, text: str) -> Any:
    return dotted_keys.find(MLP, key).parse(text)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.steps", "1e3", 1000),
        ("train.steps", "20_000", 20_000),
        ("train.steps", "20,000", 20_000),
        ("train.steps", "1,500,000", 1_500_000),
        ("train.learning_rate", "3e-3", 0.003),
        ("train.clip", "off", None),
        ("train.clip", "None", None),
        ("train.clip", "0.5", 0.5),
        ("train.batch", "all", None),
        ("train.pace", "full", None),
        ("data.deduplicate", "no", False),
        ("data.deduplicate", "TRUE", True),
        ("model.activation", "gelu", "gelu"),
        ("data.corpus", " my file.txt ", "my file.txt"),
        ("data.split", "90/10/0", "90/10/0"),
    ],
)
def test_parse_accepts_common_spellings(key: str, text: str, value: object) -> None:
    found = parsed(key, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "right"),
    [
        ("train.steps", "0", "1 to 1,000,000,000"),
        ("train.steps", "10.5", "1 to 1,000,000,000"),
        ("train.steps", "1,5", "1 to 1,000,000,000"),
        ("train.steps", "1,500,00", "1 to 1,000,000,000"),
        ("train.steps", ",500", "1 to 1,000,000,000"),
        ("train.steps", "1,500e3", "1 to 1,000,000,000"),
        ("train.steps", "many", "1 to 1,000,000,000"),
        ("train.learning_rate", "nan", "0.000001 to 100"),
        ("train.learning_rate", "inf", "0.000001 to 100"),
        ("train.clip", "0", "above 0 to 1,000,000, or off"),
        ("train.clip", "full", "above 0 to 1,000,000, or off"),
        ("train.batch", "off", "1 to 1,000,000, or all"),
        ("train.momentum", "1", "0 to below 1"),
        ("train.warmup", "1.01", "0 to below 1"),
        ("train.patience", "0", "1 to 1,000,000, or off"),
        ("model.dropout", "1", "0 to below 1"),
        ("data.deduplicate", "maybe", "true or false"),
        ("model.activation", "sine", "tanh, gelu, relu"),
        ("data.corpus", "", "seqlm data list, or the path"),
        ("data.split", "abc", "80/10/10"),
        ("data.split", "80/10/10/0", "80/10/10"),
        ("data.split", "80/20", "80/10/10"),
    ],
)
def test_rejection_names_the_allowed_values(key: str, text: str, right: str) -> None:
    with pytest.raises(RequestError, match=re.escape(right)) as refused:
        parsed(key, text)
    assert f"{key}={text}" in str(refused.value)
    assert refused.value.value == text


@given(st.floats(min_value=1e-6, max_value=100))
def test_formatted_number_parses_back_exactly(value: float) -> None:
    rate = dotted_keys.find(MLP, "train.learning_rate")
    assert rate.parse(rate.format(value)) == value


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1"), (0.1, "0.1"), (1e-5, "1e-05")])
def test_number_is_formatted_short(value: float, shown: str) -> None:
    assert dotted_keys.find(MLP, "train.learning_rate").format(value) == shown


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("train.learning_rate", 49.87654321098765, "49.877"),
        ("train.learning_rate", 1e-5 / 3, "3.3333e-06"),
        ("train.steps", 123_456_789, "123456789"),
        ("train.pace", None, "full"),
        ("train.clip", None, "off"),
    ],
)
def test_numbers_in_messages_are_rounded(key: str, value: object, shown: str) -> None:
    assert dotted_keys.find(MLP, key).format_rounded(value) == shown


def test_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"Nearest: model\.hidden"):
        dotted_keys.find(MLP, "model.hiden")


def test_setting_of_another_family_is_rejected() -> None:
    with pytest.raises(RequestError, match="of mlp"):
        dotted_keys.find(MLP, "model.order")


def test_change_of_family_keeps_shared_settings() -> None:
    wide = dotted_keys.with_value(MLP, "model.hidden", 321)
    elman = dotted_keys.with_value(wide, "model.kind", "elman")
    assert dotted_keys.kind_of(elman.model) == "elman"
    assert dotted_keys.value_of(elman, "model.hidden") == 321
    assert dotted_keys.value_of(elman, "model.kind") == "elman"


def test_every_setting_can_be_set_to_its_own_value() -> None:
    for setting in dotted_keys.settings_of(MLP):
        value = dotted_keys.value_of(MLP, setting.key)
        assert dotted_keys.with_value(MLP, setting.key, value) == MLP


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("80/10/20", "100"),
        ("0/50/50", "leaves no training data"),
        ("000/50/50", "leaves no training data"),
    ],
)
def test_invalid_split_is_rejected(split: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        dotted_keys.check(dotted_keys.with_value(MLP, "data.split", split))


def test_window_needs_a_fixed_context() -> None:
    lstm = dotted_keys.with_value(preset_config("names-lstm"), "train.example", "window")
    with pytest.raises(RequestError, match="lstm has none"):
        dotted_keys.check(lstm)


def test_every_bound_is_finite() -> None:
    for setting in dotted_keys.settings_of(MLP):
        for bound in (setting.minimum, setting.maximum):
            assert bound is None or math.isfinite(bound)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("data.mode", "stream", "data.mode=stream has none"),
        ("data.boundary", "end", "use data.boundary=none"),
        ("train.example", "chunk", "train.example=chunk splits items"),
    ],
)
def test_last_targets_need_whole_items_without_end_token(key: str, value: str, words: str) -> None:
    config = dotted_keys.with_value(MLP, "data.targets", "last")
    dotted_keys.check(config)
    with pytest.raises(RequestError, match=words):
        dotted_keys.check(dotted_keys.with_value(config, key, value))

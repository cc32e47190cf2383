from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration import dotted_keys
from seqlm.configuration.schema import Setting
from seqlm.errors import RequestError
from seqlm.presets import PRESETS
from seqlm.runspec import recipe
from workbench.hints.setting_labels import setting_label
from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.controls.setting_text import check_compatible, explanation, format_typed
from workbench.panes.controls.value_editing import next_value, scale_value

MLP = recipe.parse_recipe("names-mlp")


def at(key: str, *words: str) -> tuple[Setting, Any]:
    config = recipe.apply_settings(MLP, words)
    return dotted_keys.find(config, key), dotted_keys.value_of(config, key)


@pytest.mark.parametrize(
    ("key", "word", "down", "up"),
    [
        ("train.learning_rate", "0.1", 0.05, 0.2),
        ("train.learning_rate", "0.025", 0.02, 0.05),
        ("train.learning_rate", "100", 50, 100),
        ("train.learning_rate", "1e-6", 1e-6, 2e-6),
        ("train.weight_decay", "0", 0, 0.001),
        ("train.weight_decay", "0.001", 0, 0.002),
        ("train.batch", "32", 20, 50),
        ("train.batch", "1", 1, 2),
        ("train.batch", "1000", 500, None),
        ("train.batch", "all", 32, None),
        ("train.patience", "off", 10, None),
        ("train.momentum", "0", 0, 0.001),
        ("train.clip", "off", 10, None),
        ("train.clip", "1", 0.5, 2),
        ("train.clip", "1000", 500, None),
        ("sample.top_k", "off", 10, None),
        ("sample.top_p", "off", 0.5, None),
        ("sample.top_p", "0.5", 0.2, 1),
        ("sample.top_p", "1", 0.5, None),
        ("sample.min_p", "off", 0.5, None),
        ("model.layers", "3", 2, 4),
        ("model.layers", "16", 15, 16),
        ("model.dropout", "0.5", 0.2, 0.5),
        ("seed", "0", 0, 1),
        ("data.deduplicate", "true", False, False),
        ("model.init", "lecture", "scaled", "library"),
        ("data.split", "80/10/10", "80/10/10", "80/10/10"),
    ],
)
def test_next_value_is_round(key: str, word: str, down: Any, up: Any) -> None:
    setting, value = at(key, f"{key}={word}")
    assert (next_value(setting, value, -1), next_value(setting, value, 1)) == (down, up)


@pytest.mark.parametrize(
    ("key", "word", "half", "double"),
    [
        ("train.learning_rate", "0.1", 0.05, 0.2),
        ("train.batch", "1", 1, 2),
        ("train.clip", "off", None, None),
        ("model.kind", "mlp", "mlp", "mlp"),
        ("model.dropout", "0.6", 0.3, 0.6),
    ],
)
def test_halved_and_doubled_values_stay_within_bounds(
    key: str, word: str, half: Any, double: Any
) -> None:
    setting, value = at(key, f"{key}={word}")
    assert (scale_value(setting, value, 0.5), scale_value(setting, value, 2)) == (half, double)


moves = st.lists(st.sampled_from([-1, 1, -2, 2]), max_size=30)


@given(st.sampled_from(dotted_keys.settings_of(MLP)), moves)
def test_every_key_leads_to_an_allowed_value(setting: Setting, path: list[int]) -> None:
    value = dotted_keys.value_of(MLP, setting.key)
    for move in path:
        before = value
        value = (
            next_value(setting, value, move)
            if abs(move) == 1
            else scale_value(setting, value, 2.0 ** (move // 2))
        )
        assert setting.parse(setting.format(value)) == value
        assert None in (value, before) or type(value) is type(before)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.learning_rate", "3e-4", 3e-4),
        ("train.learning_rate", " *2 ", 0.2),
        ("train.learning_rate", "/10", 0.01),
        ("train.learning_rate", "÷4", 0.025),
        ("train.batch", "/10", 3),
        ("train.batch", "1,024", 1024),
        ("train.batch", "All", None),
        ("train.steps", "*1,000", 200_000_000),
        ("train.clip", "off", None),
        ("train.pace", "full", None),
        ("train.optimizer", "adamw", "adamw"),
        ("data.deduplicate", "no", False),
        ("data.corpus", "/tmp/a text.txt", "/tmp/a text.txt"),
    ],
)
def test_typed_value_is_parsed(key: str, text: str, value: Any) -> None:
    assert format_typed(*at(key), text) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        (
            "train.learning_rate",
            "400",
            '"400" is above the maximum of 100. Allowed: 0.000001 to 100; esc keeps 0.1.',
        ),
        (
            "train.batch",
            "0",
            '"0" is below the minimum of 1. Allowed: 1 to 1,000,000, or all; esc keeps 32.',
        ),
        (
            "train.batch",
            "2.5",
            '"2.5" is not a whole number. Allowed: 1 to 1,000,000, or all; esc keeps 32.',
        ),
        ("train.batch", "*1e999", '"inf" is above the maximum of 1,000,000.'),
        ("train.learning_rate", "fast", '"fast" is not a number. Allowed: 0.000001 to 100; '),
        ("train.learning_rate", "nan", '"nan" is not a number.'),
        ("train.learning_rate", "", '"" is not a number.'),
        ("train.learning_rate", "9" * 200, '9…" is above the maximum of 100'),
        ("train.learning_rate", "*x", "*x is not valid. Type *2, /10 or a number."),
        ("train.learning_rate", "/0", "/0 is not valid. Type *2, /10 or a number."),
        ("train.clip", "*2", "*2 needs a number, but gradient clipping is off. Type a number."),
        ("train.clip", "0", '"0" is not above 0. Allowed: above 0 to'),
        ("train.pace", "-1", "Allowed: above 0 to 1,000,000, or full; esc keeps full."),
        (
            "data.deduplicate",
            "maybe",
            '"maybe" is neither true nor false. Allowed: true or false; ',
        ),
        ("data.split", "80", '"80" does not have the required form. Allowed: '),
        (
            "train.optimizer",
            "adamm",
            '"adamm" is not a valid optimizer. Nearest: adam. One of: sgd, adam, adamw.',
        ),
        (
            "model.kind",
            "gpt",
            '"gpt" is not a valid model family. One of: ngram, bigram, mlp, bow, elman, rnn, gru,'
            " lstm, wavenet, transformer.",
        ),
    ],
)
def test_rejection_names_the_allowed_values(key: str, text: str, words: str) -> None:
    with pytest.raises(RequestError) as rejection:
        format_typed(*at(key), text)
    assert words in str(rejection.value)


def test_rejection_quotes_the_input_and_names_the_bound_key() -> None:
    with pytest.raises(RequestError) as rejection:
        format_typed(*at("train.clip"), "<controls.leave>", KeyLabels((("controls.leave", "w"),)))
    assert str(rejection.value).startswith('"<controls.leave>" is not a number.')
    assert "; w keeps " in str(rejection.value)


@given(st.sampled_from(dotted_keys.settings_of(MLP)), st.text(max_size=60))
def test_any_input_is_allowed_or_rejected(setting: Setting, text: str) -> None:
    value = dotted_keys.value_of(MLP, setting.key)
    try:
        found = format_typed(setting, value, text)
    except RequestError:
        return
    assert setting.parse(setting.format(found)) == found


@pytest.mark.parametrize(
    ("line", "key", "value", "words"),
    [
        ("names-mlp", "data.split", "70/20/20", "Split 70/20/20 does not sum to 100."),
        (
            "names-mlp train.example=window",
            "model.kind",
            "lstm",
            "Training example window needs a fixed context; lstm has none; use item or chunk.",
        ),
        (
            "python-lstm",
            "train.order",
            "replacement",
            "Example order replacement samples chunks at random; it needs carry state false.",
        ),
        (
            "names-mlp train.momentum=0.9",
            "train.optimizer",
            "adam",
            "Momentum 0.9 needs optimizer sgd; adam has its own momentum.",
        ),
    ],
)
def test_incompatible_settings_are_named(line: str, key: str, value: str, words: str) -> None:
    with pytest.raises(RequestError) as rejection:
        check_compatible(recipe.parse_recipe(line), key, value)
    assert str(rejection.value) == words


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_has_a_help_text(preset: str) -> None:
    for setting in dotted_keys.settings_of(recipe.parse_recipe(preset)):
        words = explanation(setting)
        term, _, meaning = setting.help.partition(": ")
        assert setting_label(setting.key).lower() == term.lower()
        assert words.lower().startswith(meaning.lower())
        assert setting.format_bounds(with_unit=True).lower() in words.lower()
        assert "default" in words

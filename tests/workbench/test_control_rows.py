from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm import recipe, settings
from seqlm.errors import RequestError
from seqlm.presets import PRESETS
from workbench.control_rows import (
    SECTIONS,
    ControlRow,
    control_rows,
    doubled,
    halved,
    stepped,
    typed,
)

MLP = recipe.read("names-mlp")


def row(key: str, *words: str) -> ControlRow:
    asked = recipe.apply(MLP, words)
    return next(row for row in control_rows(asked, None, {}) if row.key == key)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_has_one_row(preset: str) -> None:
    config = recipe.read(preset)
    rows = control_rows(config, None, {})
    keys = [row.key for row in rows]
    assert sorted(keys) == sorted(["preset", *(s.key for s in settings.settings_of(config))])
    sections = [row.section for row in rows[1:]]
    assert list(dict.fromkeys(sections)) == list(SECTIONS)


def test_live_settings_come_first_in_their_section() -> None:
    training = [row.live for row in control_rows(MLP, None, {}) if row.section == "training"]
    assert training == sorted(training, reverse=True)


def test_before_a_run_nothing_waits() -> None:
    assert all(row.waiting_text is None for row in control_rows(MLP, None, {}))


def test_a_live_row_shows_what_is_in_force() -> None:
    rows = {r.key: r for r in control_rows(MLP, MLP, {"train.learning_rate": 0.025})}
    rate = rows["train.learning_rate"]
    assert (rate.value_text, rate.value, rate.waiting_text) == ("0.025", 0.025, None)
    assert rate.label == "learning rate"


def test_another_value_waits_for_a_new_run() -> None:
    asked = recipe.apply(MLP, ["model.hidden=300"])
    rows = {r.key: r for r in control_rows(asked, MLP, {})}
    hidden = rows["model.hidden"]
    assert (hidden.value_text, hidden.waiting_text, hidden.is_new_run) == ("200", "300", True)
    assert [r.key for r in rows.values() if r.is_new_run] == ["model.hidden"]


def test_a_setting_that_the_running_family_lacks_waits_too() -> None:
    rows = {r.key: r for r in control_rows(recipe.read("names-ngram"), MLP, {})}
    assert (rows["model.order"].value_text, rows["model.order"].waiting_text) == ("—", "6")
    assert (rows["preset"].value_text, rows["preset"].waiting_text) == ("names-mlp", "names-ngram")


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
        ("train.clip", "off", 10, None),
        ("train.clip", "1", 0.5, 2),
        ("train.clip", "1000", 500, None),
        ("sample.top_k", "off", 10, None),
        ("model.layers", "3", 2, 4),
        ("model.layers", "16", 15, 16),
        ("model.dropout", "0.5", 0.2, 0.5),
        ("seed", "0", 0, 1),
        ("data.deduplicate", "true", False, False),
        ("model.init", "lecture", "scaled", "library"),
        ("data.split", "80/10/10", "80/10/10", "80/10/10"),
    ],
)
def test_round_values(key: str, word: str, down: Any, up: Any) -> None:
    at = row(key, f"{key}={word}")
    assert (stepped(at, -1), stepped(at, 1)) == (down, up)


def test_halves_and_doubles_stay_within_bounds() -> None:
    assert halved(row("train.learning_rate")) == 0.05
    assert doubled(row("train.batch")) == 64
    assert halved(row("train.batch", "train.batch=1")) == 1
    assert halved(row("train.clip")) is None
    assert doubled(row("model.kind")) == "mlp"
    assert doubled(row("model.dropout", "model.dropout=0.6")) == 0.6


moves = st.lists(st.sampled_from([-1, 1, -2, 2]), max_size=30)


@given(st.sampled_from(control_rows(MLP, None, {})[1:]), moves)
def test_wherever_keys_lead_the_value_is_possible(start: ControlRow, path: list[int]) -> None:
    config = MLP
    for move in path:
        at = next(r for r in control_rows(config, None, {}) if r.key == start.key)
        value = stepped(at, move) if abs(move) == 1 else (halved if move < 0 else doubled)(at)
        assert at.setting.parse(at.setting.show(value)) == value
        assert value is None or type(value) is type(at.value) or at.value is None
        config = settings.with_value(config, at.key, value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.learning_rate", "3e-4", 3e-4),
        ("train.learning_rate", " *2 ", 0.2),
        ("train.learning_rate", "/10", 0.01),
        ("train.learning_rate", "÷4", 0.025),
        ("train.batch", "/10", 3),
        ("train.batch", "1,024", 1024),
        ("train.clip", "off", None),
        ("train.optimizer", "adamw", "adamw"),
        ("data.deduplicate", "no", False),
        ("data.corpus", "/tmp/a text.txt", "/tmp/a text.txt"),
    ],
)
def test_typed_values(key: str, text: str, value: Any) -> None:
    assert typed(row(key), text) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("train.learning_rate", "400", "400 is above 100, the largest learning rate. Type 1e-06"),
        ("train.learning_rate", "400", "or esc to keep 0.1."),
        ("train.batch", "0", "0 is below 1, the smallest batch"),
        ("train.batch", "2.5", "2.5 is not a possible batch"),
        ("train.learning_rate", "fast", "'fast' is not a possible learning rate"),
        ("train.learning_rate", "nan", "not a possible learning rate"),
        ("train.learning_rate", "*x", "type *2 or /10"),
        ("train.learning_rate", "/0", "type *2 or /10"),
        ("train.clip", "*2", "clip is off"),
        ("train.optimizer", "adamm", "Nearest: adamw."),
        ("train.learning_rate", "", "is not a possible learning rate"),
    ],
)
def test_what_is_refused_says_what_would_be_right(key: str, text: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        typed(row(key), text)
    assert words in str(refused.value)

from itertools import groupby

import pytest

from seqlm.configuration import dotted_keys
from seqlm.presets import PRESETS
from seqlm.runspec import recipe, relevance
from workbench.panes.controls.render import controls_rows
from workbench.panes.controls.rows import SECTIONS, ControlsState, control_rows
from workbench.panes.controls.setting_text import explanation
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.state.app_state import AppState

MLP = recipe.parse_recipe("names-mlp")


@pytest.mark.parametrize("preset", PRESETS)
def test_each_relevant_setting_has_one_row_in_its_group(preset: str) -> None:
    config = recipe.parse_recipe(preset)
    rows = control_rows(config, None, {})
    every = [s.key for s in dotted_keys.settings_of(config) if relevance.is_relevant(config, s.key)]
    assert sorted(row.key for row in rows) == sorted(["preset", *every])
    sections = [s for s in SECTIONS if s.name != "training" or not config.model.learns_by_counting]
    assert [section for section, _ in groupby(rows[1:], key=lambda row: row.section)] == sections
    assert not any(row.no_effect for row in rows)
    assert all(row.section is not None and row.section.is_live == row.live for row in rows[1:])


def test_live_settings_come_first() -> None:
    labels = [row.label for row in control_rows(MLP, None, {})]
    assert labels[:8] == [
        "preset",
        "learning rate",
        "weight decay",
        "gradient clipping",
        "val interval",
        "pace",
        "steps",
        "early stopping",
    ]
    assert labels[8:12] == ["model family", "context", "embedding size", "hidden size"]


def test_no_change_is_pending_before_the_first_run() -> None:
    assert all(row.pending_text is None for row in control_rows(MLP, None, {}))


def test_live_row_shows_its_current_value_and_changes() -> None:
    marks = {"train.learning_rate": (1, 2)}
    rows = {r.key: r for r in control_rows(MLP, MLP, {"train.learning_rate": 0.025}, marks)}
    rate = rows["train.learning_rate"]
    assert (rate.value_text, rate.value, rate.pending_text) == ("0.025", 0.025, None)
    assert (rate.label, rate.marks) == ("learning rate", (1, 2))


def test_changed_value_is_pending_until_a_new_run() -> None:
    asked = recipe.apply_settings(MLP, ["model.hidden=300"])
    rows = {r.key: r for r in control_rows(asked, MLP, {})}
    hidden = rows["model.hidden"]
    assert (hidden.value_text, hidden.pending_text, hidden.is_new_run) == ("200", "300", True)
    assert [r.key for r in rows.values() if r.is_new_run] == ["model.hidden"]


def test_setting_missing_in_the_current_run_is_pending() -> None:
    rows = {r.key: r for r in control_rows(recipe.parse_recipe("names-ngram"), MLP, {})}
    assert (rows["model.order"].value_text, rows["model.order"].pending_text) == ("—", "6")
    assert (rows["preset"].value_text, rows["preset"].pending_text) == ("names-mlp", "names-ngram")


def test_irrelevant_setting_that_was_set_is_marked() -> None:
    asked = recipe.parse_recipe("names-mlp data.max_words=50")
    rows = {row.key: row for row in control_rows(asked, MLP, {})}
    words = rows["data.max_words"]
    assert (words.no_effect, words.value_text, words.pending_text) == (
        "No effect unless tokenizer is word.",
        "10000",
        "50",
    )
    assert "data.unknown" not in rows
    assert AppState(asked, run_config=MLP).pending_keys == ("data.max_words",)
    assert explanation(words.setting, words.no_effect).startswith(
        "No effect unless tokenizer is word. Keep only the most frequent words."
    )
    rendered = controls_rows(ControlsViewModel(ControlsState(tuple(rows.values()))), 60, 90)
    assert sum("no effect" in text for row in rendered for text, _ in row) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("names-ngram train.steps=5", "on counts: nothing is trained."),
        ("names-ngram train.momentum=0.5", "on counts: nothing is trained."),
        ("names-mlp train.clip_by=value", "while gradient clipping is off."),
        ("names-mlp train.warmup=0.1", "unless LR schedule is warm-up or one-cycle."),
        ("names-full-batch train.order=replacement", "while batch size is all."),
        ("hello train.patience=2", "while split is 100/0/0."),
    ],
)
def test_reason_why_a_setting_has_no_effect(line: str, words: str) -> None:
    rows = {row.key: row for row in control_rows(recipe.parse_recipe(line), None, {})}
    assert rows[line.split()[1].partition("=")[0]].no_effect == f"No effect {words}"


def test_live_settings_of_the_current_run_stay_editable() -> None:
    asked = recipe.parse_recipe("names-ngram")
    rows = {row.key: row for row in control_rows(asked, MLP, {"train.learning_rate": 0.02})}
    rate = rows["train.learning_rate"]
    assert (rate.value, rate.pending_text, rate.no_effect) == (0.02, None, "")
    assert rows["train.steps"].pending_text is None
    assert "train.batch" not in rows
    assert not [
        key for key in AppState(asked, run_config=MLP).pending_keys if key.startswith("train.")
    ]


def test_clipping_mode_is_relevant_while_the_run_clips() -> None:
    asked = recipe.parse_recipe("names-mlp train.clip_by=value")
    (row,) = (r for r in control_rows(asked, asked, {}) if r.key == "train.clip_by")
    assert row.no_effect
    (row,) = (
        r for r in control_rows(asked, asked, {"train.clip": 1.0}) if r.key == "train.clip_by"
    )
    assert not row.no_effect


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("running", ["names-mlp", "names-ngram", "words"])
def test_number_of_pending_rows_equals_number_of_pending_keys(preset: str, running: str) -> None:
    asked, running_config = recipe.parse_recipe(preset), recipe.parse_recipe(running)
    rows = control_rows(asked, running_config, {})
    waiting = {row.key for row in rows[1:] if row.pending_text is not None}
    waiting = {key for key in waiting if not key.startswith("sample.")}
    assert waiting == {*AppState(asked, run_config=running_config).pending_keys}

from itertools import groupby

import pytest

from seqlm import recipe, settings
from seqlm.presets import PRESETS
from workbench.panes.controls.rows import SECTIONS, control_rows

MLP = recipe.read("names-mlp")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_has_one_row_under_its_heading(preset: str) -> None:
    config = recipe.read(preset)
    rows = control_rows(config, None, {})
    keys = [row.key for row in rows]
    assert sorted(keys) == sorted(["preset", *(s.key for s in settings.settings_of(config))])
    assert [section for section, _ in groupby(rows[1:], key=lambda row: row.section)] == [*SECTIONS]
    assert all(row.section is not None and row.section.is_live == row.live for row in rows[1:])


def test_what_changes_the_run_that_goes_comes_first() -> None:
    labels = [row.label for row in control_rows(MLP, None, {})]
    assert labels[:8] == [
        "preset",
        "learning rate",
        "weight decay",
        "gradient clip",
        "validate every",
        "pace",
        "stop after",
        "patience",
    ]
    assert labels[8:12] == ["kind", "context", "embedding", "hidden"]


def test_before_a_run_nothing_waits() -> None:
    assert all(row.waiting_text is None for row in control_rows(MLP, None, {}))


def test_a_live_row_shows_what_is_in_force_and_its_changes() -> None:
    marks = {"train.learning_rate": (1, 2)}
    rows = {r.key: r for r in control_rows(MLP, MLP, {"train.learning_rate": 0.025}, marks)}
    rate = rows["train.learning_rate"]
    assert (rate.value_text, rate.value, rate.waiting_text) == ("0.025", 0.025, None)
    assert (rate.label, rate.marks) == ("learning rate", (1, 2))


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

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.style import Style
from textual.app import App, ComposeResult
from textual.events import Key, MouseScrollDown
from textual.pilot import Pilot
from textual.widgets import Input, Static

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import PRESETS, preset_config
from seqlm.runs.run_state import AppliedChange
from seqlm.runspec import recipe
from seqlm.sanitize import sanitize
from workbench.corpus.preview import Preview
from workbench.keyboard.key_labels import DEFAULT_KEYS
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.presets import (
    PresetScreen,
    columns,
    heading,
    matching_presets,
    parameter_count_text,
    preset_line,
)
from workbench.panes.controls.render import action_at, controls_rows, explanation_text, summary_row
from workbench.panes.controls.rows import ControlsState, control_rows, controls_state
from workbench.panes.controls.view_model import (
    ControlsViewModel,
    n_list_lines,
    overflow_text,
    scrolled,
    scrolled_to_cursor,
)
from workbench.render.palette import PALETTES
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance

MLP = recipe.parse_recipe("names-mlp")
ASKED = recipe.apply_settings(MLP, ["model.hidden=300"])
RATE = "train.learning_rate"
CONTENT = ControlsState(
    control_rows(ASKED, MLP, {RATE: 0.025}, {RATE: (1, 2)}),
    11_897,
    17_697,
    n_waiting=1,
    line="names-mlp train.learning_rate=0.05@20000 train.learning_rate=0.025@30000",
)
ROWS = CONTENT.rows
KEYS = [row.key for row in ROWS]
REFUSAL = '"400" is above the maximum of 100. Allowed: 0.000001 to 100; esc keeps 0.025.'


def shown(asked: RunConfig, running: RunConfig | None = None, **in_force: Any) -> ControlsState:
    rows = control_rows(asked, running, in_force)
    n_waiting = sum(row.pending_text is not None for row in rows)
    counts = asked.model.learns_by_counting
    return ControlsState(
        rows, n_waiting=n_waiting, learns_by_counting=counts, can_undo=True, can_redo=True
    )


def view_on(key: str, width: int, height: int, **changes: Any) -> ControlsViewModel:
    view = ControlsViewModel(CONTENT, cursor=KEYS.index(key), **changes)
    return scrolled_to_cursor(view, width, height)


def plain(view: ControlsViewModel, width: int, height: int) -> list[str]:
    rows = controls_rows(view, width, height)
    return ["".join(text for text, _ in row)[:width].rstrip() for row in rows]


GOLDEN_35 = """\
preset              names-mlp   ↻
─ training ────────────── live ───
learning rate     ◂ 0.025 ▸    ▲1▲2
✗ "400" is above the maximum of
  100. Allowed: 0.000001 to 100;
  esc keeps 0.025.
weight decay        0
gradient clipping   off
val interval        1,000 steps
pace                full
steps               200,000 steps
early stopping      off
─ model ──────────── ↻ new run ───
model family        mlp         ↻
context             3 tokens    ↻
embedding size      10          ↻
hidden size         200 → 300   ↻ r
layers              1           ↻
activation          tanh        ↻
dropout             0           ↻
input encoding      embedding   ↻
weight tying        false       ↻
─ 11,897 → 17,697 params ─────────
1 pending: r starts, u undoes
How far each update moves the
weights. Allowed: 0.000001 to 100;
0.1 in names-mlp.

─ C copies this recipe ───────────
names-mlp train.learning_rate=0.05…
""".splitlines()
GOLDEN_77 = """\
context               3 tokens                                            ↻
embedding size        10                                                  ↻
hidden size         ◂ 200 → 300 ▸                                         ↻ r
─ 11,897 → 17,697 params ─ 1 pending change: r starts a new run, u undoes ──
Units in a hidden layer. Allowed: 1 to 8,192; 200 in names-mlp.
""".splitlines()


def test_live_pending_and_rejected_rows_together() -> None:
    assert plain(view_on(RATE, 35, 30, refusal=REFUSAL), 35, 30) == GOLDEN_35


def test_wide_and_short_pane() -> None:
    assert plain(view_on("model.hidden", 77, 8), 77, 8)[-5:] == GOLDEN_77


def test_help_of_a_setting_names_the_value_of_the_preset() -> None:
    for preset in PRESETS:
        rows = control_rows(recipe.parse_recipe(preset), None, {})
        for row in rows[1:]:
            words = explanation_text(row, DEFAULT_KEYS)
            value = dotted_keys.value_of(PRESETS[preset].config, row.key)
            about, _, planned = words.partition(" Planned: ")
            assert about.endswith(f"; {row.setting.format(value)} in {preset}.")
            assert bool(planned) == bool(row.plan)
            view = ControlsViewModel(ControlsState(rows), rows.index(row))
            under = "".join(plain(view, 76, 24)).replace(" ", "")
            assert words.replace(" ", "") in under


def text_of_row(state: AppState, key: str, width: int, below: int = 0) -> str:
    """Return a row of the list; the cursor is on it, or some rows below it."""
    content = controls_state(state)
    at = [row.key for row in content.rows].index(key)
    view = scrolled_to_cursor(ControlsViewModel(content, at + below), width, 30)
    label = content.rows[at].label
    return next(row for row in plain(view, width, 30) if row.startswith(label))


@pytest.mark.parametrize(
    ("width", "rate", "schedule"),
    [
        (35, "◂ 0.1 ▸ then 0.01", "constant + plan"),
        (50, "◂ 0.1 ▸ then 0.01 at 100,000", "constant + 1 planned change"),
        (90, "◂ 0.1 ▸ then 0.01 at step 100,000", "constant + 1 planned change of the rate"),
    ],
)
def test_planned_changes_stand_beside_their_settings(width: int, rate: str, schedule: str) -> None:
    state = AppState(preset_config("names-mlp"))
    assert text_of_row(state, RATE, width).endswith(rate)
    assert schedule in text_of_row(state, "train.schedule", width, below=1)


def test_a_planned_change_that_is_done_is_no_plan_any_more() -> None:
    config = preset_config("names-mlp")
    change = AppliedChange(100_000, RATE, 0.1, 0.01, is_planned=True)
    run = RunState(run="a", step=150_000, changes=(change,), n_changes=1, values={RATE: 0.01})
    state = AppState(config, run_config=config, run=run)
    assert state.planned_changes == ()
    row = text_of_row(state, RATE, 60)
    assert "◂ 0.01 ▸" in row
    assert row.endswith("▲1")
    assert "then" not in row
    assert "+ 1 planned change" in text_of_row(state, "train.schedule", 60)


def test_a_change_after_the_end_of_the_run_is_no_plan() -> None:
    state = AppState(recipe.parse_recipe("names-mlp train.steps=3600"))
    assert state.planned_changes == ()
    assert "then" not in text_of_row(state, RATE, 90)
    assert "plan" not in text_of_row(state, "train.schedule", 90)


def test_border_counts_the_hidden_settings() -> None:
    for height in range(3, 60):
        for at in range(len(ROWS)):
            view = scrolled_to_cursor(ControlsViewModel(CONTENT, at), 35, height)
            seen = plain(view, 35, height)[: n_list_lines(35, height)]
            n_seen = sum(not line.startswith(("─", "✗", "  ")) and line != "" for line in seen)
            counts_shown = [
                int(word) for word in overflow_text(view, 35, height).split() if word.isdecimal()
            ]
            assert sum(counts_shown) + n_seen == len(ROWS)


def test_collapsed_row() -> None:
    collapsed = "".join(text for text, _ in summary_row(CONTENT, 75))
    assert collapsed == "learning rate 0.025 [ ] │ hidden size 200 → 300 ↻ r │ batch 32 │ model mlp"
    assert plain(view_on("train.pace", 40, 1), 40, 1) == ["pace full │ learning rate 0.025"]
    counts = "".join(text for text, _ in summary_row(shown(recipe.parse_recipe("names-ngram")), 60))
    assert counts == "model ngram │ n-gram order 6 │ smoothing kneser-ney"


def test_pending_value_stays_where_both_do_not_fit() -> None:
    six = recipe.parse_recipe("names-ngram")
    asked = recipe.apply_settings(six, ["model.smoothing=witten-bell"])
    view = ControlsViewModel(shown(asked, six), cursor=9)
    assert any("→ witten-bell" in row for row in plain(view, 35, 24))


def test_footer_counts_the_pending_changes() -> None:
    words = "\n".join(plain(ControlsViewModel(shown(MLP, MLP)), 35, 20))
    assert "No pending changes." in words
    slower = recipe.apply_settings(MLP, ["train.learning_rate=0.05"])
    words = "\n".join(plain(ControlsViewModel(shown(slower, MLP)), 35, 20))
    assert "1 pending: space continues" in words


@hypothesis_settings(max_examples=200)
@given(
    st.integers(0, len(ROWS) - 1),
    st.integers(1, 120),
    st.integers(1, 50),
    st.sampled_from(sorted(PALETTES)),
    st.text(max_size=80),
    st.lists(st.integers(-9, 9), max_size=4),
)
def test_cursor_is_visible_at_any_size(
    cursor: int, width: int, height: int, name: str, refusal: str, wheel: list[int]
) -> None:
    palette = PALETTES[name]
    view = ControlsViewModel(CONTENT, cursor=cursor, refusal=refusal)
    for by in wheel:
        view = scrolled(view, by, width, height)
    view = scrolled_to_cursor(view, width, height)
    rows = controls_rows(replace(view, band=palette.band), width, height)
    assert len(rows) == height
    for row in rows:
        for text, role in row:
            kind, _, how = role.partition(" ")
            Style.parse(f"{palette.style(kind)} {how}")  # type: ignore[arg-type]
            assert sanitize(text) == text
    if height > 1 and width >= 30:
        label = ROWS[view.cursor].label
        assert any(line.startswith(label[:8]) for line in plain(view, width, height))


def test_empty_view_model_renders_at_any_height() -> None:
    for height in range(12):
        assert len(controls_rows(ControlsViewModel(), 20, height)) == height


def test_action_of_a_click_by_column() -> None:
    view = view_on("train.learning_rate", 36, 20)
    row = next(line for line in plain(view, 36, 20) if "◂" in line)
    assert action_at(view, row.index("◂"), 36) == "less"
    assert action_at(view, row.index("▸"), 36) == "more"
    assert action_at(view, row.index("0.025"), 36) == "edit"


class Host(App[None]):
    """App that applies the requests of the pane and records them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: RunConfig = MLP
        self.requests: list[Any] = []

    def compose(self) -> ComposeResult:
        yield ControlsPane()

    @property
    def pane(self) -> ControlsPane:
        return self.query_one(ControlsPane)

    def on_mount(self) -> None:
        self.pane.presenter.set_controls(shown(self.asked))
        self.pane.focus()

    def on_controls_pane_value_requested(self, asked: ControlsPane.ValueRequested) -> None:
        self.requests.append((asked.key, asked.value))
        self.asked = dotted_keys.with_value(self.asked, asked.key, asked.value)
        self.pane.presenter.set_controls(shown(self.asked))

    def on_controls_pane_preset_requested(self, asked: ControlsPane.PresetRequested) -> None:
        self.requests.append(asked.name)

    def on_controls_pane_undo_requested(self) -> None:
        self.requests.append("undo")

    def on_controls_pane_redo_requested(self) -> None:
        self.requests.append("redo")


async def press(pilot: Pilot[None], keys: Iterable[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def screen_text(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_keys_step_halve_double_and_undo() -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        await press(pilot, ["left", "l", "left_square_bracket", "right_parenthesis", "u", "U"])
        rate = "train.learning_rate"
        assert app.requests == [
            (rate, 0.05), (rate, 0.1), (rate, 0.05), (rate, 0.1), "undo", "redo",
        ]  # fmt: skip


async def test_keys_without_an_effect_are_inactive() -> None:
    app = Host()
    async with app.run_test(size=(40, 40)) as pilot:
        app.pane.presenter.set_controls(replace(shown(MLP), can_undo=False, can_redo=False))
        rate = {active.binding.id for active in app.screen.active_bindings.values()}
        assert {"controls.less", "controls.halve"} <= rate
        assert not {"controls.undo", "controls.redo", "controls.leave"} & rate
        while (
            app.pane.presenter.view.row is None or app.pane.presenter.view.row.key != "data.corpus"
        ):
            await press(pilot, ["down"])
        text = {active.binding.id for active in app.screen.active_bindings.values()}
        assert not {"controls.less", "controls.halve"} & text
        assert "controls.edit" in text


async def test_typed_value_replaces_the_old_one() -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        await press(pilot, ["enter", *"3e", "minus", "4", "enter"])
        assert app.requests == [("train.learning_rate", 3e-4)]
        assert app.focused is app.pane
        assert "0.0003" in screen_text(app)


async def test_rejected_value_keeps_the_field_open() -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        await press(pilot, ["enter", *"400", "enter"])
        assert '✗ "400" is above the maximum' in screen_text(app)
        assert app.pane.presenter.view.is_editing
        assert app.requests == []
        await press(pilot, ["down"])
        assert '✗ "400"' in screen_text(app)
        await press(pilot, ["escape"])
        assert "✗" not in screen_text(app)
        assert app.focused is app.pane


async def test_escape_reaches_the_app_if_the_pane_does_not_use_it() -> None:
    app = Host()
    app.bind("escape", "unzoom")
    left: list[str] = []
    app.action_unzoom = lambda: left.append("unzoom")  # type: ignore[attr-defined]
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, ["escape", "enter", "escape", "escape"])
        assert len(left) == 2


async def test_keys_in_a_burst_are_not_lost() -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        for key in ("enter", *"*2", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        while not app.requests:
            await pilot.pause()
        assert app.requests == [("train.learning_rate", 0.2)]


async def test_every_letter_types_in_the_field() -> None:
    app = Host()
    async with app.run_test(size=(60, 30)) as pilot:
        await press(pilot, ["enter", *"hjklu", "left_square_bracket", "slash"])
        field = app.focused
        assert isinstance(field, Input)
        assert field.value == "hjklu[/"


async def test_field_covers_the_value_after_scrolling() -> None:
    app = Host()
    async with app.run_test(size=(40, 14)) as pilot:
        for keys in (["home", "down"], ["end"], ["pageup"]):
            await press(pilot, [*keys, "enter"])
            field, row = app.query_one("Field", Input), app.pane.presenter.view.row
            assert row is not None
            line = app.pane.rows(*app.pane.frame.inner)[field.region.y - 1][0][0]
            assert line.startswith(row.label)
            await press(pilot, ["escape"])


async def test_cursor_stays_on_its_setting_when_rows_change() -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        await press(pilot, ["end"])
        here = app.pane.presenter.view.row
        app.pane.presenter.set_controls(shown(recipe.parse_recipe("names-bigram")))
        assert here is not None
        assert app.pane.presenter.view.row is not None
        assert app.pane.presenter.view.row.key == here.key


async def test_mouse_selects_changes_edits_and_scrolls() -> None:
    app = Host()
    async with app.run_test(size=(40, 14)) as pilot:
        await pilot.click(ControlsPane, offset=(5, 8))
        row = app.pane.presenter.view.row
        assert row is not None
        assert row.key == "train.steps"
        await pilot.click(ControlsPane, offset=(22, 8))
        assert app.requests == [("train.steps", 100_000)]
        await pilot.click(ControlsPane, offset=(25, 8))
        await pilot.pause()
        assert isinstance(app.focused, Input)
        await press(pilot, ["escape"])
        for _ in range(4):
            await pilot._post_mouse_events([MouseScrollDown], ControlsPane, offset=(5, 5))
        assert app.pane.presenter.view.top == 8


async def test_preset_is_selected_from_the_list() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["home", "enter"])
        assert isinstance(app.screen, PresetScreen)
        await press(pilot, ["down", "enter"])
        assert app.requests == ["names-mlp-2d"]
        await press(pilot, ["enter", "slash", *"pyth", "enter"])
        assert app.requests[-1] == "python-ngram"
        await press(pilot, ["enter", "down"])
        assert "names-mlp-2d: two-dimensional embeddings" in str(
            app.screen.query_one(Static).visual
        )
        assert app.screen.query_one(Static).region.height == 2
        await pilot.resize_terminal(60, 20)
        await press(pilot, ["escape"])
        await press(pilot, ["enter", "escape"])
        assert len(app.requests) == 2


def test_preset_filter_matches_any_word() -> None:
    assert [preset.name for preset in matching_presets("python LSTM")] == ["python-lstm"]
    assert len(matching_presets("")) == len(PRESETS)
    assert matching_presets("[/nothing") == []


async def test_unchanged_rows_are_not_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    async with app.run_test(size=(40, 30)) as pilot:
        await pilot.pause()
        refreshed: list[Any] = []
        monkeypatch.setattr(app.pane, "refresh", lambda *regions, **_: refreshed.append(regions))
        app.pane.presenter.set_controls(shown(MLP))
        assert refreshed == []
        app.pane.presenter.set_controls(shown(MLP, MLP, **{RATE: 0.025}))
        assert [len(regions) for regions in refreshed] == [1]


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (12, 5), (40, 8), (200, 60)])
async def test_pane_works_at_any_screen_size(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await press(pilot, ["down", "right", "enter", *"x", "enter", "escape", "end"])
        await pilot.resize_terminal(60, 20)
        await pilot.resize_terminal(*size)
        await press(pilot, ["home", "enter", "escape"])


def test_preset_list_shows_parameter_counts_for_known_vocabularies(preview: Preview) -> None:
    sizes = {name: parameter_count_text(preset, preview) for name, preset in PRESETS.items()}
    assert sizes == {name: parameter_count_text(preset, None) for name, preset in PRESETS.items()}
    assert (sizes["names-mlp"], sizes["names-bigram"], sizes["python-lstm"]) == (11_897, 0, None)
    line = preset_line(PRESETS["names-mlp"], Appearance(), columns(120), preview).plain
    assert line.split()[:9] == [
        "names-mlp",
        "names",
        "mlp",
        "11,897",
        "2.337",
        "180",
        "s",
        "MLP",
        "on",
    ]
    line = preset_line(PRESETS["python-lstm"], Appearance(), columns(120), preview).plain
    assert " — " in line


@pytest.mark.parametrize("width", [80, 120])
def test_preset_names_are_not_cut(width: int) -> None:
    at = columns(width)
    assert at.has_lesson == (width == 120)
    heads = heading(Appearance(), at).plain
    for preset in PRESETS.values():
        line = preset_line(preset, Appearance(), at).plain
        family = dotted_keys.kind_of(preset.config.model)
        assert line.split()[:3] == [preset.name, preset.config.data.corpus, family]
        assert (f"  {preset.teaches}" in line) == at.has_lesson
        assert line.index(f" {family} ") + 1 == heads.index("family")
        assert at.width <= width - 8


async def test_incompatible_value_keeps_the_field_open() -> None:
    app = Host()
    async with app.run_test(size=(40, 40)) as pilot:
        app.pane.set_state(AppState(MLP))
        while (
            app.pane.presenter.view.row is None or app.pane.presenter.view.row.key != "data.split"
        ):
            await press(pilot, ["down"])
        await press(pilot, ["enter", *"70/20/20", "enter"])
        assert app.pane.presenter.view.refusal == "Split 70/20/20 does not sum to 100."
        assert app.pane.presenter.view.is_editing
        assert app.requests == []
        await press(pilot, ["escape"])
        assert (app.pane.presenter.view.is_editing, app.pane.presenter.view.refusal) == (False, "")


async def test_incompatible_next_value_is_rejected_with_a_reason() -> None:
    app = Host()
    app.asked = recipe.parse_recipe("names-mlp train.example=window")
    async with app.run_test(size=(40, 40)) as pilot:
        app.pane.set_state(AppState(app.asked))
        while (
            app.pane.presenter.view.row is None or app.pane.presenter.view.row.key != "model.kind"
        ):
            await press(pilot, ["down"])
        await press(pilot, ["right"])
        assert app.pane.presenter.view.refusal.startswith(
            "Training example window needs a fixed context; bow"
        )
        assert app.requests == []


def test_hostile_values_are_sanitized() -> None:
    config = dotted_keys.with_value(MLP, "data.corpus", "[/red]\x1b]52;c;x\x07漢\n")
    for line in plain(ControlsViewModel(shown(config)), 50, 50):
        assert sanitize(line) == line

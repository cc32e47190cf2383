"""Text from outside that looks like the name of a key is shown as it is."""

from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until_settled
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.widgets import Static

from seqlm.presets import preset_config
from seqlm.runs.run_state import Status
from seqlm.sanitize import sanitize
from workbench.hints.hint_rules import hint_for
from workbench.panes.generate.render import generate_rows
from workbench.panes.generate.view_model import GenerateView, StatusMessage
from workbench.panes.pane import appearance_of
from workbench.run.state import RunState
from workbench.screens.open import OpenScreen
from workbench.state.app_state import AppState

CONFIG = preset_config("names-mlp")
PARTS = (
    "<run.space>",
    "<app.open>",
    "<open.down>",
    "<generate.draw>",
    "<",
    ">",
    "run.new",
    "\ufdd0",
)
OUTSIDE = (
    st.lists(st.sampled_from(PARTS) | st.text(max_size=3), min_size=1).map("".join).filter(bool)
)
ENDED: tuple[Status, ...] = ("died", "diverged", "failed", "finished")


@given(OUTSIDE)
def test_the_coach_shows_it(outside: str) -> None:
    start = AppState(CONFIG)
    assert hint_for(replace(start, error_message=outside)).words == outside
    assert hint_for(replace(start, status_message=outside)).words == outside
    assert outside in hint_for(replace(start, run=RunState(run=outside))).words


@given(OUTSIDE, st.sampled_from(ENDED))
def test_the_coach_shows_what_the_trainer_said(outside: str, status: Status) -> None:
    run = RunState(run="names-mlp", status=status, message=f"said: {outside} and ended")
    shown = hint_for(AppState(CONFIG, run_config=CONFIG, run=run)).words
    assert f"aid: {outside} and ended" in shown
    ours = shown.replace(outside, "")
    assert "<" not in ours


@given(OUTSIDE)
def test_the_generate_pane_shows_it(outside: str) -> None:
    view = GenerateView(message=StatusMessage(outside, is_error=True))
    rows = generate_rows(view, 2000, 7)
    assert any(sanitize(outside, 300).strip() in row.plain for row in rows)


@pytest.mark.parametrize("name", ["<run.space>x", "<open.down>", "<open.leave>"])
async def test_the_field_that_opens_shows_it(
    harness: AppHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        screen = OpenScreen(appearance_of(app.main.controls), hint=f"{name} continues.")
        app.push_screen(screen)
        await pilot.pause()
        assert f"{name} continues." in str(screen.query_one(Static).content)
        screen._open(f'"{name}"')
        await app.workers.wait_for_complete()
        await pilot.pause()
        words = f'No preset, file or run called "{name}". ↓ selects from the list.'
        assert words in str(screen.query_one(Static).content)

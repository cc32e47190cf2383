"""Automatic sampling in the Generate pane: any key stops it, and a key that means something acts."""

from collections.abc import Callable
from typing import Any

import pytest
from app_harness import AppHarness, wait_until, wait_until_settled
from generate_harness import END, NEVER_ENDING, Host, press, screen_text, tokens
from recorded_logs import recorded

from workbench.panes.generate.pane import GeneratePane

INTERVAL = "workbench.panes.generate.background_work.AUTO_INTERVAL_S"


@pytest.fixture
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INTERVAL, 0.001)


@pytest.fixture
def _only_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let automatic sampling draw its first token only, so that a test can press a key in time."""
    monkeypatch.setattr(INTERVAL, 3600)


@pytest.mark.usefixtures("_only_first")
async def test_automatic_sampling_stops_at_any_key() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["a"])
        assert app.pane.view.is_auto
        await press(pilot, ["x"])  # no key of the pane or the app
        assert app.pane.work.auto_timer is None
        assert len(tokens(app.pane)) == 1


@pytest.mark.usefixtures("_fast")
async def test_automatic_sampling_stops_after_256_tokens() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["a"])
        while app.pane.work.auto_timer is not None:
            await pilot.pause()
        assert len(tokens(app.pane)) == 256
        assert "256 tokens without an end token" in screen_text(app)


@pytest.mark.usefixtures("_fast")
async def test_automatic_sampling_stops_at_the_end_token() -> None:
    app = Host({END: 0.9, "a": 0.1})
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["a"])
        while app.pane.work.auto_timer is not None:
            await pilot.pause()
        assert tokens(app.pane)[-1] == END


@pytest.mark.usefixtures("_only_first")
@pytest.mark.parametrize("key", ["a", "escape"])
async def test_the_keys_of_automatic_sampling_only_stop_it(key: str) -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["a", key])
        assert app.pane.work.auto_timer is None
        assert not app.pane.view.is_auto
        assert len(tokens(app.pane)) == 1


EFFECTS: dict[str, Callable[[GeneratePane], Any]] = {
    "v": lambda pane: pane.view.showing == "samples",
    "down": lambda pane: pane.view.candidate == 1,
    "i": lambda pane: pane.has_class("-editing"),
    "g": lambda pane: pane.view.samples is not None,
    "b": lambda pane: len(pane.view.text.branches) == 2,
}


@pytest.mark.usefixtures("_only_first")
@pytest.mark.parametrize("key", EFFECTS)
async def test_a_key_of_the_pane_stops_automatic_sampling_and_acts(key: str) -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["a"])
        assert app.pane.view.is_auto
        await press(pilot, [key])
        assert app.pane.work.auto_timer is None
        assert EFFECTS[key](app.pane)


async def test_a_global_key_stops_automatic_sampling_and_acts(harness: AppHarness) -> None:
    app = harness.app(recorded("steered"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "a", "question_mark")
        await wait_until(pilot, lambda: app.screen is not app.main, "the help screen")
        assert not app.main.generate.view.is_auto
        await pilot.press("escape", "a", "q")
        await wait_until(pilot, lambda: app.return_code == 0, "the end after one press of q")

"""Viewing a past step: cursor and viewed step are the same, and the hint line names the step."""

from app_harness import AppHarness, wait_until, wait_until_settled
from recorded_logs import until

from seqlm.protocol.events import WeightsKept
from workbench.application.app import Workbench
from workbench.widgets.hint_line import HintLine

KEPT = (1, 100, 1200, 2400)
EVENTS = (*until("steered", 3000), WeightsKept(step=3000, kept=list(KEPT)))


async def test_enter_views_the_nearest_kept_step_and_names_it(harness: AppHarness) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("3", "left", "left", "left")
        cursor_step = app.main.loss.view.cursor
        assert cursor_step is not None
        assert cursor_step not in KEPT
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.state.viewed_step is not None)
        assert app.state.viewed_step == app.main.loss.view.cursor == 2400
        assert (
            hint_text(app).partition("   ")[0]
            == f" ◂ Step 2,400 is the kept step nearest to {cursor_step:,}."
        )
        assert readout_text(app).startswith("2,400: train")


async def test_earlier_and_later_keys_move_the_cursor(harness: AppHarness) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        for key, at in (("comma", 2400), ("comma", 1200), ("full_stop", 2400)):
            await pilot.press(key)
            await wait_until(pilot, lambda at=at: app.main.loss.view.cursor == at)
            assert app.state.viewed_step == at
            assert f"Viewing step {at:,} of" in hint_text(app)
            assert readout_text(app).startswith(f"{at:,}: train")
        await pilot.press("3", "left")
        assert app.main.loss.view.cursor not in (None, 2400)  # the cursor may move to another step
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.main.loss.view.cursor is None)
        assert app.state.viewed_step is app.main.loss.view.cursor is None


async def test_escape_has_one_meaning_back_to_the_live_model(harness: AppHarness) -> None:
    """A text sampled from an earlier step is discarded and the step is left at once."""
    app = harness.app(EVENTS)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "comma")
        await wait_until(pilot, lambda: app.main.generate.view.source.step == 2400)
        await wait_until_settled(pilot)
        await pilot.press("right")
        await wait_until(pilot, lambda: app.main.generate.view.has_sampled_text)
        assert "frozen at step 2,400 (esc: live)" in app.main.generate.subtitle(70)
        assert "esc live" in hint_text(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.main.generate.view.source.step == 3000)
        assert app.state.viewed_step is None
        assert not app.main.generate.view.has_sampled_text


def hint_text(app: Workbench) -> str:
    """Return the text of the hint line."""
    return app.main.query_one(HintLine).render_line(0).text


def readout_text(app: Workbench) -> str:
    """Return the last row of the Loss pane."""
    pane = app.main.loss
    return pane.render_line(pane.size.height - 2).text.strip("│┃ ")

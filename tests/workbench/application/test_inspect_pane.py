"""The Inspect pane in the app: its place on the screen, and queries to a worker and back."""

from pathlib import Path

import msgspec
import pytest
from app_harness import AppHarness, wait_until, wait_until_settled
from recorded_logs import RECORDINGS, until
from textual.pilot import Pilot

from seqlm.protocol.events import WeightsKept
from seqlm.protocol.queries import CancelQuery, Inspect, InspectAnswer
from workbench.application.app import Workbench

EVENTS = (*until("steered", 3000), WeightsKept(step=3000, kept=[1, 300]))
VIEWS = msgspec.json.decode(
    Path(RECORDINGS / "inspect_mlp.json").read_bytes(), type=dict[str, InspectAnswer]
)


def shown(app: Workbench) -> str:
    """Return the text of the Inspect pane as it stands on the screen."""
    region = app.main.inspect.region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    return "\n".join(strip.crop(region.x, region.right).text.rstrip() for strip in strips)


async def open_inspect(harness: AppHarness, app: Workbench, pilot: Pilot[int]) -> None:
    """Open the pane and wait for the first view."""
    await wait_until_settled(pilot)
    harness.worker.views = dict(VIEWS)
    await pilot.press("5")
    await wait_until(pilot, lambda: app.main.inspect.model.shown is not None, "the first view")
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("back", ["5", "escape", "z"])
async def test_inspect_fills_the_screen_and_gives_it_back(
    harness: AppHarness, size: tuple[int, int], back: str
) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        places = {pane.id: pane.region for pane in app.main.panes}
        await open_inspect(harness, app, pilot)
        assert app.main.inspect.region.width == size[0]
        assert app.main.current_pane is app.main.inspect
        await pilot.press(back)
        await pilot.pause()
        assert app.main.current_pane is app.main.loss
        assert {pane.id: pane.region for pane in app.main.panes} == places


async def test_views_cuts_and_past_steps_are_queried(harness: AppHarness) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_inspect(harness, app, pilot)
        worker = harness.worker
        assert "logit" in shown(app)
        await pilot.press("down", "x")
        await wait_until(pilot, lambda: worker.messages_of(Inspect)[-1].without, "the cut")
        await wait_until(pilot, lambda: "! without embedding." in shown(app), "the note")
        await pilot.press("comma")
        await wait_until(
            pilot, lambda: worker.messages_of(Inspect)[-1].weights == "300", "the step"
        )
        await wait_until(pilot, lambda: "step 300 of 3," in shown(app), "the past model")
        await pilot.press("v")
        await wait_until(pilot, lambda: "most surprising" in shown(app), "the next view")
        assert worker.messages_of(Inspect)[-1].weights == "300"
        await pilot.press("escape")
        await wait_until(pilot, lambda: worker.messages_of(Inspect)[-1].weights == "live", "live")
        assert app.main.current_pane is app.main.inspect


async def test_a_hidden_pane_asks_nothing(harness: AppHarness) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        assert harness.worker.messages_of(Inspect) == []


async def test_a_rejected_view_says_why(harness: AppHarness) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("5")
        await wait_until(pilot, lambda: "network is not a view" in shown(app), "the reason")


async def test_without_a_run_the_pane_says_what_to_press(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("5")
        await wait_until(pilot, lambda: "press space to train" in shown(app), "the remedy")


async def test_a_pending_view_is_canceled_when_another_one_is_asked_for(
    harness: AppHarness,
) -> None:
    app = harness.app(EVENTS)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_inspect(harness, app, pilot)
        worker = harness.worker
        worker.is_slow = True
        await pilot.press("v")
        await wait_until(pilot, lambda: worker.messages_of(Inspect)[-1].view == "surprisal")
        pending = worker.messages_of(Inspect)[-1].id
        await pilot.press("v")
        await wait_until(pilot, lambda: worker.messages_of(CancelQuery), "the cancellation")
        assert [cancel.question for cancel in worker.messages_of(CancelQuery)] == [pending]

"""Panes that are hidden while the run goes on are drawn anew when they are shown again."""

from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until, wait_until_settled
from recorded_logs import recorded, until

from seqlm.protocol import codec
from workbench.application.app import Workbench
from workbench.panes.pane import Pane


def shown_text(app: Workbench, pane: Pane) -> list[str]:
    """Return the cells of a pane as they stand on the screen."""
    region = pane.region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    return [strip.crop(region.x, region.right).text for strip in strips]


def drawn_text(pane: Pane) -> list[str]:
    """Return the cells of a pane drawn now from its state."""
    return [strip.text for strip in pane.draw_strips(*pane.size)]


@pytest.mark.parametrize("zoomed", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_panes_behind_a_zoom_show_what_happened_meanwhile(
    harness: AppHarness, tmp_path: Path, size: tuple[int, int], zoomed: int
) -> None:
    before, whole = until("steered", 400), recorded("steered")
    app = harness.app(before)
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        app.main.go_to(zoomed)
        app.main.zoom(True)
        await pilot.pause()
        with (tmp_path / "runs" / "names-mlp-1" / "events.jsonl").open("ab") as log:
            log.write(b"".join(map(codec.encode, whole[len(before) :])))
        await wait_until(pilot, lambda: app.state.run.status == "finished", "the end of the run")
        await wait_until_settled(pilot)
        await pilot.press("z")
        await wait_until_settled(pilot)
        shown = [pane for pane in app.main.panes if pane.size]
        assert len(shown) == 4
        for pane in shown:
            assert shown_text(app, pane) == drawn_text(pane), pane.NAME

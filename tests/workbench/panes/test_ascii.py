"""The whole screen in ASCII mode."""

from pathlib import Path

from app_harness import wait_until_settled
from fake_worker import FakeWorker

from seqlm.runspec import recipe
from workbench.application.app import Workbench
from workbench.application.startup import StartupOptions
from workbench.corpus.preview import Preview
from workbench.render.bars import draw_bar, draw_sparkline

PICTURE = Path(__file__).parent / "ascii_120x40.txt"
"""The picture that was looked at."""


def screen_text(app: Workbench) -> str:
    strips = app.screen._compositor.render_strips()
    return "".join(strip.text.rstrip() + "\n" for strip in strips)


async def test_the_first_picture_in_ascii(preview: Preview, tmp_path: Path) -> None:
    opening = StartupOptions(recipe.parse_recipe("names-mlp"), preview=preview, ascii_only=True)
    app = Workbench(
        opening, clock=lambda: 0.0, spawn=lambda: FakeWorker(preview, run="").connection
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        drawn = screen_text(app)
        await pilot.press("1", "v", "v")
        await pilot.pause()
        counts = screen_text(app)
    assert drawn.isascii()
    assert drawn == PICTURE.read_text()
    assert counts.isascii()
    assert draw_bar(1.0, 9, ascii_only=True) in counts
    assert "??" not in counts


def test_a_curve_in_ascii_has_no_unknown_signs() -> None:
    assert "?" not in draw_sparkline([3.0, 2.0, 2.5, 1.0], 8, ascii_only=True)

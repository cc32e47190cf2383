"""Option lists: the highlighted option is distinguishable in every palette."""

import pytest
from app_harness import AppHarness, wait_until, wait_until_settled
from textual.color import Color
from textual.widgets import OptionList

from workbench.render.palette import PALETTES


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colors as defined by WCAG."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    parts = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized)
    return sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def is_open(found: OptionList) -> bool:
    return found.highlighted is not None and found.size.height > 3


@pytest.mark.parametrize("where", ["o", "colon", "presets"])
@pytest.mark.parametrize("palette", PALETTES)
async def test_highlighted_option_has_enough_contrast(
    harness: AppHarness, palette: str, where: str
) -> None:
    app = harness.app(palette=PALETTES[palette])
    keys = {"o": ["o", "down"], "colon": ["colon"], "presets": ["2", "home", "enter"]}[where]
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press(*keys)
        await wait_until(pilot, lambda: [o for o in app.screen.query(OptionList) if is_open(o)])
        shown = app.screen.query_one(OptionList)
        here = shown.get_visual_style("option-list--option", "option-list--option-highlighted")
        other = shown.get_visual_style("option-list--option")
        assert here.underline or here.background != other.background
        if PALETTES[palette].background:
            for name in ("plain",) if where == "colon" else ("plain", "label", "train", "val"):
                color = Color.parse(getattr(PALETTES[palette], name))
                assert contrast(color, here.background) >= 3, name

import math
import re
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from workbench.application.arguments import parse_arguments
from workbench.render.chart.spec import Role
from workbench.render.palette import (
    PALETTE_ALIASES,
    PALETTES,
    Palette,
    surprisal_block,
    surprisal_level,
)

TRUE_COLOR = [PALETTES[name] for name in ("dark", "light", "color-blind")]
TEXT_ROLES = (
    "plain", "train", "val", "best", "guide", "label", "mark",
    "warning", "error", "waiting", "negative", "positive",
)  # fmt: skip


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_formula_gives_known_values() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("palette", "role"), [*product(TRUE_COLOR, TEXT_ROLES)], ids=lambda x: getattr(x, "name", x)
)
def test_text_has_enough_contrast(palette: Palette, role: str) -> None:
    for ground in (palette.background, palette.band):
        assert contrast(getattr(palette, role), ground) >= 4.5


@pytest.mark.parametrize("palette", TRUE_COLOR, ids=lambda p: p.name)
def test_surprisal_is_readable_and_steps_differ(palette: Palette) -> None:
    pairs = [re.findall(r"#\w{6}", style) for style in palette.surprisal]
    assert all(contrast(text, ground) >= 4.5 for text, ground in pairs)
    assert len({ground for _, ground in pairs}) == 7


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda p: p.name)
def test_every_style_is_valid_in_rich(palette: Palette) -> None:
    for role in get_args(Role):
        Style.parse(palette.style(role))
    for style in (*palette.surprisal, palette.warning, palette.waiting, palette.negative):
        Style.parse(style)


def test_no_color_has_no_color() -> None:
    palette = PALETTES["none"]
    for role in get_args(Role):
        assert Style.parse(palette.style(role)).color is None


def test_band_is_a_background() -> None:
    assert PALETTES["dark"].style("band_train") == "#6CB6FF on #18212B"
    assert PALETTES["16"].style("band_train") == "cyan"
    assert PALETTES["16"].style("band") == ""


@pytest.mark.parametrize(
    ("nats", "level"),
    [(0, 0), (0.49, 0), (0.5, 1), (1, 2), (2.5, 3), (3, 4), (4, 5), (6, 6), (math.inf, 6),
     (math.nan, 6)],
)  # fmt: skip
def test_surprisal_levels(nats: float, level: int) -> None:
    assert surprisal_level(nats) == level


@given(st.floats(0, 20), st.floats(0, 20))
def test_surprisal_level_rises_with_nats(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert surprisal_level(low) <= surprisal_level(high)
    assert surprisal_block(low, ascii_only=True).isascii()


def test_the_british_name_of_a_palette_is_accepted() -> None:
    assert PALETTES[PALETTE_ALIASES["colour-blind"]].name == "color-blind"
    assert parse_arguments(["--palette", "colour-blind"]).palette == "color-blind"

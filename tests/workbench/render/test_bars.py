import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render.bars import draw_bar, draw_sparkline


@given(st.floats(), st.integers(0, 60), st.booleans())
def test_bar_has_the_exact_width(fraction: float, width: int, ascii_only: bool) -> None:
    drawn = draw_bar(fraction, width, ascii_only)
    assert len(drawn) == width
    assert drawn.isascii() or not ascii_only


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 60))
def test_a_larger_fraction_gives_no_shorter_bar(a: float, b: float, width: int) -> None:
    short, long = sorted((a, b))
    eighths = " ▏▎▍▌▋▊▉█"
    sizes = [sum(eighths.index(char) for char in draw_bar(share, width)) for share in (short, long)]
    assert sizes[0] <= sizes[1]


@pytest.mark.parametrize(
    ("fraction", "drawn"),
    [(0, "    "), (1, "████"), (0.5, "██  "), (0.4, "█▋  "), (2, "████"), (math.nan, "    ")],
)
def test_known_bars(fraction: float, drawn: str) -> None:
    assert draw_bar(fraction, 4) == drawn


values = st.lists(st.none() | st.floats(), max_size=80)


@given(values, st.integers(0, 40), st.booleans())
def test_sparkline_has_the_exact_width(
    series: list[float | None], width: int, ascii_only: bool
) -> None:
    drawn = draw_sparkline(series, width, ascii_only)
    assert len(drawn) == width
    assert drawn.isascii() or not ascii_only


def test_known_sparklines() -> None:
    assert draw_sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert draw_sparkline([3, 2.5, 2, 1], 4, ascii_only=True) == "^=-_"
    assert draw_sparkline([1, None, math.nan, math.inf, 2], 6) == "▁ ××█ "
    assert draw_sparkline([5, 5, 5], 3) == "▅▅▅"
    assert draw_sparkline([0, 0, 8, 8], 2) == "▁█"
    assert draw_sparkline([], 3) == "   "
    assert draw_sparkline([1e308, -1e308], 2) == "█▁"

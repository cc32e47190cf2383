"""Tests of rows that are wider than their widget: text that is lost leaves a mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from workbench.render.palette import DARK
from workbench.widgets.appearance import fit_row
from workbench.widgets.row_widget import StripRenderer

texts = st.text(st.sampled_from("ab 漢─…\u0301"), max_size=12)


def drawn(row: object, width: int, ascii_only: bool = False) -> str:
    renderer = StripRenderer(DARK, ascii_only, Style(), Console())
    return renderer.strip(row, width).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spans", "width", "shown"),
    [
        ([("9 10 11", "plain")], 6, "9 10 …"),
        ([("9 ", "plain"), ("10 11", "best")], 6, "9 10 …"),
        ([("9 10 11", "plain")], 7, "9 10 11"),
        ([("9 10 11   ", "plain")], 8, "9 10 11 "),
        ([("─ rule ", "guide"), ("───────", "guide")], 9, "─ rule ──"),
        ([("漢字漢", "plain")], 5, "漢字…"),
        ([("漢字漢", "plain")], 4, "漢 …"),
        ([("ab", "plain")], 1, "…"),
        ([("ab", "plain")], 0, ""),
    ],
)
def test_a_cut_row_ends_with_a_mark(spans: list[tuple[str, str]], width: int, shown: str) -> None:
    assert drawn(spans, width) == shown
    text = Text("".join(words for words, _ in spans))
    assert drawn(text, width) == shown
    assert fit_row(text, width).plain == shown


def test_the_mark_in_ascii() -> None:
    assert drawn([("temperature,top-k", "plain")], 8, ascii_only=True) == "tempera~"


@given(texts, st.integers(0, 12))
def test_a_row_is_whole_or_marked(text: str, width: int) -> None:
    shown = drawn([(text, "plain")], width)
    is_whole = text.rstrip(" ─") in shown
    assert is_whole or width == 0 or shown.endswith("…")
    assert cell_len(shown) == width

"""Properties of the layout for every size and every focus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.layout import (
    INSPECT,
    LOSS,
    PANES,
    Focus,
    Rect,
    is_framed,
    mode_of,
    screen_layout,
)

FOCUSES = st.builds(
    Focus, st.sampled_from((*PANES, INSPECT)), st.sampled_from([1, 2, 4]), st.booleans()
).map(lambda focus: focus.on(focus.current))


def cells(place: Rect) -> set[tuple[int, int]]:
    columns, rows = range(place.width), range(place.height)
    return {(place.x + x, place.y + y) for x in columns for y in rows}


@given(st.integers(1, 260), st.integers(1, 90), FOCUSES)
def test_everything_has_its_own_cells_and_no_cell_is_left(
    width: int, height: int, focus: Focus
) -> None:
    found = screen_layout(width, height, focus)
    all_places = [*found.rows.values(), *found.panes.values()]
    covered = [cell for place in all_places for cell in cells(place)]
    assert len(covered) == len(set(covered)) == width * height


@given(st.integers(1, 260), st.integers(1, 90), FOCUSES)
def test_the_pane_in_focus_is_open_and_none_is_lost(width: int, height: int, focus: Focus) -> None:
    panes = screen_layout(width, height, focus).panes
    assert focus.current in panes
    if not focus.is_alone and mode_of(width, height) != "one":
        assert set(panes) == set(PANES)
        assert panes[focus.current].height > 1
        assert panes[LOSS].height > 1


@given(st.integers(1, 260), st.integers(1, 90), FOCUSES)
def test_the_header_is_never_dropped(width: int, height: int, focus: Focus) -> None:
    rows = screen_layout(width, height, focus).rows
    assert rows["header"] == Rect(0, 0, width, 1)
    assert ("footer" in rows) == (height >= 4)


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((120, 40), {1: (38, 16), 2: (38, 21), 3: (82, 20), 4: (82, 17)}),
        ((80, 24), {1: (80, 1), 2: (80, 1), 3: (80, 9), 4: (80, 10)}),
        ((40, 12), {3: (40, 8)}),
        ((200, 50), {1: (46, 20), 2: (46, 27), 3: (154, 25), 4: (154, 22)}),
    ],
)
def test_the_four_sizes(size: tuple[int, int], panes: dict[int, tuple[int, int]]) -> None:
    found = screen_layout(*size, Focus()).panes
    assert {number: (place.width, place.height) for number, place in found.items()} == panes


def test_small_panes_have_no_border() -> None:
    assert not is_framed(40, 8)
    assert is_framed(80, 9)
    assert is_framed(38, 16)


@given(st.sampled_from(PANES), st.booleans())
def test_inspect_returns_to_the_pane_before(pane: int, is_zoomed: bool) -> None:
    before = Focus(is_zoomed=is_zoomed).on(pane)
    inside = before.on(INSPECT)
    assert set(screen_layout(120, 40, inside).panes) == {INSPECT}
    assert inside.on(INSPECT).before == pane
    assert screen_layout(120, 40, inside.on(inside.before)) == screen_layout(120, 40, before)

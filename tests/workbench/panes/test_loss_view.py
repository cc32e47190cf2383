"""View model of the Loss pane: the effect of each key, without an app."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.panes.loss.view_model import (
    X_SCALES,
    Y_SCALES,
    LossViewModel,
    axis_part,
    move_cursor,
    next_x,
    next_y,
    show_part,
    toggle_part,
    without_cursor,
    zoom,
)
from workbench.render.axis import Axis, LinearAxis, LogAxis, SecondsAxis

AXES: dict[str, Axis] = {
    "log": LogAxis(1, 200_000),
    "linear": LinearAxis(0, 200_000),
    "seconds": SecondsAxis(0, 40.0),
    "epochs": LinearAxis(0, 12.5),
}
views = st.builds(LossViewModel, x=st.sampled_from(X_SCALES), part=st.just("all"))


def shown_axis(view: LossViewModel, whole: Axis) -> Axis:
    """Return the visible part of an axis whose steps are all shown."""
    return whole if view.window is None else axis_part(whole, view.window)


def test_a_key_shows_a_part_and_again_what_is_still_changing() -> None:
    zoomed = LossViewModel(window=(1.0, 9.0))
    recent = toggle_part(zoomed, "recent")
    assert (recent.part, recent.window) == ("recent", None)
    assert toggle_part(recent, "all").part == "all"
    assert toggle_part(recent, "recent") == LossViewModel()


def test_axes_cycle() -> None:
    view = LossViewModel(cursor=7, window=(1.0, 9.0))
    seen = [view]
    for _ in range(4):
        seen.append(next_x(seen[-1]))
    assert [v.x for v in seen] == ["linear", "log", "seconds", "epochs", "linear"]
    assert {v.cursor for v in seen} == {7}
    assert seen[1].window is None
    assert [next_y(view, i).y for i in range(5)] == [*Y_SCALES, "nats"]
    assert next_y(view).unit == "nats"
    assert next_y(view).window == view.window


def test_cursor_starts_at_the_latest_column() -> None:
    stops = [1, 10, 100, 1000]
    assert move_cursor(LossViewModel(), stops, -1).cursor == 1000
    assert move_cursor(LossViewModel(), stops, 1).cursor == 1000
    assert move_cursor(LossViewModel(), stops, -2).cursor == 10
    assert move_cursor(LossViewModel(cursor=100), stops, -1).cursor == 10
    assert move_cursor(LossViewModel(cursor=100), [], -1).cursor == 100
    assert without_cursor(LossViewModel(cursor=3)).cursor is None


def test_cursor_keeps_its_step_when_columns_change() -> None:
    at_55 = LossViewModel(cursor=55)
    assert move_cursor(at_55, [1, 10, 100, 1000], 1).cursor == 1000
    assert move_cursor(at_55, [1, 10, 100, 1000], -1).cursor == 10
    assert move_cursor(at_55, [1, 20, 40], 1).cursor == 40


@given(
    st.lists(st.integers(1, 10**6), min_size=1, unique=True).map(sorted),
    st.lists(st.integers(-12, 12)),
)
def test_cursor_is_always_on_a_drawn_column(stops: list[int], moves: list[int]) -> None:
    view = LossViewModel()
    for by in moves:
        view = move_cursor(view, stops, by)
        assert view.cursor in stops
    assert move_cursor(view, stops, -(10**9)).cursor == stops[0]
    assert move_cursor(view, stops, 10**9).cursor == stops[-1]


@given(views, st.lists(st.tuples(st.floats(0, 1), st.sampled_from([2.0, 0.5])), max_size=30))
def test_zoomed_axis_lies_within_the_whole_axis(
    view: LossViewModel, zooms: list[tuple[float, float]]
) -> None:
    whole = AXES[view.x]
    for share, factor in zooms:
        view = zoom(view, whole, shown_axis(view, whole), whole.value(share), factor)
        shown = shown_axis(view, whole)
        first, last = whole.fraction(shown.value(0)), whole.fraction(shown.value(1))
        assert -1e-6 <= first < last <= 1 + 1e-6
        assert type(shown) is type(whole)
    assert shown_axis(show_part(view, "all"), whole) == whole


@given(views, st.floats(0, 1), st.integers(1, 4))
def test_zoom_keeps_the_place_of_its_center(view: LossViewModel, share: float, n: int) -> None:
    whole = AXES[view.x]
    center = whole.value(share)
    for _ in range(n):
        view = zoom(view, whole, shown_axis(view, whole), center)
    assert shown_axis(view, whole).fraction(center) == pytest.approx(share, abs=1e-6)
    for _ in range(n):
        view = zoom(view, whole, shown_axis(view, whole), center, 0.5)
    assert view.window is None
    assert view.part == "all"


def test_zoom_stops_at_single_steps() -> None:
    view = LossViewModel(x="linear")
    for _ in range(99):
        view = zoom(view, AXES["linear"], shown_axis(view, AXES["linear"]), 100.0)
    assert view.window is not None
    assert 8 <= view.window[1] - view.window[0] < 1000

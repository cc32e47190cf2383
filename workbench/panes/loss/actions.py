"""Effect of each key of the Loss pane on its view model, by the name of the binding."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from workbench.panes.loss.axes import whole_axis, x_of
from workbench.panes.loss.chart_range import shown_axis
from workbench.panes.loss.render import LossBody
from workbench.panes.loss.view_model import (
    ZOOM,
    LossViewModel,
    move_cursor,
    next_x,
    next_y,
    toggle_part,
    without_cursor,
    zoom,
)
from workbench.state.app_state import AppState

Effect: TypeAlias = Callable[[LossViewModel, AppState | None, LossBody | None], LossViewModel]
"""Function from a view model, the state and the drawn body to the next view model.

The state is None before the first one arrives, the body is None in a collapsed pane.
"""

_CURSOR_KEYS = {
    "left": -1,
    "right": 1,
    "page_left": -10,
    "page_right": 10,
    "first": -1_000_000,
    "last": 1_000_000,
}
"""Columns of the chart by which each key moves the cursor."""


def is_action_available(view: LossViewModel, state: AppState | None, name: str) -> bool:
    """Return whether an action has an effect now."""
    match name:
        case "in" | "left" | "right" | "page_left" | "page_right" | "first" | "last":
            return state is not None and bool(state.run.train)
        case "recent" | "all":
            return state is not None and bool(state.run.train)
        case "out":
            has_losses = state is not None and bool(state.run.train)
            return has_losses and (view.window is not None or view.part != "all")
        case "now":
            return view.cursor is not None and (state is None or state.viewed_step is None)
        case "look":
            return view.cursor is not None and bool(viewable_steps(state))
    return True


def viewable_steps(state: AppState | None) -> Sequence[int]:
    """Return the steps whose weights the worker can load."""
    return state.run.kept if state is not None and state.can_query else ()


def _move(by: int) -> Effect:
    """Return the effect that moves the cursor by some columns of the chart."""
    return lambda view, _, body: view if body is None else move_cursor(view, body.stops, by)


def _zoom(factor: float) -> Effect:
    """Return the effect that magnifies the x axis around the cursor or the latest step."""

    def effect(view: LossViewModel, state: AppState | None, _: LossBody | None) -> LossViewModel:
        if state is None:
            return view
        step = state.run.step if view.cursor is None else view.cursor
        whole, center = whole_axis(state, view.x), x_of(state, view.x)(step)
        return zoom(view, whole, shown_axis(state, view), center, factor)

    return effect


ACTIONS: Mapping[str, Effect] = {
    **{name: _move(by) for name, by in _CURSOR_KEYS.items()},
    "x": lambda view, *_: next_x(view),
    "y": lambda view, *_: next_y(view),
    "in": _zoom(ZOOM),
    "out": _zoom(1 / ZOOM),
    "recent": lambda view, *_: toggle_part(view, "recent"),
    "all": lambda view, *_: toggle_part(view, "all"),
    "now": lambda view, *_: without_cursor(view),
}

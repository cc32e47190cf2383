"""Visible part of the x axis: what is still changing, the recent half, all steps, or a zoom.

During training the axis ends at the next round value, so that drawn columns stay in place for a
while.
"""

import math
from collections.abc import Sequence

from workbench.panes.loss.axes import whole_axis, x_of
from workbench.panes.loss.references import references
from workbench.panes.loss.view_model import LossViewModel, axis_part
from workbench.render.axis import Axis, round_up_step
from workbench.render.chart.loss_range import HEADROOM
from workbench.run.loss_series import LossBucket
from workbench.state.app_state import AppState

_ROUND_VALUES = 10
"""Round values from 0 to the end of the axis, at most."""
_RECENT_FROM = 0.5
_MIN_LEFT_OUT = 0.02
_MOST_LEFT_OUT, _EARLY = 0.5, 0.1


def shown_axis(state: AppState, view: LossViewModel) -> Axis:
    """Return the visible x axis; a cursor outside the chosen part shows all steps."""
    whole = whole_axis(state, view.x)
    if view.window is not None:
        return axis_part(whole, view.window)
    if view.part == "all" or not state.run.train:
        return whole
    shown, x = _axis_of_part(state, view, whole), x_of(state, view.x)
    is_inside = view.cursor is None or -1e-9 <= shown.fraction(x(view.cursor)) <= 1 + 1e-9
    return shown if is_inside else whole


def _axis_of_part(state: AppState, view: LossViewModel, whole: Axis) -> Axis:
    """Return the axis of the changing or the recent part; the whole axis if little is left out."""
    x, first_x = x_of(state, view.x), whole.value(0)
    now = max(x(state.run.step), 1e-9)
    grid = round_up_step(now / _ROUND_VALUES)
    end = min(whole.value(1), math.ceil(now / grid - 1e-9) * grid)
    if view.part == "recent":
        begin = math.floor(now * _RECENT_FROM / grid) * grid
    else:
        begin = x(first_changing_step(state))
    if end <= max(first_x, begin):
        return whole
    is_little = axis_part(whole, (first_x, end)).fraction(begin) < _MIN_LEFT_OUT
    return axis_part(whole, (first_x if is_little else begin, end))


def first_changing_step(state: AppState) -> int:
    """Return the first step of what is still changing; 0 if that is everything.

    Losses above the highest baseline, guessing, only show the scale of the initial weights: their
    steps are left out as soon as they are less than half of all. If the loss came near a lower
    baseline within the first tenth of the steps, and half of the range of losses is enough from
    there on, the steps before are left out too.
    """
    bins = [found for found in state.run.train.growing if math.isfinite(found.mean)]
    guides = sorted((ref.value for ref in references(state) if ref.role == "guide"), reverse=True)
    if state.preview is None or not bins:
        return 0
    highest, lowest = guides[0] * HEADROOM, min(found.mean for found in bins)
    first = _first_below(bins, highest)
    first = first if first <= _MOST_LEFT_OUT * state.run.step else 0
    for cap in (guide * HEADROOM for guide in guides[1:]):
        step = _first_below(bins, cap)
        if 0 < step <= _EARLY * state.run.step and highest - lowest >= 2 * (cap - lowest):
            first = step
    return first


def _first_below(bins: Sequence[LossBucket], loss: float) -> int:
    """Return the first step whose mean loss is at most ``loss``; 0 for the first of all, or none."""
    first = next((found.step for found in bins if found.mean <= loss), 0)
    return 0 if first == bins[0].step else first

"""Chart specification of the loss chart for a state and a view model."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from seqlm.runs.run_state import AppliedChange
from workbench.panes.loss.axes import steps_shown, whole_axis, x_of, xs_of
from workbench.panes.loss.chart_range import shown_axis
from workbench.panes.loss.references import references
from workbench.panes.loss.view_model import LossViewModel
from workbench.render.chart.chart import (
    ChangeMarker,
    ChartSpec,
    Layout,
    ReferenceLine,
)
from workbench.render.chart.loss_range import EXPLODES, LARGEST_DRAWN
from workbench.render.chart.spec import XUnit
from workbench.render.number_format import convert_loss
from workbench.run.loss_series import LossBucket, LossSeries
from workbench.state.app_state import AppState

_X_UNITS: dict[str, XUnit] = {"seconds": "seconds", "epochs": "epochs"}
_MARGIN, _MARGIN_BELOW = 0.25, 1.0


class ChartReadout(NamedTuple):
    """Steps of one chart column: the last step, their number, and their losses in nats."""

    step: int
    n: int
    mean: float
    low: float
    high: float


def chart_spec(
    state: AppState, view: LossViewModel, width: int, height: int, ascii_only: bool = False
) -> ChartSpec:
    """Return the chart specification without the cursor."""
    run, x, y = state.run, x_of(state, view.x), _y_of(view)
    shown, whole = shown_axis(state, view), whole_axis(state, view.x)
    is_from_start = view.window is None and shown.value(0) == whole.value(0)
    spec = ChartSpec(
        width=width,
        height=height,
        x=shown,
        x_unit=_X_UNITS.get(view.x, "steps"),
        y_log=view.y == "log",
        y_all=view.part != "changing" or view.window is not None,
        train=_buckets(state, view),
        val=_points(state, view),
        marks=[ChangeMarker(x(change.step), str(n)) for n, change in numbered_changes(state)],
        snapshots=[x(step) for step in sorted({*run.kept, *(step for step, _ in run.samples)})],
        hint="" if run.train else _hint(state),
        ascii_only=ascii_only,
    )
    found = [ref._replace(value=y(ref.value)) for ref in references(state)]
    guides = [ref.value for ref in found if ref.role == "guide"]
    spec = replace(spec, y_explodes=EXPLODES * max(guides) if guides else None)
    return replace(spec, references=found if is_from_start else _near(found, spec))


def _buckets(state: AppState, view: LossViewModel) -> list[tuple[float, float, float, float, int]]:
    """Return the training losses in the units of the chart."""
    bins = bins_shown(state, view, state.run.train)
    xs = xs_of(state, view.x, [found.step for found in bins])
    means: Iterable[float] = [found.total / found.n for found in bins]
    lows: Iterable[float] = [found.low for found in bins]
    highs: Iterable[float] = [found.high for found in bins]
    if view.unit != "nats":
        means, lows, highs = (map(_y_of(view), losses) for losses in (means, lows, highs))
    return list(zip(xs, means, lows, highs, [found.n for found in bins], strict=True))


def _points(state: AppState, view: LossViewModel) -> list[tuple[float, float]]:
    """Return the validation losses in the units of the chart."""
    bins = bins_shown(state, view, state.run.val)
    xs = xs_of(state, view.x, [found.step for found in bins])
    return list(zip(xs, map(_y_of(view), [found.last for found in bins]), strict=True))


def bins_shown(state: AppState, view: LossViewModel, curve: LossSeries) -> tuple[LossBucket, ...]:
    """Return the losses in the visible part and one bucket on either side."""
    first, last = steps_shown(state, view.x, shown_axis(state, view))
    return curve.between(first, last, view.x == "log")


def readings(state: AppState, view: LossViewModel, layout: Layout) -> list[ChartReadout]:
    """Return a readout for each column with a training loss."""
    x, found = x_of(state, view.x), dict[int, ChartReadout]()
    for part in bins_shown(state, view, state.run.train):
        column = layout.column(x(part.step))
        if 0 <= column < layout.plot_width:
            found[column] = _add_bucket(found.get(column), part)
    return [*found.values()]


def _add_bucket(reading: ChartReadout | None, part: LossBucket) -> ChartReadout:
    if reading is None:
        return ChartReadout(part.step, part.n, part.mean, part.low, part.high)
    n = reading.n + part.n
    mean = (reading.mean * reading.n + part.total) / n
    return ChartReadout(
        part.step, n, mean, min(reading.low, part.low), max(reading.high, part.high)
    )


def rates_shown(state: AppState, view: LossViewModel) -> list[tuple[float, float]]:
    """Return the learning rates of the visible part as pairs of the last x value and the rate."""
    course = state.run.progress
    if not course.steps:
        return [(x_of(state, view.x)(1), state.config.train.learning_rate)]
    first, last = steps_shown(state, view.x, shown_axis(state, view))
    steps = course.steps
    begin, end = bisect_left(steps, first), bisect_right(steps, last) + 1
    return list(zip(xs_of(state, view.x, steps[begin:end]), course.rates[begin:end], strict=True))


def numbered_changes(state: AppState) -> list[tuple[int, AppliedChange]]:
    """Return the stored changes, each with its number in the run."""
    run = state.run
    return list(enumerate(run.changes, run.n_changes - len(run.changes) + 1))


def _near(found: Sequence[ReferenceLine], spec: ChartSpec) -> list[ReferenceLine]:
    """Return the reference lines near the visible losses, and those that they may reach next."""
    losses = [row[1] for series in (spec.train, spec.val) for row in series]
    drawn = [loss for loss in losses if abs(loss) <= LARGEST_DRAWN]
    if not drawn:
        return list(found)
    low, high = min(drawn), max(drawn)
    span = high - low or abs(high) * _MARGIN
    lowest, highest = low - _MARGIN_BELOW * span, high + _MARGIN * span
    return [ref for ref in found if lowest <= ref.value <= highest]


def _y_of(view: LossViewModel) -> Callable[[float], float]:
    """Return the function from a loss in nats to its y value."""
    if view.unit == "nats":
        return float
    return partial(convert_loss, unit="bits") if view.unit == "bits" else _perplexity


def _perplexity(nats: float) -> float:
    """Return the perplexity, limited to the largest value that the chart can draw."""
    value = convert_loss(nats, "perplexity")
    return LARGEST_DRAWN if math.isfinite(nats) and value > LARGEST_DRAWN else value


def _hint(state: AppState) -> str:
    if state.run.status == "starting":
        return "starting the worker: loading torch"
    if state.run.status == "untrained":
        return state.keys.substitute_keys("<run.space> starts training")
    return ""

"""What the loss chart shows of a situation, as a person looks at it."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from seqlm.runs.run_state import AppliedChange
from seqlm.runspec.baselines import expected_loss, primary_split
from workbench.panes.loss.axes import steps_shown, whole_axis, x_of, xs_of
from workbench.panes.loss.view_model import LossViewModel, shown_part
from workbench.render.chart.chart import (
    ChangeMarker,
    ChartSpec,
    Layout,
    ReferenceLine,
)
from workbench.render.chart.loss_range import LARGEST_DRAWN
from workbench.render.chart.spec import XUnit
from workbench.render.number_format import convert_loss
from workbench.run.loss_series import LossBucket, LossSeries
from workbench.state.app_state import AppState

_X_UNITS: dict[str, XUnit] = {"seconds": "seconds", "epochs": "epochs"}
_PADDING = 0.25


class ChartReadout(NamedTuple):
    """The steps drawn in one column: the last of them, how many, and their losses in nats."""

    step: int
    n: int
    mean: float
    low: float
    high: float


def chart_spec(
    situation: AppState, view: LossViewModel, width: int, height: int, ascii_only: bool = False
) -> ChartSpec:
    """Everything on the chart but the cursor."""
    run, x, y = situation.run, x_of(situation, view.x), _y_of(view)
    spec = ChartSpec(
        width=width,
        height=height,
        x=shown_part(view, whole_axis(situation, view.x)),
        x_unit=_X_UNITS.get(view.x, "steps"),
        y_log=view.y == "log",
        train=_buckets(situation, view),
        val=_points(situation, view),
        marks=[ChangeMarker(x(change.step), str(n)) for n, change in numbered_changes(situation)],
        snapshots=[x(step) for step in sorted({*run.kept, *(step for step, _ in run.samples)})],
        hint="" if run.train else _hint(situation),
        ascii_only=ascii_only,
    )
    found = [ref._replace(value=y(ref.value)) for ref in references(situation)]
    return replace(spec, references=found if view.window is None else _near(found, spec))


def _buckets(
    situation: AppState, view: LossViewModel
) -> list[tuple[float, float, float, float, int]]:
    """The train losses as they are drawn."""
    bins = bins_shown(situation, view, situation.run.train)
    xs = xs_of(situation, view.x, [found.step for found in bins])
    means: Iterable[float] = [found.total / found.n for found in bins]
    lows: Iterable[float] = [found.low for found in bins]
    highs: Iterable[float] = [found.high for found in bins]
    if view.unit != "nats":
        means, lows, highs = (map(_y_of(view), losses) for losses in (means, lows, highs))
    return list(zip(xs, means, lows, highs, [found.n for found in bins], strict=True))


def _points(situation: AppState, view: LossViewModel) -> list[tuple[float, float]]:
    """The validation losses as they are drawn."""
    bins = bins_shown(situation, view, situation.run.val)
    xs = xs_of(situation, view.x, [found.step for found in bins])
    return list(zip(xs, map(_y_of(view), [found.last for found in bins]), strict=True))


def bins_shown(
    situation: AppState, view: LossViewModel, curve: LossSeries
) -> tuple[LossBucket, ...]:
    """The losses in the part that is shown, and a little beyond."""
    axis = shown_part(view, whole_axis(situation, view.x))
    first, last = steps_shown(situation, view.x, axis)
    return curve.between(first, last, view.x == "log")


def readings(situation: AppState, view: LossViewModel, layout: Layout) -> list[ChartReadout]:
    """What can be read: one entry for each column in which a train loss is drawn."""
    x, found = x_of(situation, view.x), dict[int, ChartReadout]()
    for part in bins_shown(situation, view, situation.run.train):
        column = layout.column(x(part.step))
        if 0 <= column < layout.plot_width:
            found[column] = _with(found.get(column), part)
    return [*found.values()]


def _with(reading: ChartReadout | None, part: LossBucket) -> ChartReadout:
    if reading is None:
        return ChartReadout(part.step, part.n, part.mean, part.low, part.high)
    n = reading.n + part.n
    mean = (reading.mean * reading.n + part.total) / n
    return ChartReadout(
        part.step, n, mean, min(reading.low, part.low), max(reading.high, part.high)
    )


def rates_shown(situation: AppState, view: LossViewModel) -> list[tuple[float, float]]:
    """The learning rate in the part that is shown, as (x, rate) up to which it is in force."""
    course = situation.run.progress
    if not course.steps:
        return [(x_of(situation, view.x)(1), situation.config.train.learning_rate)]
    axis = shown_part(view, whole_axis(situation, view.x))
    first, last = steps_shown(situation, view.x, axis)
    steps = course.steps
    begin, end = bisect_left(steps, first), bisect_right(steps, last) + 1
    return list(
        zip(xs_of(situation, view.x, steps[begin:end]), course.rates[begin:end], strict=True)
    )


def references(situation: AppState) -> tuple[ReferenceLine, ...]:
    """The losses to compare with, in nats; where room is short the first ones keep their names.

    Before training each says what reaches it.
    """
    preview, best = situation.preview, situation.run.best
    is_new, found = not situation.run.train, list[ReferenceLine]()
    if preview is not None:
        found.append(ReferenceLine("bigram", preview.bigram, "counting pairs" if is_new else ""))
    if (expected := expected_loss(situation.config)) is not None:
        found.append(ReferenceLine("expected", expected))
    if best is not None and primary_split(situation.config) == "val":
        found.append(ReferenceLine("best", best.loss, role="best"))
    if preview is not None:
        if preview.perfect is not None:
            found.append(ReferenceLine("perfect", preview.perfect, "the rules" if is_new else ""))
        found.append(ReferenceLine("uniform", preview.uniform, "guessing" if is_new else ""))
    return tuple(found)


def numbered_changes(situation: AppState) -> list[tuple[int, AppliedChange]]:
    """The changes that are still known, each with its number in the run."""
    run = situation.run
    return list(enumerate(run.changes, run.n_changes - len(run.changes) + 1))


def _near(found: Sequence[ReferenceLine], spec: ChartSpec) -> list[ReferenceLine]:
    """The references near what is drawn: a part is zoomed into for its details."""
    losses = [row[1] for series in (spec.train, spec.val) for row in series]
    drawn = [loss for loss in losses if abs(loss) <= LARGEST_DRAWN]
    if not drawn:
        return list(found)
    low, high = min(drawn), max(drawn)
    room = _PADDING * (high - low)
    return [ref for ref in found if low - room <= ref.value <= high + room]


def _y_of(view: LossViewModel) -> Callable[[float], float]:
    """What a loss in nats is on the y axis."""
    if view.unit == "nats":
        return float
    return partial(convert_loss, unit="bits") if view.unit == "bits" else _perplexity


def _perplexity(nats: float) -> float:
    """One too large to draw stands at the end of what can be drawn: it is no broken loss."""
    value = convert_loss(nats, "perplexity")
    return LARGEST_DRAWN if math.isfinite(nats) and value > LARGEST_DRAWN else value


def _hint(situation: AppState) -> str:
    if situation.run.status == "starting":
        return "starting the trainer: loading torch"
    if situation.run.status == "untrained":
        return situation.keys.substitute_keys("<run.space> starts the line here")
    return ""

"""Where the parts of a loss chart stand: its ranges, its axes, and the room beside the plot."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from workbench.render.axis import Axis, LinearAxis, LogAxis, decimals_for, nice_step
from workbench.render.canvas import dots_per_cell
from workbench.render.chart_spec import ChartSpec, Reference
from workbench.render.numbers import compact, loss
from workbench.render.text import clean

MIN_WIDTH_FOR_AXES = 30
MIN_HEIGHT_FOR_AXES = 6
MIN_HEIGHT_FOR_STEPS = 8
MIN_WIDTH_FOR_NUMBERS = 40
MIN_WIDTH_FOR_LABELS = 56
LEGEND_WIDTH = 16
LARGEST_DRAWN = 1e12
HEADROOM = 1.15


@dataclass(frozen=True)
class Layout:
    """The plan of one chart. Columns and rows count from the plot's top left cell.

    Attributes:
        gutter: Cells left of the plot, its edge included; 0 without axes.
        plot_width: Cells the plot is wide.
        plot_height: Rows the plot is high.
        labels: Cells right of the plot for the names of references.
        has_steps: Whether two rows under the plot show the steps.
        x: The axis of steps.
        y: The axis of losses.
        dots: Dots across and down one cell.
    """

    gutter: int
    plot_width: int
    plot_height: int
    labels: int
    has_steps: bool
    x: Axis
    y: LinearAxis
    dots: tuple[int, int]

    def dot_x(self, step: float) -> float:
        """Returns the step's place in dots from the left."""
        return self.x.fraction(step) * (self.plot_width * self.dots[0] - 1)

    def dot_y(self, value: float) -> float:
        """Returns the loss's place in dots from the top."""
        return (1 - self.y.fraction(value)) * (self.plot_height * self.dots[1] - 1)

    def column(self, step: float) -> int:
        """Returns the cell column that holds the step."""
        return int(self.dot_x(step) + 0.5) // self.dots[0]

    def row(self, value: float) -> int:
        """Returns the row that holds the loss; outside 0 .. plot_height - 1 it is not drawn."""
        return math.floor(self.dot_y(value) + 0.5) // self.dots[1]

    def step_at(self, column: int) -> int:
        """Returns the step in the middle of a column, for reading with a cursor or a mouse."""
        dots = self.plot_width * self.dots[0] - 1
        dot = column * self.dots[0] + (self.dots[0] - 1) / 2
        fraction = min(1.0, max(0.0, dot / dots)) if dots else 0.0
        return max(1, round(self.x.value(fraction)))


def chart_layout(spec: ChartSpec) -> Layout:
    """Plans a chart: small ones lose the labels first, then the steps, then every axis."""
    y = y_axis(spec)
    has_axes = spec.width >= MIN_WIDTH_FOR_AXES and spec.height >= MIN_HEIGHT_FOR_AXES
    has_steps = has_axes and spec.height >= MIN_HEIGHT_FOR_STEPS
    plot_height = max(0, spec.height) - (2 if has_steps else 0)
    labels = label_width(spec) if has_axes else 0
    gutter = 0
    if has_axes:
        gutter = max(5, 1 + max(map(len, tick_texts(y, plot_height).values()), default=0)) + 1
    return Layout(
        gutter=gutter,
        plot_width=max(0, spec.width) - gutter - labels,
        plot_height=plot_height,
        labels=labels,
        has_steps=has_steps,
        x=x_axis(spec),
        y=y,
        dots=dots_per_cell(spec.ascii_only),
    )


def x_axis(spec: ChartSpec) -> Axis:
    """Spans the planned steps, and further only if training has gone further."""
    reached = [series[-1].step for series in (spec.train, spec.val) if series]
    last = max([spec.last_step, 1, *reached])
    return LogAxis(1, last) if spec.x_scale == "log" else LinearAxis(0, last)


def y_axis(spec: ChartSpec) -> LinearAxis:
    """Covers data and references; a few wild losses may run out at the top.

    The highest reference is what a model that knows nothing gets, so losses far above it
    say only that something is wrong: the axis ends at 1.15 times it, unless most of the
    data lie higher still.
    """
    data = sorted(
        value
        for value in [*(bucket.mean for bucket in spec.train), *(p.loss for p in spec.val)]
        if abs(value) <= LARGEST_DRAWN
    )
    guides = [ref.value for ref in spec.references if abs(ref.value) <= LARGEST_DRAWN]
    if not data and not guides:
        return LinearAxis(0.0, 1.0)
    low = min([*data[:1], *guides])
    high = max([*guides, _highest_shown(data, guides)]) if data else max(guides)
    return _rounded_outward(low, high)


def _highest_shown(data: Sequence[float], guides: Sequence[float]) -> float:
    """Returns the highest loss that the axis should reach; `data` is sorted."""
    median, third_quarter = data[len(data) // 2], data[len(data) * 3 // 4]
    if guides:
        cap = max(guides) + (HEADROOM - 1) * abs(max(guides))
        return data[-1] if median > cap else min(data[-1], cap)
    cap = data[0] + 3 * (third_quarter - data[0])
    return min(data[-1], cap) if cap > data[0] else data[-1]


def _rounded_outward(low: float, high: float) -> LinearAxis:
    """Moves both ends to round values, so that the axis rests while the data creep."""
    if high - low <= 1e-9 * max(1.0, abs(high)):
        pad = max(0.05, abs(high) * 0.05)
        low, high = low - pad, high + pad
    quantum = nice_step((high - low) / 25)
    return LinearAxis(
        math.floor(low / quantum + 1e-6) * quantum, math.ceil(high / quantum - 1e-6) * quantum
    )


def tick_texts(y: LinearAxis, plot_height: int) -> dict[float, str]:
    """Returns the losses written at the left edge, with how they are written."""
    ticks = y.ticks(max(2, (plot_height + 1) // 2))
    decimals = decimals_for(ticks)
    return {
        tick: compact(tick) if abs(tick) >= 10_000 else f"{tick:.{decimals}f}" for tick in ticks
    }


def label_width(spec: ChartSpec) -> int:
    """Returns the cells that reference labels need: names, numbers only, or none."""
    if spec.width < MIN_WIDTH_FOR_NUMBERS:
        return 0
    texts = label_texts(spec)
    widest = max(map(cell_len, texts), default=0)
    if spec.width < MIN_WIDTH_FOR_LABELS:
        return min(widest + 1, 10) if texts else 0
    return min(max(widest + 2, LEGEND_WIDTH), spec.width * 2 // 5)


def label_texts(spec: ChartSpec) -> list[str]:
    """Returns what is written beside each drawn reference, numbers under one another."""
    shown = drawn_references(spec)
    if spec.width < MIN_WIDTH_FOR_LABELS:
        return [loss(ref.value, 3) for ref in shown]
    names = [clean(ref.label, 24) for ref in shown]
    widest = max(map(cell_len, names), default=0)
    return [
        name + " " * (widest - cell_len(name)) + f" {loss(ref.value, 3)}"
        + (f"  {clean(ref.note, 40)}" if ref.note else "")
        for name, ref in zip(names, shown, strict=True)
    ]  # fmt: skip


def drawn_references(spec: ChartSpec) -> list[Reference]:
    """Returns the references that have a place on the axis."""
    return [ref for ref in spec.references if abs(ref.value) <= LARGEST_DRAWN]

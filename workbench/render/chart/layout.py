"""Layout of a loss chart: axes, plot area, and room for labels."""

import math

from msgspec import Struct
from rich.cells import cell_len

from seqlm.sanitize import sanitize
from workbench.render.axis import Axis
from workbench.render.canvas import dots_per_cell
from workbench.render.chart.loss_range import make_y_axis, visible_references
from workbench.render.chart.spec import ChartSpec, ReferenceLine
from workbench.render.number_format import (
    format_axis_seconds,
    format_compact,
    format_learning_rate,
    format_loss,
)
from workbench.render.sanitize import fit

MIN_WIDTH_FOR_AXES = 30
MIN_HEIGHT_FOR_AXES = 6
MIN_HEIGHT_FOR_AXIS_LINE = 8
MIN_WIDTH_FOR_NUMBERS = 20
MIN_HEIGHT_FOR_NUMBERS = 5
MIN_WIDTH_FOR_NAMES = 40
MIN_WIDTH_FOR_LABELS = 56
SHORT_NAME = 4
LEGEND_WIDTH = 16
MAX_NAME = 24


class Layout(Struct, frozen=True):
    """Layout of one chart. Columns and rows count from the top left cell of the plot.

    Attributes:
        gutter: Cells left of the plot, its edge included; 0 without axes.
        plot_width: Cells the plot is wide.
        plot_height: Rows the plot is high.
        labels: Cells right of the plot for the names of references.
        axis_rows: Rows under the plot for the x axis: 2, its numbers alone in 1, or none.
        x: The x axis.
        y: The axis of losses.
        y_texts: The loss written at the left edge, for each row that has one.
        dots: Dots across and down one cell.
    """

    gutter: int
    plot_width: int
    plot_height: int
    labels: int
    axis_rows: int
    x: Axis
    y: Axis
    y_texts: dict[int, str]
    dots: tuple[int, int]

    def dot_x(self, x: float) -> float:
        """Return the position of an x value, in dots from the left."""
        return self.x.fraction(x) * (self.plot_width * self.dots[0] - 1)

    def x_of_dot(self, dot: float) -> float:
        """Return the x value at a position in dots from the left, the inverse of `dot_x`."""
        dots = self.plot_width * self.dots[0] - 1
        return self.x.value(dot / dots) if dots else math.inf

    def dot_y(self, value: float) -> float:
        """Return the position of a loss, in dots from the top."""
        return (1 - self.y.fraction(value)) * (self.plot_height * self.dots[1] - 1)

    def column(self, x: float) -> int:
        """Return the cell column that holds it; outside 0 .. plot_width - 1 it is not drawn."""
        return math.floor(self.dot_x(x) + 0.5) // self.dots[0]

    def row(self, value: float) -> int:
        """Return the row that holds the loss; outside 0 .. plot_height - 1 it is not drawn."""
        return math.floor(self.dot_y(value) + 0.5) // self.dots[1]


def make_layout(spec: ChartSpec) -> Layout:
    """Return the layout; small charts lose names first, then the axis line, axes, and numbers."""
    has_axes = spec.width >= MIN_WIDTH_FOR_AXES and spec.height >= MIN_HEIGHT_FOR_AXES
    axis_rows = (2 if spec.height >= MIN_HEIGHT_FOR_AXIS_LINE else 1) if has_axes else 0
    plot_height = max(0, spec.height) - axis_rows
    dots = dots_per_cell(spec.ascii_only)
    y, texts = make_y_axis(spec, max(1, plot_height), dots[1])
    labels = label_width(spec)
    gutter = max(5, 1 + max(map(len, texts.values()), default=0)) + 1 if has_axes else 0
    return Layout(
        gutter=gutter,
        plot_width=max(0, spec.width - gutter - labels),
        plot_height=plot_height,
        labels=labels,
        axis_rows=axis_rows,
        x=spec.x,
        y=y,
        y_texts=texts if has_axes else {},
        dots=dots,
    )


def x_labels(spec: ChartSpec, layout: Layout) -> list[tuple[int, str]]:
    """Return the column and the text of each round value on the x axis."""
    ticks = layout.x.ticks(max(1, layout.plot_width // 7))
    if spec.x_unit == "steps":
        ticks = [tick for tick in ticks if tick == int(tick)]
    return [
        (layout.column(tick), text) for tick, text in zip(ticks, _x_texts(ticks, spec), strict=True)
    ]


def _x_texts(ticks: list[float], spec: ChartSpec) -> list[str]:
    if spec.x_unit == "seconds":
        return format_axis_seconds(ticks)
    if spec.x_unit == "rates":
        return [format_learning_rate(tick) for tick in ticks]
    short = [format_compact(tick) for tick in ticks]
    is_told_apart = len(set(short)) == len(short)
    return short if is_told_apart else [f"{tick:,.10g}" for tick in ticks]


def label_width(spec: ChartSpec) -> int:
    """Return the cells right of the plot: for names and numbers, for numbers, or none."""
    widest = max(map(cell_len, label_texts(spec)), default=0)
    is_small = spec.width < MIN_WIDTH_FOR_NUMBERS or spec.height < MIN_HEIGHT_FOR_NUMBERS
    if is_small or not widest:
        return 0
    if spec.width < MIN_WIDTH_FOR_LABELS:
        return widest + 1
    return max(widest + 2, LEGEND_WIDTH)


def label_texts(spec: ChartSpec) -> list[str]:
    """Return what is written beside each drawn reference, numbers under one another.

    Where room is short the notes are left out first, then names are cut; numbers stay.
    """
    shown = visible_references(spec)
    numbers = [_reference_number(ref) for ref in shown]
    width = max(map(len, numbers), default=0)
    numbers = [number.rjust(width) for number in numbers]
    if spec.width < MIN_WIDTH_FOR_NAMES:
        return numbers
    room = SHORT_NAME
    if spec.width >= MIN_WIDTH_FOR_LABELS:
        room = spec.width * 2 // 5 - 3 - width
    names = [sanitize(ref.label, MAX_NAME) for ref in shown]
    name_width = max(0, min(room, max(map(cell_len, names), default=0)))
    texts = [
        f"{fit(name, name_width, ascii_only=spec.ascii_only)} {number}"
        for name, number in zip(names, numbers, strict=True)
    ]
    noted = [
        f"{text}  {sanitize(ref.note, MAX_NAME)}" if ref.note else text
        for text, ref in zip(texts, shown, strict=True)
    ]
    return noted if max(map(cell_len, noted), default=0) <= spec.width // 2 - 2 else texts


def _reference_number(ref: ReferenceLine) -> str:
    """Write the loss of a reference; a very large one in short."""
    return format_loss(ref.value, 3) if abs(ref.value) < 10_000 else format_compact(ref.value)

"""Learning-rate strip: a few rows under the loss chart, on the same x axis."""

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from workbench.render.axis import LogAxis
from workbench.render.canvas import BrailleCanvas
from workbench.render.chart.layout import Layout
from workbench.render.chart.plot import Grid
from workbench.render.chart.spec import ASCII_SIGNS, SIGNS, Row
from workbench.render.number_format import format_learning_rate

_MOST_RATIO = 1e4


def rate_strip(
    layout: Layout,
    points: Sequence[tuple[float, float]],
    height: int,
    cursor: float | None = None,
    ascii_only: bool = False,
) -> list[Row]:
    """Return the learning rate on a logarithmic axis as rows of cells.

    Args:
        layout: Layout of the chart above.
        points: (x, rate) by rising x; each rate holds from the previous point to its own.
        height: Rows.
        cursor: Position of the cursor on the x axis.
        ascii_only: Draw with ASCII characters only.

    Returns:
        Rows exactly as wide as the chart, the largest rate named beside the first, the smallest
        beside the last.
    """
    signs, grid = ASCII_SIGNS if ascii_only else SIGNS, Grid(layout.plot_width, height)
    rates = [rate for _, rate in points if 0 < rate < math.inf]
    low, high = (min(rates), max(rates)) if rates else (1.0, 1.0)
    if cursor is not None:
        for row in range(height):
            grid.put(layout.column(cursor), row, signs.cursor, "plain")
    canvas = BrailleCanvas(layout.plot_width, height, ascii_only)
    _draw(canvas, layout, points, LogAxis(max(low, high / _MOST_RATIO), high))
    for column, row, char in canvas.drawn():
        grid.put(column, row, char, "mark")
    beside = {height - 1: low if low < high else math.nan, 0: high} if rates else {}
    return [
        [
            (" " * (layout.gutter - 1) + signs.side if layout.gutter else "", "guide"),
            *grid.row(row),
            (_beside(beside.get(row, math.nan), layout.labels), "label"),
        ]
        for row in range(height)
    ]


def _beside(rate: float, width: int) -> str:
    """Return the label of a rate beside its row."""
    number = "" if math.isnan(rate) else format_learning_rate(float(f"{rate:.3g}"))
    texts = [f" learning rate {number}", f" rate {number}", f" {number}"]
    return next((text for text in texts if number and len(text) <= width), "").ljust(width)


def _draw(
    canvas: BrailleCanvas, layout: Layout, points: Sequence[tuple[float, float]], y: LogAxis
) -> None:
    """Draw a horizontal line for each rate, with vertical lines between them."""
    at, level, end = 0.0, math.nan, -math.inf
    ends = [(list(part)[-1][0], rate) for rate, part in groupby(points, key=itemgetter(1))]
    for x, rate in ends:
        # Of the points in one column of dots the last one is enough.
        if x < end and x != ends[-1][0]:
            continue
        dot = max(0.0, layout.dot_x(x))
        end = layout.x_of_dot(math.floor(dot) + 1)
        share = y.fraction(max(rate, y.low)) if y.high > y.low else 1.0
        before, level = level, (1 - share) * (canvas.height - 1)
        canvas.line(at, before, at, level)
        canvas.line(at, level, dot, level)
        at = dot

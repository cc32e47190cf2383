"""Plot area of the loss chart: a grid of cells and the layers drawn on it in order."""

import math
from collections.abc import Iterable
from itertools import groupby

from msgspec import Struct
from rich.cells import cell_len

from seqlm.sanitize import REPLACEMENT, sanitize
from workbench.render.canvas import BrailleCanvas
from workbench.render.chart.layout import Layout
from workbench.render.chart.loss_range import LARGEST_DRAWN, is_drawable, visible_references
from workbench.render.chart.spec import ASCII_SIGNS, IN_BAND, SIGNS, ChartSpec, Role, Row, Signs
from workbench.render.sanitize import to_ascii

# Validation is drawn at most once in so many columns, so that the train line stays visible.
VAL_SPACING = 4


class Grid:
    """Grid of cells, each with a character one cell wide and a role."""

    def __init__(self, width: int, height: int) -> None:
        """Make a grid of spaces."""
        self.width, self.height = width, height
        self.chars = [[" "] * width for _ in range(height)]
        self.roles: list[list[Role]] = [["plain"] * width for _ in range(height)]

    def put(self, column: int, row: int, char: str, role: Role) -> None:
        """Set one cell; cells outside the grid are ignored."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self.chars[row][column] = char
            self.roles[row][column] = role

    def write(self, column: int, row: int, text: str, role: Role) -> None:
        """Write text into neighboring cells, one character each."""
        for offset, char in enumerate(narrow(text)):
            self.put(column + offset, row, char, role)

    def row(self, row: int) -> Row:
        """Return one row as segments, neighbors of one role joined."""
        text, at = "".join(self.chars[row]), 0
        joined: Row = []
        for role, run in groupby(self.roles[row]):
            end = at + len(list(run))
            joined.append((text[at:end], role))
            at = end
        return joined


def narrow(text: str) -> str:
    """Return the text with each character that is not exactly one cell wide replaced."""
    return "".join(char if cell_len(char) == 1 else REPLACEMENT for char in text)


class DotColumn(Struct):
    """Sum and extremes of all buckets in one column of dots."""

    total: float = 0.0
    n: int = 0
    low: float = math.inf
    high: float = -math.inf
    is_broken: bool = False

    @property
    def mean(self) -> float:
        """The mean of the finite losses; NaN without one."""
        return self.total / self.n if self.n else math.nan


class Plot:
    """State of one plot: its grid, and the buckets by column of dots."""

    def __init__(self, spec: ChartSpec, layout: Layout) -> None:
        self.spec, self.layout = spec, layout
        self.grid = Grid(layout.plot_width, layout.plot_height)
        self.signs: Signs = ASCII_SIGNS if spec.ascii_only else SIGNS
        self.columns = gather(spec, layout)


def draw_plot(spec: ChartSpec, layout: Layout, labelled_rows: dict[int, Role]) -> Grid:
    """Draw everything between the axes.

    Args:
        spec: What to draw.
        layout: Where it goes.
        labelled_rows: The role of the guide on each row where a label stands beside it.
    """
    plot = Plot(spec, layout)
    _draw_guides(plot, labelled_rows)
    _draw_changes(plot)
    _draw_cursor(plot)
    _draw_hint(plot)
    _draw_train(plot)
    _draw_val(plot)
    _draw_errors(plot)
    if spec.shade_band:
        _shade(plot)
    return plot.grid


def gather(spec: ChartSpec, layout: Layout) -> dict[int, DotColumn]:
    """Return the buckets combined by column of dots, so that the cost does not depend on their number.

    A bucket that is not finite only marks its column as broken.
    """
    columns: dict[int, DotColumn] = {}
    column = DotColumn()
    first, end = math.inf, -math.inf
    for x, mean, low, high, n in spec.train:
        # Most buckets fall where the one before fell; only the others need a logarithm.
        if not first <= x < end:
            dot = math.floor(layout.dot_x(x) + 0.5)
            first, end = x, layout.x_of_dot(dot + 0.5)
            column = columns.setdefault(dot, DotColumn())
        if not -LARGEST_DRAWN <= mean <= LARGEST_DRAWN:
            column.is_broken = True
            continue
        column.total += mean * n
        column.n += n
        if low < column.low:
            column.low = low
        if high > column.high:
            column.high = high
    return columns


def _draw_guides(plot: Plot, labelled_rows: dict[int, Role]) -> None:
    """Draw a dashed line for each reference, at its true height."""
    if plot.grid.height < 3:
        return
    for ref in visible_references(plot.spec):
        row = plot.layout.row(ref.value)
        role = labelled_rows.get(row, ref.role)
        for column in range(plot.grid.width):
            plot.grid.put(column, row, plot.signs.guide, role)


def _draw_changes(plot: Plot) -> None:
    """Draw a vertical line at each change."""
    for mark in plot.spec.marks:
        column = plot.layout.column(mark.x)
        for row in range(plot.grid.height):
            plot.grid.put(column, row, plot.signs.change, "mark")


def _draw_cursor(plot: Plot) -> None:
    """Draw the cursor as a vertical line."""
    if plot.spec.cursor is None:
        return
    column = plot.layout.column(plot.spec.cursor)
    for row in range(plot.grid.height):
        plot.grid.put(column, row, plot.signs.cursor, "plain")


def _draw_hint(plot: Plot) -> None:
    """Write the hint in the middle, on the nearest row without a guide."""
    if not plot.spec.hint or plot.columns or plot.spec.val:
        return
    grid = plot.grid
    text = sanitize(plot.spec.hint, grid.width)
    guides = {plot.layout.row(ref.value) for ref in visible_references(plot.spec)}
    middle = (grid.height - 1) / 2
    rows = sorted(range(grid.height), key=lambda row: (row in guides, abs(row - middle)))
    if rows:
        shown = to_ascii(text) if plot.spec.ascii_only else text
        grid.write((grid.width - len(shown)) // 2, rows[0], shown, "label")


def _draw_train(plot: Plot) -> None:
    """Draw the mean train loss as a line, with arrows where it is above the plot."""
    grid, layout = plot.grid, plot.layout
    if not plot.columns:
        return
    canvas = BrailleCanvas(grid.width, grid.height, plot.spec.ascii_only)
    points: list[tuple[float, float]] = []
    for dot, column in plot.columns.items():
        points.append((float(dot), layout.dot_y(column.mean) if column.n else math.nan))
        if column.is_broken:
            points.append((math.nan, math.nan))
    canvas.polyline(points)
    for cell_column, row, char in canvas.drawn():
        grid.put(cell_column, row, char, "train")
    for x, y in points:
        if y < -0.5:
            grid.put(int(x) // layout.dots[0], 0, plot.signs.above, "train")


def _draw_val(plot: Plot) -> None:
    """Draw validation points: one in a few columns, and always the latest."""
    layout, until = plot.layout, -math.inf
    points = [(x, loss) for x, loss in plot.spec.val if is_drawable(loss)]
    for i, (x, loss) in enumerate(points):
        # The first in a fixed slot is kept, so a point once drawn stays where it is.
        if x < until and i < len(points) - 1:
            continue
        column, row = layout.column(x), layout.row(loss)
        slot_end = (column // VAL_SPACING + 1) * VAL_SPACING
        until = layout.x_of_dot(slot_end * layout.dots[0] - 0.5)
        sign = plot.signs.above if row < 0 else plot.signs.val
        plot.grid.put(column, max(0, row), sign, "val")


def _draw_errors(plot: Plot) -> None:
    """Mark in the top row where a loss is not finite."""
    has_gap = any(column.is_broken for column in plot.columns.values())
    for series in (plot.spec.train if has_gap else (), plot.spec.val):
        for x in _broken_starts(series):
            plot.grid.put(plot.layout.column(x), 0, plot.signs.broken, "error")


def _broken_starts(series: Iterable[tuple[float, ...]]) -> list[float]:
    """Return the start of each stretch of losses that cannot be drawn."""
    starts: list[float] = []
    was_broken = False
    for x, value, *_ in series:
        is_broken = not -LARGEST_DRAWN <= value <= LARGEST_DRAWN
        if is_broken and not was_broken:
            starts.append(x)
        was_broken = is_broken
    return starts


def _shade(plot: Plot) -> None:
    """Give the cells between the lowest and the highest loss the band role."""
    layout, roles, last_row = plot.layout, plot.grid.roles, plot.grid.height - 1
    for column, (low, high) in _bands(plot).items():
        top, bottom = max(0, layout.row(high)), min(last_row, layout.row(low))
        for row in roles[top : bottom + 1]:
            row[column] = IN_BAND.get(row[column], row[column])


def _bands(plot: Plot) -> dict[int, tuple[float, float]]:
    """Return the lowest and the highest loss of each column of cells that has any."""
    bands: dict[int, tuple[float, float]] = {}
    across, width = plot.layout.dots[0], plot.grid.width
    for dot, column in plot.columns.items():
        at, low, high = dot // across, column.low, column.high
        if not 0 <= at < width or not (-LARGEST_DRAWN <= low <= high <= LARGEST_DRAWN):
            continue
        if at in bands:
            low, high = min(low, bands[at][0]), max(high, bands[at][1])
        bands[at] = low, high
    return bands


def mark_texts(spec: ChartSpec, layout: Layout) -> list[tuple[int, str]]:
    """Return the column and the sign of each change; crowded ones share a sign, ``▲1-3``."""
    triangle = (ASCII_SIGNS if spec.ascii_only else SIGNS).triangle
    groups: list[tuple[int, str, str]] = []
    for number, mark in enumerate(spec.marks, start=1):
        column = layout.column(mark.x)
        if not 0 <= column < layout.plot_width:
            continue
        label = sanitize(mark.label, 4) or str(number)
        label = to_ascii(label) if spec.ascii_only else label
        if groups and column < groups[-1][0] + len(groups[-1][2]):
            column, first, _ = groups.pop()
        else:
            first = label
        between = "-" if label.isdecimal() else ", "
        joined = label if first == label else f"{first}{between}{label}"
        groups.append((column, first, triangle + joined))
    return [(column, text) for column, _, text in groups]

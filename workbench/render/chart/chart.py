"""Rendering of the loss chart as rows of cells."""

from workbench.render.axis import assign_label_rows, place_labels
from workbench.render.chart.layout import (
    LEGEND_WIDTH,
    Layout,
    label_texts,
    make_layout,
    x_labels,
)
from workbench.render.chart.loss_range import visible_references
from workbench.render.chart.plot import Grid, draw_plot, mark_texts
from workbench.render.chart.spec import (
    ASCII_SIGNS,
    SIGNS,
    Bucket,
    ChangeMarker,
    ChartSpec,
    Point,
    ReferenceLine,
    Role,
    Row,
    Segment,
)
from workbench.render.sanitize import fit

__all__ = [
    "Bucket",
    "ChangeMarker",
    "ChartSpec",
    "Layout",
    "Point",
    "ReferenceLine",
    "Role",
    "Row",
    "Segment",
    "make_layout",
    "render_chart",
]


def render_chart(spec: ChartSpec, layout: Layout | None = None) -> list[Row]:
    """Return one frame: exactly `spec.height` rows of exactly `spec.width` cells.

    The y axis covers the data and the references; a very large loss leaves the plot at the top, with
    an arrow. Where a loss is not finite the line has a gap and the top row a cross. A chart smaller
    than 30 x 6 has no axes, one smaller than 20 x 5 no names of references.

    Args:
        spec: Content of the chart.
        layout: Layout, if it is computed already.

    Returns:
        Rows of (text, role) segments; the palette has the color of each role.
    """
    if spec.width < 1 or spec.height < 1:
        return []
    layout = layout or make_layout(spec)
    labels = _label_rows(spec, layout)
    grid = draw_plot(spec, layout, _guide_roles(layout, labels))
    left = _left_edge(spec, layout)
    rows = [
        [*left[row], *grid.row(row), *_right_edge(spec, layout, labels, row)]
        for row in range(layout.plot_height)
    ]
    if layout.axis_rows:
        rows += [_axis_row(spec, layout), _x_row(spec, layout)][-layout.axis_rows :]
    return [[segment for segment in row if segment[0]] for row in rows]


def _label_rows(spec: ChartSpec, layout: Layout) -> dict[int, tuple[str, ReferenceLine]]:
    """Return the label of each row; of references that share a row, the larger value is above."""
    if not layout.labels:
        return {}
    pairs = list(zip(label_texts(spec), visible_references(spec), strict=True))
    kept = pairs[: layout.plot_height]
    lines = [layout.row(ref.value) for _, ref in kept]
    rows = assign_label_rows(lines, layout.plot_height)
    placed = dict(zip(rows, kept, strict=True))
    for line in set(lines):
        shared = sorted(row for row, of in zip(rows, lines, strict=True) if of == line)
        by_value = sorted((placed[row] for row in shared), key=lambda label: -label[1].value)
        placed.update(zip(shared, by_value, strict=True))
    return placed


def _guide_roles(layout: Layout, labels: dict[int, tuple[str, ReferenceLine]]) -> dict[int, Role]:
    """Return the role of guides on rows where the label names the guide beside it."""
    return {row: ref.role for row, (_, ref) in labels.items() if layout.row(ref.value) == row}


def _left_edge(spec: ChartSpec, layout: Layout) -> list[Row]:
    """Return the plot's left edge row by row, with the losses written beside it."""
    if not layout.gutter:
        return [[] for _ in range(layout.plot_height)]
    signs = ASCII_SIGNS if spec.ascii_only else SIGNS
    edge: list[Row] = []
    for row in range(layout.plot_height):
        text = fit(layout.y_texts.get(row, ""), layout.gutter - 1, "right", spec.ascii_only)
        sign = signs.side_tick if row in layout.y_texts else signs.side
        edge.append([(text, "label"), (sign, "guide")])
    return edge


def _right_edge(
    spec: ChartSpec, layout: Layout, labels: dict[int, tuple[str, ReferenceLine]], row: int
) -> Row:
    """Return the cells right of the plot, with a reference's name and number in them.

    A label that was moved from its row has a hook toward its line.
    """
    if row not in labels:
        return [(" " * layout.labels, "plain")]
    text, ref = labels[row]
    role: Role = "label" if ref.role == "guide" else ref.role
    away = layout.row(ref.value) - row
    signs = ASCII_SIGNS if spec.ascii_only else SIGNS
    hook = " " if away == 0 else signs.line_below if away > 0 else signs.line_above
    return [(hook, role), (fit(text, layout.labels - 1, ascii_only=spec.ascii_only), role)]


def _axis_row(spec: ChartSpec, layout: Layout) -> Row:
    """Return the axis line: ticks upwards for labeled values, downwards for snapshots."""
    signs = ASCII_SIGNS if spec.ascii_only else SIGNS
    cells = [signs.bottom] * layout.plot_width
    for column, _ in x_labels(spec, layout):
        cells[column] = signs.tick
    for snapshot in spec.snapshots:
        column = layout.column(snapshot)
        if 0 <= column < layout.plot_width:
            cells[column] = signs.snapshot
    corner = " " * (layout.gutter - 1) + signs.corner
    return [(corner + "".join(cells), "guide"), *_legend(spec, layout)]


def _x_row(spec: ChartSpec, layout: Layout) -> Row:
    """Return the labels under the axis, with a triangle under each change."""
    signs = ASCII_SIGNS if spec.ascii_only else SIGNS
    grid = Grid(layout.plot_width, 1)
    marks = mark_texts(spec, layout)
    for column, text in marks:
        grid.write(column, 0, text, "mark")
    taken = [(column - 1, column + len(text) + 1) for column, text in marks]
    for column, text in place_labels(x_labels(spec, layout), layout.plot_width, taken):
        grid.write(column, 0, text, "label")
    has_note = spec.snapshots and layout.labels >= LEGEND_WIDTH
    note = f" {signs.snapshot} snapshot" if has_note else ""
    return [
        (" " * layout.gutter, "plain"),
        *grid.row(0),
        (fit(note, layout.labels, ascii_only=spec.ascii_only), "label"),
    ]


def _legend(spec: ChartSpec, layout: Layout) -> Row:
    """Return the legend, if there is room and data."""
    if layout.labels < LEGEND_WIDTH or not (spec.train or spec.val):
        return [(" " * layout.labels, "plain")]
    signs = ASCII_SIGNS if spec.ascii_only else SIGNS
    room = layout.labels - len(" ⠒ train  o val")
    return [
        (" ", "plain"),
        (signs.train, "train"),
        (" train  ", "label"),
        (signs.val, "val"),
        (" val" + " " * room, "label"),
    ]

"""Specification of a loss chart: plain data without colors or widgets."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from workbench.render.axis import Axis

XUnit = Literal["steps", "seconds", "epochs", "rates"]
Role = Literal[
    "plain",
    "train",
    "val",
    "best",
    "guide",
    "label",
    "mark",
    "error",
    "band",
    "band_train",
    "band_val",
    "band_best",
    "band_guide",
    "band_mark",
]
Segment = tuple[str, Role]
Row = list[Segment]

# The same meaning on the shaded ground between the lowest and the highest loss.
IN_BAND: dict[Role, Role] = {
    "plain": "band",
    "train": "band_train",
    "val": "band_val",
    "best": "band_best",
    "guide": "band_guide",
    "mark": "band_mark",
}


class Bucket(NamedTuple):
    """Training steps drawn as one point.

    ``x`` is the end of the steps; ``mean``, ``low`` and ``high`` are of ``n`` losses.
    """

    x: float
    mean: float
    low: float
    high: float
    n: int = 1


class Point(NamedTuple):
    """One validation loss."""

    x: float
    loss: float


class ReferenceLine(NamedTuple):
    """Loss to compare with, drawn as a dashed line with its number at the right edge."""

    label: str
    value: float
    note: str = ""
    role: Role = "guide"


class ChangeMarker(NamedTuple):
    """Position of a changed setting; `label` or its number follows the ``▲``."""

    x: float
    label: str = ""


class ChartSpec(Struct, frozen=True):
    """Content of one frame of the loss chart.

    Attributes:
        width: Cells across.
        height: Rows.
        x: The part of the x axis that is shown. What lies beside it is left out.
        x_unit: What stands on it.
        y_log: Whether equal ratios of losses are equally far apart; else equal differences.
        y_all: Whether the loss axis reaches every loss that does not explode; else a few losses far
            above the guides leave the plot at the top.
        y_explodes: Loss above which the training explodes; None for ten times the highest guide.
        train: A :class:`Bucket`, or a tuple like one, for each place by rising x.
        val: Likewise a :class:`Point` for each validation.
        references: Losses to compare with, the most important first: where there are more than
            rows, the last ones have no label.
        marks: Changes, in order.
        snapshots: Where weights or samples are kept; ticked on the axis.
        cursor: Where a vertical line stands to read losses at.
        hint: A line written in the middle while there is nothing to draw.
        shade_band: Whether cells between the lowest and the highest loss get band roles.
        ascii_only: Draw with ASCII characters only.
    """

    width: int
    height: int
    x: Axis
    x_unit: XUnit = "steps"
    y_log: bool = False
    y_all: bool = False
    y_explodes: float | None = None
    train: Sequence[tuple[float, float, float, float, int]] = ()
    val: Sequence[tuple[float, float]] = ()
    references: Sequence[ReferenceLine] = ()
    marks: Sequence[ChangeMarker] = ()
    snapshots: Sequence[float] = ()
    cursor: float | None = None
    hint: str = ""
    shade_band: bool = True
    ascii_only: bool = False


class Signs(Struct, frozen=True):
    """Characters of a chart."""

    guide: str = "┄"
    change: str = "┊"
    triangle: str = "▲"
    val: str = "o"
    train: str = "⠒"
    broken: str = "✗"
    above: str = "↑"
    side: str = "│"
    side_tick: str = "┤"
    corner: str = "└"
    bottom: str = "─"
    tick: str = "┴"
    snapshot: str = "┬"
    cursor: str = "│"
    line_above: str = "╰"
    line_below: str = "╭"


SIGNS = Signs()
ASCII_SIGNS = Signs("-", "|", "^", "o", ".", "x", "^", "|", "+", "+", "-", "'", "+", "!", "`", ",")

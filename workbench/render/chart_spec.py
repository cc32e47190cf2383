"""What a loss chart is drawn from: plain data, without a colour or a widget in it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

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
    """Training steps drawn as one: the last step, mean, lowest and highest loss in nats."""

    step: int
    mean: float
    low: float
    high: float


class Point(NamedTuple):
    """One measured validation loss in nats."""

    step: int
    loss: float


class Reference(NamedTuple):
    """A loss to compare with, drawn as a dashed line with its number at the right edge."""

    label: str
    value: float
    note: str = ""
    role: Role = "guide"


class Mark(NamedTuple):
    """A step at which something was changed; `label` follows the ``▲``, else its number."""

    step: int
    label: str = ""


class ChartSpec(Struct, frozen=True):
    """Everything one frame of the loss chart shows.

    Attributes:
        width: Cells across.
        height: Rows.
        last_step: The planned end. The axis spans it from the start, so that columns that
            are drawn never move.
        train: Buckets by rising step.
        val: Validation losses by rising step.
        references: Losses to compare with, the most important first.
        marks: Changes, in order.
        snapshots: Steps whose weights are kept; ticked on the axis.
        x_scale: Spacing of the steps.
        hint: A line written in the middle while there is nothing to draw.
        shade_band: Whether cells between the lowest and the highest loss get band roles.
        ascii_only: Draw with ASCII signs alone.
    """

    width: int
    height: int
    last_step: int
    train: Sequence[Bucket] = ()
    val: Sequence[Point] = ()
    references: Sequence[Reference] = ()
    marks: Sequence[Mark] = ()
    snapshots: Sequence[int] = ()
    x_scale: Literal["log", "linear"] = "log"
    hint: str = ""
    shade_band: bool = True
    ascii_only: bool = False


class Signs(Struct, frozen=True):
    """The characters a chart is drawn with."""

    guide: str = "┄"
    change: str = "┊"
    triangle: str = "▲"
    val: str = "o"
    train: str = "⠒"
    broken: str = "✗"
    above: str = "↑"
    below: str = "↓"
    side: str = "│"
    side_tick: str = "┤"
    corner: str = "└"
    bottom: str = "─"
    tick: str = "┴"
    snapshot: str = "┬"


SIGNS = Signs()
ASCII_SIGNS = Signs("-", "|", "^", "o", ".", "x", "^", "v", "|", "+", "+", "-", "'", "+")

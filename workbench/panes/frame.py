"""Frame of a pane: its geometry, and the border with title, subtitle and overflow text."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.geometry import Offset, Size
from textual.strip import Strip
from textual.widget import Widget

from workbench.layout import is_framed
from workbench.widgets.row_widget import Row, StripRenderer

_LIGHT, _HEAVY, _PLAIN, _DOUBLE = "╭─╮│╰╯", "┏━┓┃┗┛", "+-+|++", "+=+|++"


class PaneFrame(NamedTuple):
    """Geometry of a pane of this size in cells."""

    size: Size

    @property
    def is_collapsed(self) -> bool:
        """True if the pane has one row only."""
        return self.size.height == 1

    @property
    def inner(self) -> Size:
        """Size inside the frame in cells."""
        width, height = self.size
        return Size(width - 3, height - 2) if is_framed(width, height) else self.size

    @property
    def inner_offset(self) -> Offset:
        """Offset of the first cell inside the frame."""
        return Offset(2, 1) if is_framed(*self.size) else Offset(0, 0)

    def inside(self, event: events.MouseEvent, pane: Widget) -> Offset | None:
        """Return the position of the mouse inside the frame; None if it is outside."""
        at = event.get_content_offset(pane)
        if at is None or self.is_collapsed:
            return None
        at -= self.inner_offset
        return at if self.inner.region.contains_point(at) else None


class FrameTexts(NamedTuple):
    """Texts in the border.

    Attributes:
        digit: Label of the key that focuses the pane.
        name: Name of the pane.
        subtitle: View and units, in the upper border.
        overflow: Amount of hidden content, in the lower border.
    """

    digit: str
    name: str
    subtitle: str = ""
    overflow: str = ""


def subtitle_room(digit: str, name: str, width: int) -> int:
    """Return the cells for the subtitle in a frame of this width."""
    return width - cell_len(f" {digit} {name} ") - 8


def draw_frame(
    rows: Sequence[Row | Text],
    texts: FrameTexts,
    size: Size,
    renderer: StripRenderer,
    focused: bool,
) -> list[Strip]:
    """Return the strips of rows in a frame.

    Args:
        rows: Rows inside the frame.
        texts: Texts in the border.
        size: Size of the whole frame in cells.
        renderer: Renderer of the rows and of the border.
        focused: Whether the frame is highlighted.
    """
    width, height = size
    signs = (_HEAVY if focused else _LIGHT, _DOUBLE if focused else _PLAIN)[renderer.ascii_only]
    role = "train" if focused else "guide"
    left = renderer.segments([(f"{signs[3]} ", role)])
    right = renderer.segments([(signs[3], role)])
    return [
        Strip(renderer.segments(_top(texts, signs, role, width)), width),
        *(
            Strip([*left, *inside, *right], width)
            for inside in renderer.strips(rows, width - 3, height - 2)
        ),
        Strip(renderer.segments(_bottom(texts, signs, role, width)), width),
    ]


def _bottom(texts: FrameTexts, signs: str, role: str, width: int) -> Row:
    """Return the lower border with the overflow text."""
    overflow = f" {texts.overflow} " if texts.overflow else ""
    overflow = overflow if cell_len(overflow) <= width - 4 else ""
    line = signs[1] * (width - 3 - cell_len(overflow))
    end = signs[1] + signs[5]
    return [(f"{signs[4]}{line}", role), (overflow, "label"), (end, role)]


def _top(texts: FrameTexts, signs: str, role: str, width: int) -> Row:
    """Return the upper border with number, name and subtitle."""
    name = f" {texts.digit} {texts.name} "
    fits = cell_len(texts.subtitle) <= subtitle_room(texts.digit, texts.name, width)
    about = f" {texts.subtitle} " if texts.subtitle and fits else ""
    line = signs[1] * (width - 4 - cell_len(name) - cell_len(about))
    name_role = f"{role} reverse bold" if role == "train" else "plain bold"
    return [
        (signs[0] + signs[1], role),
        (name, name_role),
        (line, role),
        (about, "label"),
        (signs[1] + signs[2], role),
    ]

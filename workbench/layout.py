"""Layout of the screen as rectangles, for each size of the terminal; no widgets."""

from typing import Literal, NamedTuple, TypeAlias

Mode: TypeAlias = Literal["one", "stacked", "columns"]

DATA, CONTROLS, LOSS, GENERATE, INSPECT = 1, 2, 3, 4, 5
PANES = (DATA, CONTROLS, LOSS, GENERATE)
"""The panes that stand beside each other; Inspect always has the whole screen."""
STACKED_FROM = (60, 20)
COLUMNS_FROM = (100, 30)
_WIDE_FROM, _LEFT, _WIDE_LEFT = 160, 38, 46
_COACH_FROM, _TABS_FROM, _FOOTER_FROM = 7, 6, 4
_FRAME_FROM = (30, 9)


class Rect(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


class Focus(NamedTuple):
    """Focus and zoom of the panes.

    Attributes:
        current: The pane with the focus.
        companion: The pane beside the loss where only two are open.
        is_zoomed: Whether the current pane has the whole screen.
        before: The pane to return to from Inspect.
    """

    current: int = LOSS
    companion: int = GENERATE
    is_zoomed: bool = False
    before: int = LOSS

    @property
    def is_alone(self) -> bool:
        """True if the current pane has the whole screen at every size of the terminal."""
        return self.is_zoomed or self.current == INSPECT

    def on(self, pane: int) -> "Focus":
        """Return the focus moved to another pane."""
        if pane == INSPECT:
            before = self.before if self.current == INSPECT else self.current
            return self._replace(current=pane, before=before)
        return self._replace(current=pane, companion=self.companion if pane == LOSS else pane)


class ScreenLayout(NamedTuple):
    """Rectangles of the visible parts; a part without a rectangle is hidden.

    Attributes:
        rows: The rows of the whole width by name: header, coach, tabs, footer.
        panes: The panes by their digit; one of a single row is folded.
    """

    rows: dict[str, Rect]
    panes: dict[int, Rect]


def mode_of(width: int, height: int) -> Mode:
    """Return the layout mode for a terminal size: one pane, stacked panes or two columns."""
    if width >= COLUMNS_FROM[0] and height >= COLUMNS_FROM[1]:
        return "columns"
    return "stacked" if width >= STACKED_FROM[0] and height >= STACKED_FROM[1] else "one"


def is_framed(width: int, height: int) -> bool:
    """Return whether a pane of this size has a border; a smaller pane has no room for one."""
    return width >= _FRAME_FROM[0] and height >= _FRAME_FROM[1]


def screen_layout(width: int, height: int, focus: Focus) -> ScreenLayout:
    """Return the layout for a terminal size."""
    mode = mode_of(width, height)
    is_alone = focus.is_alone or mode == "one"
    above = ["header"]
    above += ["coach"] if height >= _COACH_FROM else []
    above += ["tabs"] if is_alone and height >= _TABS_FROM else []
    rows = {name: Rect(0, y, width, 1) for y, name in enumerate(above)}
    bottom = height - (height >= _FOOTER_FROM)
    if bottom < height:
        rows["footer"] = Rect(0, bottom, width, 1)
    body = Rect(0, len(above), width, max(0, bottom - len(above)))
    if is_alone:
        return ScreenLayout(rows, {focus.current: body})
    return ScreenLayout(rows, _columns(body) if mode == "columns" else _stacked(body, focus))


def _columns(body: Rect) -> dict[int, Rect]:
    """Lay out inputs (data, controls) on the left and outputs (loss, generate) on the right."""
    left = _WIDE_LEFT if body.width >= _WIDE_FROM else _LEFT
    data = max(12, body.height * 16 // 37)
    loss = max(15, body.height * 20 // 37)
    right = body.width - left
    return {
        DATA: Rect(0, body.y, left, data),
        CONTROLS: Rect(0, body.y + data, left, body.height - data),
        LOSS: Rect(left, body.y, right, loss),
        GENERATE: Rect(left, body.y + loss, right, body.height - loss),
    }


def _stacked(body: Rect, focus: Focus) -> dict[int, Rect]:
    """Lay out the loss and one other pane open, the other two in one row each."""
    room = body.height - 2
    loss = room * 9 // 19
    open_heights = {LOSS: loss, focus.companion: room - loss}
    found, y = {}, body.y
    for pane in PANES:
        height = open_heights.get(pane, 1)
        found[pane] = Rect(0, y, body.width, height)
        y += height
    return found

"""Which panes are open, which are folded to one line, for each size of the terminal."""

from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["one", "stacked", "columns"]

DATA, CONTROLS, LOSS, GENERATE = 1, 2, 3, 4
PANES = (DATA, CONTROLS, LOSS, GENERATE)
STACKED_FROM = (60, 20)
COLUMNS_FROM = (100, 30)


def mode_of(width: int, height: int) -> Mode:
    """One pane at a time, panes above one another, or two columns."""
    if width >= COLUMNS_FROM[0] and height >= COLUMNS_FROM[1]:
        return "columns"
    return "stacked" if width >= STACKED_FROM[0] and height >= STACKED_FROM[1] else "one"


def open_panes(mode: Mode, current: int, companion: int, zoomed: bool) -> frozenset[int]:
    """The panes that have room.

    Args:
        mode: The layout.
        current: The pane with the focus.
        companion: The pane beside the loss where only two are open.
        zoomed: Whether the current pane has the whole screen.
    """
    if zoomed or mode == "one":
        return frozenset((current,))
    if mode == "columns":
        return frozenset(PANES)
    return frozenset((LOSS, current if current != LOSS else companion))

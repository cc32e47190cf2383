"""Base class of the panes: a frame with a number, a name and a subtitle, or one collapsed row."""

from typing import Any, ClassVar

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.layout import is_framed
from workbench.panes.frame import FrameTexts, PaneFrame, draw_frame, subtitle_room
from workbench.panes.pane_view import PaneView, views_help
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance
from workbench.widgets.row_widget import Row, RowWidget, renderer_of

_COLLAPSED_NAME_CELLS = 10


class Pane(RowWidget, can_focus=True):
    """Pane of the main screen, focused by its number key.

    Attributes:
        MAIN_ACTIONS: Actions whose keys stay in a short footer, the most important first.
        NUMBER: Number of the pane and its key.
        NAME: Name in the border.
        HELP: Introduction of the help screen; the help of the views follows.
        VIEWS: Registry of the views.
        state: State of the app; None before the first one arrives.
        keys: Labels of the keys.
    """

    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; layers: base field; }
    Pane > Field { layer: field; position: absolute; display: none; height: 1; max-width: 100%; }
    Pane.-editing > Field { display: block; }
    """
    DEFAULT_CLASSES = "pane"
    ALLOW_SELECT = False
    MAIN_ACTIONS: ClassVar[tuple[str, ...]] = ()
    NUMBER: ClassVar[int]
    NAME: ClassVar[str]
    HELP: ClassVar[str]
    VIEWS: ClassVar[tuple[PaneView[Any], ...]] = ()
    state: AppState | None = None
    keys: KeyLabels = DEFAULT_KEYS

    @property
    def frame(self) -> PaneFrame:
        """Geometry of the pane."""
        return PaneFrame(self.size)

    def collapsed_row(self, width: int) -> Row:
        """Return the most important content in one row of at most ``width`` cells."""
        raise NotImplementedError

    def subtitle(self, width: int) -> str:
        """Return the view and units for the upper border, in at most ``width`` cells."""
        return ""

    def overflow_text(self) -> str:
        """Return the amount of hidden content for the lower border; empty if nothing is hidden."""
        return ""

    def set_state(self, state: AppState) -> None:
        """Show this state of the app."""
        self.state, self.keys = state, state.keys
        self.redraw()

    def draw_strips(self, width: int, height: int) -> list[Strip]:
        """Return the rows in their frame, without a frame in a small pane, or the collapsed row."""
        if height == 1:
            return renderer_of(self).strips([collapsed_line(self, width)], width, height)
        if not is_framed(width, height):
            return super().draw_strips(width, height)
        digit = pane_digit(self)
        subtitle = self.subtitle(subtitle_room(digit, self.NAME, width))
        texts = FrameTexts(digit, self.NAME, subtitle, self.overflow_text())
        rows = self.rows(width - 3, height - 2)
        size = Size(width, height)
        return draw_frame(rows, texts, size, renderer_of(self), self.has_focus_within)

    def on_focus(self) -> None:
        """Redraw the frame, which is highlighted while the pane has the focus."""
        self.redraw()

    on_blur = on_descendant_focus = on_descendant_blur = on_focus


def pane_digit(pane: Pane) -> str:
    """Return the label of the key that focuses a pane."""
    return pane.keys.substitute_keys(f"<pane.{pane.NUMBER}>")


def collapsed_line(pane: Pane, width: int) -> Row:
    """Return the row of a collapsed pane: digit, name and the most important content."""
    key, name = f" {pane_digit(pane)} ", pane.NAME.ljust(_COLLAPSED_NAME_CELLS)
    room = width - cell_len(key) - cell_len(name)
    return [(key, "train bold"), (name, "plain"), *pane.collapsed_row(room)]


def appearance_of(pane: Pane) -> Appearance:
    """Return palette, character set and key labels for a screen that opens over a pane."""
    return Appearance(pane.palette, pane.ascii_only, pane.keys)


def pane_help(pane: Pane | type[Pane]) -> str:
    """Return the help of a pane and of its views."""
    return f"{pane.HELP} {views_help(pane.VIEWS)}".strip()

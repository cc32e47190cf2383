"""Base class of the panes: a frame with a number, a name and a subtitle, or one collapsed row."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.geometry import Offset, Size
from textual.strip import Strip

from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.layout import is_framed
from workbench.panes.pane_view import PaneView, views_help
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row, RowWidget

_LIGHT, _HEAVY, _PLAIN, _DOUBLE = "╭─╮│╰╯", "┏━┓┃┗┛", "+-+|++", "+=+|++"
_COLLAPSED_NAME_CELLS = 10


class Pane(RowWidget, can_focus=True):
    """Pane of the main screen, focused by its number key.

    Attributes:
        MAIN_ACTIONS: Actions whose keys stay in a short footer, the most important first.
        NUMBER: Number of the pane and its key.
        NAME: Name in the border.
        HELP: Introduction of the help screen; the help of the views follows.
        VIEWS: Registry of the views.
        situation: State of the app; None before the first one arrives.
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
    situation: AppState | None = None

    @property
    def keys(self) -> KeyLabels:
        """Labels of the keys."""
        return self.situation.keys if self.situation else DEFAULT_KEYS

    @property
    def digit(self) -> str:
        """Label of the key that focuses the pane."""
        return self.keys.substitute_keys(f"<pane.{self.NUMBER}>")

    def body(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the rows inside the frame."""
        raise NotImplementedError

    def collapsed_row(self, width: int) -> Row:
        """Return the most important content in one row of at most ``width`` cells."""
        raise NotImplementedError

    def subtitle(self, width: int) -> str:
        """Return the view and units for the upper border, in at most ``width`` cells."""
        return ""

    def overflow_text(self) -> str:
        """Return the amount of hidden content for the lower border; empty if nothing is hidden."""
        return ""

    def full_text(self) -> Sequence[tuple[str, str]]:
        """Return text that may be cut in the pane, for the help: pairs of a term and its text."""
        return ()

    @classmethod
    def help_text(cls) -> str:
        """Return the help of the pane and of its views."""
        return f"{cls.HELP} {views_help(cls.VIEWS)}".strip()

    def set_state(self, situation: AppState) -> None:
        """Show this state of the app."""
        self.situation = situation
        self.redraw()

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

    def inside(self, event: events.MouseEvent) -> Offset | None:
        """Return the position of the mouse inside the frame; None if it is outside."""
        at = event.get_content_offset(self)
        if at is None or self.is_collapsed:
            return None
        at -= self.inner_offset
        return at if self.inner.region.contains_point(at) else None

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the collapsed row, or the rows of a pane without a frame."""
        if height == 1:
            key, name = f" {self.digit} ", self.NAME.ljust(_COLLAPSED_NAME_CELLS)
            room = width - cell_len(key) - cell_len(name)
            return [[(key, "train bold"), (name, "plain"), *self.collapsed_row(room)]]
        return self.body(width, height)

    def on_focus(self) -> None:
        """Highlight the frame."""
        self.redraw()

    def on_blur(self) -> None:
        """Remove the highlight of the frame."""
        self.redraw()

    on_descendant_focus = on_descendant_blur = on_focus

    def _render_strips(self, width: int, height: int) -> list[Strip]:
        if not is_framed(width, height):
            return super()._render_strips(width, height)
        has_focus, base = self.has_focus_within, self.rich_style
        signs = (_HEAVY if has_focus else _LIGHT, _DOUBLE if has_focus else _PLAIN)[self.ascii_only]
        role = "train" if has_focus else "guide"
        left = self._segments([(f"{signs[3]} ", role)], base)
        right = self._segments([(signs[3], role)], base)
        rows = [*self.body(width - 3, height - 2), *[[]] * height][: height - 2]
        return [
            Strip(self._segments(self._top(signs, role, width), base), width),
            *(Strip([*left, *self._strip(row, width - 3, base), *right], width) for row in rows),
            Strip(self._segments(self._bottom(signs, role, width), base), width),
        ]

    def _bottom(self, signs: str, role: str, width: int) -> Row:
        """Return the lower border with the overflow text."""
        overflow = f" {self.overflow_text()} " if self.overflow_text() else ""
        overflow = overflow if cell_len(overflow) <= width - 4 else ""
        line = signs[1] * (width - 3 - cell_len(overflow))
        end = signs[1] + signs[5]
        return [(f"{signs[4]}{line}", role), (overflow, "label"), (end, role)]

    def _top(self, signs: str, role: str, width: int) -> Row:
        """Return the upper border with number, name and subtitle."""
        name = f" {self.digit} {self.NAME} "
        room = width - cell_len(name) - 8
        about = self.subtitle(room)
        about = f" {about} " if about and cell_len(about) <= room else ""
        line = signs[1] * (width - 4 - cell_len(name) - cell_len(about))
        name_role = f"{role} reverse bold" if role == "train" else "plain bold"
        return [
            (signs[0] + signs[1], role),
            (name, name_role),
            (line, role),
            (about, "label"),
            (signs[1] + signs[2], role),
        ]

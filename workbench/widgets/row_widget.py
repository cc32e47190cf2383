"""The base of what is drawn as rows of text: only rows that changed are drawn again."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from workbench.render.palette import DARK, Palette
from workbench.render.sanitize import to_ascii

Piece: TypeAlias = tuple[str, str]
"""Text with the name of its role in the palette."""
Row: TypeAlias = Sequence[Piece]


def row_width(row: Row) -> int:
    """How many cells a row takes."""
    return sum(cell_len(text) for text, _ in row)


class RowWidget(Widget):
    """A widget that is nothing but rows. A subclass says which, for the size it is given."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette: Palette = DARK
        self.ascii_only = False
        self._strips: list[Strip] = []
        self._drawn_for = Size(0, 0)
        self._is_hidden = False

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """The rows to draw, at most ``height`` of them; cut at ``width`` if they are longer.

        A row of roles gets its colours and signs here; a rich text has them.
        """
        raise NotImplementedError

    def set_appearance(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Draws with these colours and signs from now on."""
        self.palette, self.ascii_only = palette, ascii_only
        self.redraw()

    def redraw(self) -> None:
        """Draw again what is different; a frame in which nothing changed sends nothing."""
        if not self.is_attached or not self.size:
            return
        if self._is_hidden:
            self._forget()
            return
        before = self._strips
        self._draw()
        changed = [
            Region(0, y, self.size.width, 1)
            for y, strip in enumerate(self._strips)
            if y >= len(before) or before[y] != strip
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        if self._drawn_for != self.size:
            self._draw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def notify_style_update(self) -> None:
        """Colours of the theme may have changed."""
        self._drawn_for = Size(0, 0)
        super().notify_style_update()

    def on_hide(self) -> None:
        """What nobody sees is not drawn."""
        self._is_hidden = True

    def on_show(self) -> None:
        """Seen again."""
        self._is_hidden = False

    def _forget(self) -> None:
        """Draw everything when it is seen again."""
        if self._drawn_for:
            self._drawn_for = Size(0, 0)
            self.refresh()

    def _draw(self) -> None:
        self._drawn_for = self.size
        self._strips = self._strips_of(*self.size)

    def _strips_of(self, width: int, height: int) -> list[Strip]:
        """Exactly ``height`` strips of ``width`` cells."""
        rows = [*self.rows(width, height), *[[]] * height][:height]
        base = self.rich_style
        return [self._strip(row, width, base) for row in rows]

    def _strip(self, row: Row | Text, width: int, base: Style) -> Strip:
        if isinstance(row, Text):
            drawn = Strip(row.render(self.app.console, "")).apply_style(base)
            return drawn.adjust_cell_length(width, base)
        return Strip(self._segments(row, base)).adjust_cell_length(width, base)

    def _segments(self, row: Row, base: Style) -> list[Segment]:
        return [
            Segment(to_ascii(text) if self.ascii_only else text, base + self._style(role))
            for text, role in row
            if text
        ]

    def _style(self, role: str) -> Style:
        name, _, how = role.partition(" ")
        return _parsed(f"{self.palette.style(name)} {how}".strip())  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _parsed(style: str) -> Style:
    return Style.parse(style)

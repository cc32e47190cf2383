"""Base class of widgets made of rows of text; only changed rows are redrawn."""

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

StyledSpan: TypeAlias = tuple[str, str]
"""Text with a palette role, optionally followed by rich attributes: ``train bold``."""
Row: TypeAlias = Sequence[StyledSpan]


def row_width(row: Row) -> int:
    """Return the width of a row in cells."""
    return sum(cell_len(text) for text, _ in row)


class RowWidget(Widget):
    """Widget made of rows; a subclass returns the rows for a size."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette: Palette = DARK
        self.ascii_only = False
        self._strips: list[Strip] = []
        self._rendered_size = Size(0, 0)
        self._is_hidden = False

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return at most ``height`` rows; longer rows are cut at ``width``.

        Rows of spans get their colors and ASCII replacements here; a rich text already has them.
        """
        raise NotImplementedError

    def set_appearance(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Set the palette and the character set."""
        self.palette, self.ascii_only = palette, ascii_only
        self.redraw()

    def redraw(self) -> None:
        """Redraw the rows that changed."""
        if not self.is_attached or not self.size:
            return
        if self._is_hidden:
            self._invalidate()
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
        """Return one row of the widget."""
        if self._rendered_size != self.size:
            self._draw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def notify_style_update(self) -> None:
        """Redraw, because colors of the theme may have changed."""
        self._rendered_size = Size(0, 0)
        super().notify_style_update()

    def on_hide(self) -> None:
        """Stop drawing while the widget is hidden."""
        self._is_hidden = True

    def on_show(self) -> None:
        """Draw again."""
        self._is_hidden = False

    def _invalidate(self) -> None:
        """Draw everything when the widget is shown again."""
        if self._rendered_size:
            self._rendered_size = Size(0, 0)
            self.refresh()

    def _draw(self) -> None:
        self._rendered_size = self.size
        self._strips = self._render_strips(*self.size)

    def _render_strips(self, width: int, height: int) -> list[Strip]:
        """Return exactly ``height`` strips of ``width`` cells."""
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
        name, _, attributes = role.partition(" ")
        return _parse_style(f"{self.palette.style(name)} {attributes}".strip())  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _parse_style(style: str) -> Style:
    return Style.parse(style)

"""Base class of widgets made of rows of text; only changed rows are redrawn."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from workbench.render.palette import DARK, Palette
from workbench.render.sanitize import needs_mark, to_ascii

StyledSpan: TypeAlias = tuple[str, str]
"""Text with a palette role, optionally followed by rich attributes: ``train bold``."""
Row: TypeAlias = Sequence[StyledSpan]


def row_width(row: Row) -> int:
    """Return the width of a row in cells."""
    return sum(cell_len(text) for text, _ in row)


class StripRenderer(NamedTuple):
    """Conversion of rows into strips of one appearance.

    Attributes:
        palette: Colors by role.
        ascii_only: Whether only ASCII characters are drawn.
        base: Style under the style of each role.
        console: Console that renders rich text.
    """

    palette: Palette
    ascii_only: bool
    base: Style
    console: Console

    def strips(self, rows: Sequence[Row | Text], width: int, height: int) -> list[Strip]:
        """Return exactly ``height`` strips of ``width`` cells."""
        return [self.strip(row, width) for row in [*rows, *[[]] * height][:height]]

    def strip(self, row: Row | Text, width: int) -> Strip:
        """Return one row, padded to ``width`` cells, or cut with a mark where text is lost."""
        if isinstance(row, Text):
            drawn = Strip(row.render(self.console, "")).apply_style(self.base)
        else:
            drawn = Strip(self.segments(row))
        if needs_mark(drawn.text, width):
            kept = drawn.crop(0, width - 1)
            mark = Segment(to_ascii("…") if self.ascii_only else "…", _last_style(kept, self.base))
            drawn = Strip([*kept, mark])
        return drawn.adjust_cell_length(width, self.base)

    def segments(self, row: Row) -> list[Segment]:
        """Return a segment for each span of a row."""
        return [
            Segment(to_ascii(text) if self.ascii_only else text, self.base + self._style(role))
            for text, role in row
            if text
        ]

    def _style(self, role: str) -> Style:
        name, _, attributes = role.partition(" ")
        return _parse_style(f"{self.palette.style(name)} {attributes}".strip())  # type: ignore[arg-type]


def _last_style(strip: Strip, base: Style) -> Style:
    styles = [segment.style for segment in strip if segment.style is not None]
    return styles[-1] if styles else base


@lru_cache(maxsize=256)
def _parse_style(style: str) -> Style:
    return Style.parse(style)


class StripCache:
    """Strips that were drawn last, and the size they were drawn for."""

    def __init__(self) -> None:
        self.strips: list[Strip] = []
        self.size = Size(0, 0)

    def update(self, strips: list[Strip], size: Size) -> list[Region]:
        """Store new strips; return the rows that changed."""
        before, self.strips, self.size = self.strips, strips, size
        return [
            Region(0, y, size.width, 1)
            for y, strip in enumerate(strips)
            if y >= len(before) or before[y] != strip
        ]

    def invalidate(self) -> bool:
        """Forget the size, so that everything is drawn again; return False if it was forgotten."""
        was_valid, self.size = bool(self.size), Size(0, 0)
        return was_valid


class RowWidget(Widget):
    """Widget made of rows; a subclass returns the rows for a size."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette: Palette = DARK
        self.ascii_only = False
        self._cache = StripCache()

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
        """Redraw the rows that changed; in a hidden widget, all rows when it is shown again."""
        if not self.is_attached:
            return
        if not self.size:  # Textual gives a widget outside the layout no size
            if self._cache.invalidate():
                self.refresh()
            return
        changed = self._cache.update(self.draw_strips(*self.size), self.size)
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Return one row of the widget."""
        if self._cache.size != self.size:
            self._cache.update(self.draw_strips(*self.size), self.size)
        strips = self._cache.strips
        return strips[y] if y < len(strips) else Strip.blank(self.size.width)

    def draw_strips(self, width: int, height: int) -> list[Strip]:
        """Return exactly ``height`` strips of ``width`` cells."""
        return renderer_of(self).strips(self.rows(width, height), width, height)

    def notify_style_update(self) -> None:
        """Redraw, because colors of the theme may have changed."""
        self._cache.invalidate()
        super().notify_style_update()


def renderer_of(widget: RowWidget) -> StripRenderer:
    """Return the renderer of the appearance that a widget has now."""
    return StripRenderer(widget.palette, widget.ascii_only, widget.rich_style, widget.app.console)

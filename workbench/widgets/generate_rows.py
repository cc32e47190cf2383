"""The base of panes that are drawn as rows of rich text: a row that stays the same is not sent again."""

from rich.text import Text
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class TextRows(Widget):
    """A widget that is nothing but rows of text. A subclass says which, for the size it is given."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self._drawn_for = Size(0, 0)
        self._about = ""

    def text_rows(self, width: int, height: int) -> list[Text]:
        """The rows to draw, exactly `height` of them."""
        raise NotImplementedError

    def write_border(self, name: str, about: str) -> None:
        """Writes the pane's name and what it shows on its border, if that is something new."""
        if self._about != about or self.border_title is None:
            self._about = about
            self.border_title = Content(name)
            self.border_subtitle = Content(about)

    def redraw(self) -> None:
        """Draws again what is different; a frame in which nothing changed sends nothing."""
        if not self.is_attached or not self.size:
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

    def _draw(self) -> None:
        width, height = self._drawn_for = self.size
        base, console = self.rich_style, self.app.console
        self._strips = [
            Strip(row.render(console, "")).apply_style(base).adjust_cell_length(width, base)
            for row in self.text_rows(width, height)
        ]

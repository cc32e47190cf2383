"""The base of the panes that are drawn as rows: a border with a number, a name and a view."""

from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content

from workbench.render.text import ascii_text
from workbench.situation import Situation
from workbench.widgets.rows import Rows


class Pane(Rows, can_focus=True):
    """A place on the screen that a digit leads to.

    Attributes:
        NUMBER: The digit.
        NAME: Its name.
        HELP: What it shows, for the help screen.
    """

    NUMBER: ClassVar[int]
    NAME: ClassVar[str]
    HELP: ClassVar[str]
    situation: Situation | None = None
    _written = ""

    def show(self, situation: Situation) -> None:
        """Show this situation."""
        self.situation = situation
        self.title_changed()
        self.redraw()

    def about(self) -> str:
        """What the border says beside the name: view and units."""
        return ""

    def title_changed(self) -> None:
        """Write the border anew: the name at its left, the view at its right."""
        title = self._title()
        if title != self._written:
            self._written = title
            self.border_title = Content(title)

    def on_resize(self) -> None:
        """The line between name and view fills the border."""
        self.title_changed()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The line in the title is that of the border."""
        super().watch_has_focus(has_focus)
        self.title_changed()

    def _title(self) -> str:
        name, about = f"{self.NUMBER} {self.NAME}", self.about()
        n_line = self.outer_size.width - cell_len(name) - cell_len(about) - 8
        if n_line < 1 or not about:
            return name
        line = "━" if self.has_focus else "─"
        title = f"{name} {line * n_line} {about}"
        return ascii_text(title) if self.ascii_only else title

"""The base of the panes that are drawn as rows: a border with a number, a name and a view."""

from typing import ClassVar

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
        """Write the border anew: the name above, the view below."""
        about = self.about()
        if about != self._written:
            self._written = about
            self.border_title = Content(f"{self.NUMBER} {self.NAME}")
            self.border_subtitle = Content(ascii_text(about) if self.ascii_only else about)

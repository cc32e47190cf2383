"""The base of the panes that are drawn as rows: a border with a number, a name and a view."""

from typing import ClassVar

from workbench.situation import Situation
from workbench.widgets.rows import Rows


class Pane(Rows, can_focus=True):
    """A place on the screen that a digit leads to.

    Attributes:
        NUMBER: The digit.
        NAME: Its name.
        HELP: What it shows, for the help screen.
    """

    DEFAULT_CLASSES = "pane"
    NUMBER: ClassVar[int]
    NAME: ClassVar[str]
    HELP: ClassVar[str]
    situation: Situation | None = None

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
        self.write_border(f"{self.NUMBER} {self.NAME}", self.about())

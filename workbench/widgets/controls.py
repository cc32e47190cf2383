"""The Controls pane: every setting of a run, changed by keys."""

from typing import Any, ClassVar

from textual.message import Message
from textual.widget import Widget

from workbench.control_rows import ControlRow
from workbench.render.palette import DARK, Palette


class ControlsPane(Widget, can_focus=True):
    """Rows of settings with a cursor. It changes nothing itself: it posts what a person asks."""

    HELP: ClassVar[str] = "Settings of the run."

    class ValueAsked(Message):
        """A person asks for a value of the setting called `key`."""

        def __init__(self, key: str, value: Any) -> None:
            super().__init__()
            self.key, self.value = key, value

    class PresetAsked(Message):
        """A person chose a preset from the list."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class UndoAsked(Message):
        """The last change of a value should be taken back."""

    class RedoAsked(Message):
        """The change that was taken back should be made again."""

    def show(self, rows: tuple[ControlRow, ...]) -> None:
        """Shows these rows; the cursor stays on its setting."""

    def show_refusal(self, message: str) -> None:
        """Says why what was asked last is not possible."""

    def show_look(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Draws with these colours and signs from now on."""

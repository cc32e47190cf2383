"""Input field over the value of the row under the cursor."""

from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Offset

from workbench.panes.controls import view_model as layout
from workbench.panes.controls.render import label_width
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.panes.input_field import field_of, has_focus_in_field
from workbench.panes.pane import Pane

if TYPE_CHECKING:  # the first frame does not need these modules
    from workbench.widgets.field import Field

_MAX_VALUE = 200
_EDITING = "-editing"


class ValueField:
    """Opens, places and closes the input field; the field is created when it is first opened.

    Args:
        pane: Pane that contains the field.
    """

    def __init__(self, pane: Pane) -> None:
        self._pane = pane

    @property
    def _field(self) -> "Field":
        return field_of(self._pane, _MAX_VALUE)

    def open(self, text: str) -> None:
        """Open the field with a text."""
        self._pane.add_class(_EDITING)
        self._field.open_with(text)

    def place(self, view: ControlsViewModel) -> None:
        """Place the field over the value of the row under the cursor."""
        frame = self._pane.frame
        width, height = frame.inner
        x = min(label_width(width) + 2, max(0, width - 4))
        y = layout.place_of_cursor(view, width) if height > 1 else 0
        self._field.styles.offset = Offset(x, y) + frame.inner_offset
        self._field.styles.width = max(1, width - x - 1)

    def focus_pane(self) -> None:
        """Return the focus to the pane if the field has it."""
        if has_focus_in_field(self._pane):
            self._pane.focus()

    def hide(self) -> None:
        """Hide the field."""
        self._pane.remove_class(_EDITING)

    def takes_key(self, event: events.Key) -> bool:
        """Type a key that arrived before the field had the focus; return True if it did."""
        return self._field.insert_early_key(event)

    async def submit(self) -> None:
        """Submit the text of the field."""
        await self._field.action_submit()

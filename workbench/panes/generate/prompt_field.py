"""Input field of the prompt, shown over the first row of the Generate pane."""

from typing import TYPE_CHECKING

from textual import events

from workbench.panes.input_field import field_of
from workbench.panes.pane import Pane

if TYPE_CHECKING:  # the first frame does not need these modules
    from workbench.widgets.field import Field

MAX_PROMPT = 2000
_EDITING = "-editing"


class PromptField:
    """Opens, places and closes the input field; the field is created when it is first opened.

    Args:
        pane: Pane that contains the field.
    """

    def __init__(self, pane: Pane) -> None:
        self._pane = pane

    @property
    def is_open(self) -> bool:
        """True while the prompt is edited."""
        return self._pane.has_class(_EDITING)

    @property
    def _field(self) -> "Field":
        return field_of(self._pane, MAX_PROMPT)

    def open(self, text: str) -> None:
        """Open the field with a text."""
        self._pane.add_class(_EDITING)
        self.place()
        self._field.open_with(text)

    def paste(self, text: str) -> None:
        """Replace the text of the open field by a pasted text."""
        self._field.value = text[:MAX_PROMPT]
        self._field.action_end()

    def close(self) -> None:
        """Close the field and focus the pane."""
        self.hide()
        self._pane.focus()

    def hide(self) -> None:
        """Hide the field."""
        self._pane.remove_class(_EDITING)

    def place(self) -> None:
        """Place the open field at the top of the pane."""
        if self.is_open:
            self._field.styles.offset = self._pane.frame.inner_offset
            self._field.styles.width = max(1, self._pane.frame.inner.width)

    def takes_key(self, event: events.Key) -> bool:
        """Type a key that arrived before the open field had the focus; return True if it did."""
        return self.is_open and self._field.insert_early_key(event)

    async def submit(self) -> None:
        """Submit the text of the field."""
        await self._field.action_submit()

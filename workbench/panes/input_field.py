"""Input field over a pane; the field is imported and created when it is first opened."""

from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Offset
from textual.widget import Widget

from workbench.panes.pane import Pane

if TYPE_CHECKING:  # the first frame does not need this module
    from workbench.widgets.field import Field

MAX_PROMPT = 2000
_EDITING = "-editing"


def is_key_of(pane: Widget, action: str, key: str) -> bool:
    """Return whether a key is bound to this action of the pane, also by a keymap file.

    A pane opens its field directly, before the key reaches the app, so that the next key of a
    burst goes to the field.
    """
    active = pane.screen.active_bindings.get(key)
    return active is not None and active.node is pane and active.binding.action == action


class PaneField:
    """Input field of a pane: opens, places and closes it, by default over the first row.

    Args:
        pane: Pane that contains the field.
        max_length: Maximum number of characters.
    """

    def __init__(self, pane: Pane, max_length: int) -> None:
        self._pane, self._max_length = pane, max_length
        self._at, self._right_margin = Offset(0, 0), 0

    @property
    def is_open(self) -> bool:
        """True while the text is edited."""
        return self._pane.has_class(_EDITING)

    @property
    def _field(self) -> "Field":
        from workbench.widgets.field import Field

        field = next(iter(self._pane.query_children(Field)), None)
        if field is None:
            field = Field(self._max_length)
            self._pane.mount(field)
        return field

    def open(self, text: str) -> None:
        """Open the field with a text."""
        self._pane.add_class(_EDITING)
        self.place(*self._at, self._right_margin)
        self._field.open_with(text)

    def paste(self, text: str) -> None:
        """Replace the text of the open field by a pasted text."""
        self._field.value = text[: self._max_length]
        self._field.action_end()

    def close(self) -> None:
        """Close the field and focus the pane."""
        self.hide()
        self._pane.focus()

    def hide(self) -> None:
        """Hide the field."""
        self._pane.remove_class(_EDITING)

    def place(self, x: int = 0, y: int = 0, right_margin: int = 0) -> None:
        """Place the field at a column and a row of the pane, up to some cells from the right."""
        self._at, self._right_margin = Offset(x, y), right_margin
        if self.is_open:
            frame = self._pane.frame
            self._field.styles.offset = frame.inner_offset + self._at
            self._field.styles.width = max(1, frame.inner.width - x - right_margin)

    def focus_pane(self) -> None:
        """Return the focus to the pane if the field has it."""
        focused = self._pane.screen.focused
        if focused is not None and focused.parent is self._pane:
            self._pane.focus()

    def takes_key(self, event: events.Key) -> bool:
        """Type a key that arrived before the open field had the focus; return True if it did."""
        return self.is_open and self._field.insert_early_key(event)

    async def submit(self) -> None:
        """Submit the text of the field."""
        await self._field.action_submit()

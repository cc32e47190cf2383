"""A field of one row over a pane: harmless text, and no key lost while it opens."""

from textual import events
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from workbench.render.text import clean


def is_key_of(pane: Widget, action: str, key: str) -> bool:
    """Whether a key now means this action of the pane, wherever a keymap has put it.

    A pane that opens its field at once, and not when the key has travelled up to the app, knows of
    it before the next key of a burst arrives.
    """
    active = pane.screen.active_bindings.get(key)
    return active is not None and active.node is pane and active.binding.action == action


def field_of(pane: Widget, max_length: int) -> "Field":
    """The pane's field. It is made when it is first asked for: no first frame has one."""
    field = next(iter(pane.query_children(Field)), None)
    if field is None:
        field = Field(max_length)
        pane.mount(field)
    return field


class Field(Input):
    """What enters it is made harmless first, a pasted escape code too."""

    def __init__(self, max_length: int) -> None:
        super().__init__(compact=True, max_length=max_length, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        """Makes the text harmless before it is shown."""
        return clean(value)

    def open_with(self, text: str) -> None:
        """Goes to the field with all of the text selected, so that typing replaces it."""
        self.value = text
        self.selection = Selection(0, len(self.value))
        self.focus()

    def takes_early(self, event: events.Key) -> bool:
        """Takes a letter that reached the pane, because the focus had not moved here yet.

        Over a slow line keys come in bursts, and the focus moves only between two of them.
        """
        if event.character is None or not event.is_printable:
            return False
        self.replace(event.character, *sorted(self.selection))
        return True

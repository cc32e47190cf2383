"""A field of one row over a pane: harmless text, and no key lost while it opens."""

from textual import events
from textual.widgets import Input
from textual.widgets.input import Selection

from workbench.render.sanitize import sanitize


class Field(Input):
    """What enters it is made harmless first, a pasted escape code too."""

    def __init__(self, max_length: int) -> None:
        super().__init__(compact=True, max_length=max_length, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        """Makes the text harmless before it is shown."""
        return sanitize(value)

    def _on_paste(self, event: events.Paste) -> None:
        """Takes all lines of what is pasted as one: a terminal may have broken it."""
        event.prevent_default()
        event.stop()
        parts = (line.strip().removesuffix("\\").rstrip() for line in event.text.splitlines())
        self.replace(" ".join(filter(None, parts)), *sorted(self.selection))

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

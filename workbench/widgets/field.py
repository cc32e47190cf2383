"""Text field of one row over a pane."""

from textual import events
from textual.widgets import Input
from textual.widgets.input import Selection

from seqlm.sanitize import sanitize


class Field(Input):
    """Input field that sanitizes its text and loses no key while it opens."""

    def __init__(self, max_length: int) -> None:
        super().__init__(compact=True, max_length=max_length, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        """Return the sanitized text."""
        return sanitize(value)

    def _on_paste(self, event: events.Paste) -> None:
        """Insert pasted text as one line: a terminal may have broken a long line."""
        event.prevent_default()
        event.stop()
        parts = (line.strip().removesuffix("\\").rstrip() for line in event.text.splitlines())
        self.replace(" ".join(filter(None, parts)), *sorted(self.selection))

    def open_with(self, text: str) -> None:
        """Focus the field with all of its text selected, so that typing replaces it."""
        self.value = text
        self.selection = Selection(0, len(self.value))
        self.focus()

    def insert_early_key(self, event: events.Key) -> bool:
        """Insert a letter that reached the pane before the focus moved here; return whether it did.

        Over a slow connection keys come in bursts, and the focus moves only between two keys.
        """
        if event.character is None or not event.is_printable:
            return False
        self.replace(event.character, *sorted(self.selection))
        return True

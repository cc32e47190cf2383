"""Tabs, a row with the names of all panes where only one pane is open."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message

from workbench.keyboard.bindings import PANE_NAMES
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.widgets.row_widget import Row, RowWidget

_KEY_CELLS = 4  # the digit with spaces around it and after the name


class PaneRequested(Message):
    """Posted when the name of a pane is clicked."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class PaneTabs(RowWidget):
    """Row of pane names with the current one highlighted."""

    _current = 0
    _keys = DEFAULT_KEYS

    def set_key_labels(self, keys: KeyLabels) -> None:
        """Set the labels of the keys."""
        if keys != self._keys:
            self._keys = keys
            self.redraw()

    def set_current(self, number: int) -> None:
        """Highlight this pane."""
        self._current = number
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row, with short names where there is little room."""
        row: list[tuple[str, str]] = []
        n_cells = sum(len(name) + _KEY_CELLS for name in PANE_NAMES)
        for number, name in enumerate(PANE_NAMES, 1):
            is_current = number == self._current
            shown = name if width >= n_cells else name[:4]
            role = "train bold reverse" if is_current else "label"
            row += [(self._keys.substitute_keys(f" <pane.{number}> {shown} "), role)]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Request the pane whose name was clicked."""
        at = 0
        for number, (text, _) in enumerate(self.rows(self.size.width, 1)[0], 1):
            at += cell_len(text)
            if event.x < at:
                self.post_message(PaneRequested(number))
                return

"""Footer, the last row of the screen: the active keys, which can be clicked."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.message import Message

from workbench.widgets.row_widget import Row, RowWidget

ALWAYS = 0
"""Rank of a key that is shown at every width."""
_DROPPED_BEFORE_LABELS = 30
_SEPARATOR = "│"


class FooterKey(NamedTuple):
    """Entry of the footer.

    Attributes:
        key: Display name of the key.
        label: What the key does.
        action: Action to run after a click.
        rank: Entries with a higher rank are left out first; `ALWAYS` keeps an entry.
    """

    key: str
    label: str
    action: str
    rank: int = ALWAYS

    @property
    def text(self) -> str:
        """Key and label with spaces around them."""
        return f" {self.key} {self.label} " if self.label else f" {self.key} "


class Footer(RowWidget):
    """Row with the keys of the focused pane, then the global keys."""

    class Clicked(Message):
        """Posted when a key is clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pane_keys: tuple[FooterKey, ...] = ()
        self._global_keys: tuple[FooterKey, ...] = ()

    def set_keys(
        self, pane_keys: tuple[FooterKey, ...], global_keys: tuple[FooterKey, ...]
    ) -> None:
        """Show the keys of the pane and the global keys."""
        if (pane_keys, global_keys) != (self._pane_keys, self._global_keys):
            self._pane_keys, self._global_keys = pane_keys, global_keys
            self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row."""
        row: list[tuple[str, str]] = []
        for key in self._shown(width):
            if not key.action:
                row.append((key.key, "guide"))
                continue
            row += [(f" {key.key}", "train bold"), (key.text[len(key.key) + 1 :], "label")]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Post the action of the clicked key."""
        at = 0
        for key in self._shown(self.size.width):
            at += cell_len(key.text) if key.action else 1
            if event.x < at:
                if key.action:
                    self.post_message(self.Clicked(key.action))
                return

    def _shown(self, width: int) -> list[FooterKey]:
        """Return the keys that fit, with a separator between pane keys and global keys."""
        shown = fitting_keys((*self._pane_keys, *self._global_keys), width - len(_SEPARATOR))
        n_pane = sum(key in self._pane_keys for key in shown)
        if not 0 < n_pane < len(shown):
            return shown
        return [*shown[:n_pane], FooterKey(_SEPARATOR, "", ""), *shown[n_pane:]]


def fitting_keys(keys: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """Return as many keys as fit, in order.

    Keys with a higher rank are left out first, among equals the rightmost one. Before keys of the
    pane are left out, the keys that always stay lose their labels.
    """
    shown = _without(list(keys), width, _DROPPED_BEFORE_LABELS)
    if _size(shown) > width:
        shown = [key._replace(label="") if key.rank == ALWAYS else key for key in shown]
    return _without(shown, width, ALWAYS + 1)


def _without(keys: list[FooterKey], width: int, least_rank: int) -> list[FooterKey]:
    """Remove keys of at least this rank until the rest fits."""
    while _size(keys) > width:
        place = max(range(len(keys)), key=lambda i: (keys[i].rank, i))
        if keys[place].rank < least_rank:
            break
        del keys[place]
    return keys


def _size(keys: Sequence[FooterKey]) -> int:
    return sum(cell_len(key.text) for key in keys)

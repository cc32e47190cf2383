"""The last row: the keys that do something now. Each can be clicked as well."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.message import Message

from workbench.widgets.rows import Row, Rows


class Key(NamedTuple):
    """A key as the footer names it, and what to run when it is clicked."""

    key: str
    label: str
    action: str

    @property
    def text(self) -> str:
        """The key with its label."""
        return f" {self.key} {self.label} " if self.label else f" {self.key} "


class Footer(Rows):
    """Keys of the focused pane, then those of everywhere; the last ones stay whatever the width."""

    class Clicked(Message):
        """A key was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[Key, ...] = ()
        self._kept: tuple[Key, ...] = ()

    def show(self, keys: tuple[Key, ...], kept: tuple[Key, ...]) -> None:
        """Show these keys; the ``kept`` ones stand last and are never dropped."""
        self._keys, self._kept = keys, kept
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        row: list[tuple[str, str]] = []
        for key in fitting(self._keys, self._kept, width):
            row += [(f" {key.key}", "train bold"), (key.text[len(key.key) + 1 :], "label")]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        at = 0
        for key in fitting(self._keys, self._kept, self.size.width):
            at += cell_len(key.text)
            if event.x < at:
                self.post_message(self.Clicked(key.action))
                return


def fitting(keys: Sequence[Key], kept: Sequence[Key], width: int) -> list[Key]:
    """As many keys as fit, from the left, and the kept ones behind them.

    Where room is short, the kept keys lose their words before the first key is dropped.
    """
    needed = sum(cell_len(key.text) for key in (*keys[:1], *kept))
    if needed > width:
        kept = [key._replace(label="") for key in kept]
    room = width - sum(cell_len(key.text) for key in kept)
    shown = []
    for key in keys:
        room -= cell_len(key.text)
        if room < 0:
            break
        shown.append(key)
    return [*shown, *kept]

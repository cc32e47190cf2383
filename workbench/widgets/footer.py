"""The last row: the keys that do something now. Each can be clicked as well."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.message import Message

from workbench.widgets.row_widget import Row, RowWidget

ALWAYS = 0
"""The rank of a key that stays whatever the width."""
_MAY_GO_BEFORE_WORDS = 30
_BETWEEN = "│"


class FooterKey(NamedTuple):
    """A key as the footer names it, what to run when it is clicked, and how soon it may go."""

    key: str
    label: str
    action: str
    rank: int = ALWAYS

    @property
    def text(self) -> str:
        """The key with its label."""
        return f" {self.key} {self.label} " if self.label else f" {self.key} "


class Footer(RowWidget):
    """Keys of the focused pane, then those of everywhere; the last ones stay whatever the width."""

    class Clicked(Message):
        """A key was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._own: tuple[FooterKey, ...] = ()
        self._everywhere: tuple[FooterKey, ...] = ()

    def set_keys(self, own: tuple[FooterKey, ...], everywhere: tuple[FooterKey, ...]) -> None:
        """Show the keys of the pane, and behind them those of everywhere."""
        if (own, everywhere) != (self._own, self._everywhere):
            self._own, self._everywhere = own, everywhere
            self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        row: list[tuple[str, str]] = []
        for key in self._shown(width):
            if not key.action:
                row.append((key.key, "guide"))
                continue
            row += [(f" {key.key}", "train bold"), (key.text[len(key.key) + 1 :], "label")]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        at = 0
        for key in self._shown(self.size.width):
            at += cell_len(key.text) if key.action else 1
            if event.x < at:
                if key.action:
                    self.post_message(self.Clicked(key.action))
                return

    def _shown(self, width: int) -> list[FooterKey]:
        """The keys that fit, with a line between the pane's and the others."""
        shown = fitting_keys((*self._own, *self._everywhere), width - len(_BETWEEN))
        n_own = sum(key in self._own for key in shown)
        if not 0 < n_own < len(shown):
            return shown
        return [*shown[:n_own], FooterKey(_BETWEEN, "", ""), *shown[n_own:]]


def fitting_keys(keys: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """As many keys as fit, in their order.

    The higher its rank, the sooner a key goes; among equals the right one first. Before the keys of
    the pane go, those that always stay lose their words.
    """
    shown = _without(list(keys), width, _MAY_GO_BEFORE_WORDS)
    if _size(shown) > width:
        shown = [key._replace(label="") if key.rank == ALWAYS else key for key in shown]
    return _without(shown, width, ALWAYS + 1)


def _without(keys: list[FooterKey], width: int, least_rank: int) -> list[FooterKey]:
    """Without as many keys of this rank or a higher one as it takes."""
    while _size(keys) > width:
        place = max(range(len(keys)), key=lambda i: (keys[i].rank, i))
        if keys[place].rank < least_rank:
            break
        del keys[place]
    return keys


def _size(keys: Sequence[FooterKey]) -> int:
    return sum(cell_len(key.text) for key in keys)

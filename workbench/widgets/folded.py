"""Panes that have no room: one row each, or one row of names for all."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from workbench.coach import label, value_text
from workbench.render.text import clean
from workbench.situation import Situation
from workbench.widgets import data, loss
from workbench.widgets.rows import Row, Rows

_HEAD_CELLS = 13
NAMES = {1: "Data", 2: "Controls", 3: "Loss", 4: "Generate"}


class PaneAsked(Message):
    """A pane was clicked where it is only named."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Folded(Rows):
    """A pane in one row."""

    DEFAULT_CSS = "Folded { height: 1; }"

    def __init__(self, number: int, id: str | None = None) -> None:
        super().__init__(id=id)
        self._number = number
        self._situation: Situation | None = None

    def show(self, situation: Situation) -> None:
        """Show this situation."""
        self._situation = situation
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """The digit, the name, and the most important words."""
        head: Row = [(f" {self._number} ", "train bold"), (NAMES[self._number].ljust(10), "plain")]
        if self._situation is None:
            return [head]
        return [[*head, *_SUMMARIES[self._number](self._situation, width - _HEAD_CELLS)]]

    def on_click(self, event: events.Click) -> None:
        """Open the pane."""
        event.stop()
        self.post_message(PaneAsked(self._number))


class PaneTabs(Rows):
    """All panes by name, the current one marked, where only one is open."""

    DEFAULT_CSS = "PaneTabs { height: 1; }"
    _current = 0

    def show_current(self, number: int) -> None:
        """Mark this pane."""
        self._current = number
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        names = NAMES if width >= 40 else {number: name[:4] for number, name in NAMES.items()}
        row: list[tuple[str, str]] = []
        for number, name in names.items():
            marked = number == self._current
            row += [(f" {number} {name} ", "train reverse" if marked else "label")]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Open the pane whose name was clicked."""
        at = 0
        for number, (text, _) in enumerate(self.rows(self.size.width, 1)[0], 1):
            at += len(text)
            if event.x < at:
                self.post_message(PaneAsked(number))
                return


def _controls_row(situation: Situation, _: int) -> Row:
    config, values = situation.config, situation.run.values
    rate = values.get("train.learning_rate", config.train.learning_rate)
    kind = type(config.model).__struct_config__.tag
    waiting = "".join(f" │ {label(key)} ↻ r" for key in situation.waiting[:2])
    words = f"{kind} │ learning rate {value_text(rate)} │ batch {value_text(config.train.batch)}"
    return [(words, "label"), (waiting, "waiting")]


def _generate_row(situation: Situation, _: int) -> Row:
    samples = situation.run.samples[-3:]
    words = "  ".join(f"{step:,}: {clean(text, 24)}" for step, text in samples)
    return [(words or "pair counts answer until a model is trained", "label")]


_SUMMARIES = {
    1: data.folded_row,
    2: _controls_row,
    3: loss.folded_row,
    4: _generate_row,
}

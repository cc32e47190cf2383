"""The Data pane: what the model is fed, and what there is to learn from."""

from collections.abc import Sequence
from math import exp
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.panes.data.rows import (
    Chances,
    fed_rows,
    folded_row,
    length_rows,
    line_rows,
    pair_rows,
    summary_rows,
    token_rows,
)
from workbench.panes.pane import Pane
from workbench.situation import Situation
from workbench.texts.preview import Preview
from workbench.widgets.rows import Row

_VIEWS = ("as fed", "lines", "lengths", "tokens", "pairs")
_MAX_SCORED = 4


class DataPane(Pane):
    """Items as the model is fed them, the lines themselves, or how often each token comes."""

    NUMBER = 1
    NAME = "Data"
    HELP: ClassVar[str] = (
        "What the model learns from. View 1, as fed: each row is one prediction it is asked to make, "
        "what it sees, which token is right, and what chance the model gives it "
        "(· stands for nothing yet, ∎ for the end; before training pair counts answer). "
        "View 2, lines: the text itself. View 3, lengths: how many lines have each length. "
        "View 4, tokens: how often each token is the right one. View 5, pairs: a row for each token, "
        "a column for each next one; what the pair counts know, and all they know."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "next item", key_display="↓", id="data.next"),
        Binding("up,k", "move(-1)", "back", key_display="↑", id="data.back"),
        Binding("pagedown", "move(10)", "ten on", show=False, id="data.page_on"),
        Binding("pageup", "move(-10)", "ten back", show=False, id="data.page_back"),
        Binding("home", "move(-1000000000)", "first", show=False, id="data.first"),
        Binding("v", "view(1)", "view", id="data.view"),
        Binding("V", "view(-1)", "view before", show=False, id="data.view_before"),
    ]

    class Moved(Message):
        """Other items are shown."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = 0
        self._first = 0
        self._chances: dict[int, Sequence[float]] = {}

    def about(self, width: int) -> str:
        """The view and its place among the views."""
        return f"{_VIEWS[self._view]} {self._view + 1}/{len(_VIEWS)}"

    def action_move(self, by: int) -> None:
        """Go on or back by some items."""
        preview = self.situation.preview if self.situation else None
        last = preview.n_train_items - 1 if preview else 0
        self._first = min(max(0, self._first + by), max(0, last))
        self.post_message(self.Moved())
        self.redraw()

    def action_view(self, by: int) -> None:
        """Show the next view."""
        self._view = (self._view + by) % len(_VIEWS)
        self.redraw()

    def wanted(self) -> Sequence[tuple[int, str]]:
        """The items whose chances are worth asking a model for: number and text."""
        preview = self.situation.preview if self.situation else None
        if preview is None or self._view or preview.description.mode != "lines":
            return []
        items = preview.text.items["train"]
        last = min(len(items), self._first + _MAX_SCORED)
        return [(number, items[number]) for number in range(self._first, last)]

    def scored(self, n_item: int, surprisal: Sequence[float]) -> None:
        """What the model gives the right tokens of an item, told as surprisal in nats."""
        kept = {number: told for number, told in self._chances.items() if abs(number - n_item) < 10}
        self._chances = kept | {n_item: [exp(-nats) for nats in surprisal]}
        self.redraw()

    def forget(self) -> None:
        """Another model answers from now on: the counts, or one that has not been asked."""
        self._chances = {}

    def _known(self, preview: Preview) -> Chances:
        if self.situation is not None and self.situation.is_linked:
            return self._chances
        return {number: preview.chances(number) for number, _ in self.wanted()}

    def folded(self, width: int) -> Row:
        """The corpus in a few words, and the first predictions."""
        return folded_row(self.situation, width) if self.situation else []

    def body(self, width: int, height: int) -> Sequence[Row]:
        """The corpus in a few numbers, then the view."""
        situation = self.situation
        if situation is None or situation.preview is None:
            words = situation.reading if situation and situation.reading else "No text is open."
            return [[(words, "label")]]
        preview = situation.preview
        summary = summary_rows(preview)
        if height < len(summary) + 5:
            summary = summary[:1] if height > 3 else []
        room = height - len(summary) - bool(summary)
        gap: list[Row] = [[]] if summary else []
        return [*summary, *gap, *self._body(situation, preview, width, room)]

    def _body(self, situation: Situation, preview: Preview, width: int, room: int) -> list[Row]:
        first, is_ascii = self._first, self.ascii_only
        match _VIEWS[self._view]:
            case "as fed":
                return fed_rows(situation, preview, first, width, room, self._known(preview))
            case "lines":
                return line_rows(preview, first, width, room)
            case "lengths":
                return length_rows(preview, first, width, room, is_ascii)
            case "tokens":
                return token_rows(preview, first, width, room, is_ascii)
        return pair_rows(preview, first, width, room, is_ascii)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Goes on by an item."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Goes back by an item."""
        event.stop()
        self.action_move(-1)

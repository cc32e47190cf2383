"""The Data pane: what the model is fed, and what there is to learn from."""

from collections.abc import Sequence
from math import exp
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.corpus.preview import Preview
from workbench.panes.data.merges import merge_rows, n_merges
from workbench.panes.data.pairs import pair_rows
from workbench.panes.data.render import (
    Chances,
    fed_rows,
    folded_row,
    length_rows,
    line_rows,
    summary_rows,
    token_rows,
)
from workbench.panes.pane import Pane
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

_VIEWS = ("as fed", "lines", "lengths", "tokens", "pairs")
_MERGES = "merges"
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
        "View 4, tokens: the number (id) that stands for each token, and how often it stands in train. "
        "View 5, pairs: a row for each token, a column for each next one; what the pair counts know, "
        "and all they know. View 6, merges, where the tokenizer is bpe: how tokens were made, the most "
        "frequent pair first; the line above is cut as it is after the merge of the cursor."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "next", key_display="↓", id="data.next"),
        Binding("up,k", "move(-1)", "back", key_display="↑", id="data.back"),
        Binding("pagedown", "move(10)", "ten on", show=False, id="data.page_on"),
        Binding("pageup", "move(-10)", "ten back", show=False, id="data.page_back"),
        Binding("home", "move(-1000000000)", "first", show=False, id="data.first"),
        Binding("end", "move(1000000000)", "last", show=False, id="data.last"),
        Binding("v", "view(1)", "view", id="data.view"),
        Binding("V", "view(-1)", "view before", show=False, id="data.view_before"),
    ]

    class Moved(Message):
        """Other items are shown."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = _VIEWS[0]
        self._first = self._n_merges = 0
        self._chances: dict[int, Sequence[float]] = {}

    def about(self, width: int) -> str:
        """The view and its place among the views."""
        return f"{self.view} {self._views.index(self.view) + 1}/{len(self._views)}"

    @property
    def _views(self) -> tuple[str, ...]:
        preview = self.situation.preview if self.situation else None
        has_merges = preview is not None and n_merges(preview) is not None
        return (*_VIEWS, _MERGES) if has_merges else _VIEWS

    @property
    def view(self) -> str:
        """What is shown; the first view where the text has not the one that was shown."""
        return self._view if self._view in self._views else _VIEWS[0]

    def action_move(self, by: int) -> None:
        """Go on or back by some items, or by some merges."""
        preview = self.situation.preview if self.situation else None
        if preview and self.view == _MERGES:
            self._n_merges = min(max(0, self._n_merges + by), n_merges(preview) or 0)
            self.redraw()
            return
        last = preview.n_train_items - 1 if preview else 0
        self._first = min(max(0, self._first + by), max(0, last))
        self.post_message(self.Moved())
        self.redraw()

    def action_view(self, by: int) -> None:
        """Show the next view."""
        self._view = self._views[(self._views.index(self.view) + by) % len(self._views)]
        self.redraw()

    def wanted(self) -> Sequence[tuple[int, str]]:
        """The items whose chances are worth asking a model for: number and text."""
        preview = self.situation.preview if self.situation else None
        if preview is None or self.view != _VIEWS[0] or preview.description.mode != "lines":
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
        summary = summary_rows(preview, width)
        least = 10 if self.view == _MERGES else 5  # rows: a line and some of the merges need more
        if height < len(summary) + least:
            summary = summary[:1] if height > 3 else []
        room = height - len(summary) - bool(summary)
        gap: list[Row] = [[]] if summary else []
        return [*summary, *gap, *self._body(situation, preview, width, room)]

    def _body(self, situation: AppState, preview: Preview, width: int, room: int) -> list[Row]:
        first, is_ascii = self._first, self.ascii_only
        match self.view:
            case "as fed":
                return fed_rows(situation, preview, first, width, room, self._known(preview))
            case "lines":
                return line_rows(preview, first, width, room)
            case "lengths":
                return length_rows(preview, first, width, room, is_ascii)
            case "tokens":
                return token_rows(preview, first, width, room, is_ascii)
            case "merges":
                n_done = min(self._n_merges, n_merges(preview) or 0)
                return merge_rows(preview, first, n_done, width, room, is_ascii)
        return pair_rows(preview, first, width, room, is_ascii)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Goes on by an item."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Goes back by an item."""
        event.stop()
        self.action_move(-1)

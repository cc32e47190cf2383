"""The Data pane: what the model is fed, and what there is to learn from."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.preview import Fed, Preview, context_of
from workbench.render.bars import bar
from workbench.render.figures import compact, count, probability
from workbench.render.text import clean, fit, token_glyph
from workbench.situation import Situation
from workbench.widgets.pane import Pane
from workbench.widgets.rows import Row

_VIEWS = ("as fed", "lines", "counts")
_WIDEST_CONTEXT, _SPACED_UP_TO = 24, 8
_GETS = "gets"
_MAX_SCORED = 4
_EXACT_BELOW = 200_000

Chances = Mapping[int, Sequence[float]]
"""For some items of train, by number: what the model gives each of their right tokens."""


class DataPane(Pane):
    """Items as the model is fed them, the lines themselves, or how often each token comes."""

    NUMBER = 1
    NAME = "Data"
    HELP: ClassVar[str] = (
        "What the model learns from. View 1, as fed: each row is one prediction it is asked to make, "
        "what it sees, which token is right, and what chance the model gives it "
        "(· stands for nothing yet, ∎ for the end; before training pair counts answer). "
        "View 2, lines: the text itself. View 3, counts: how often each token is the right one."
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
        if self._view == 0:
            chances = self._known(preview)
            return _fed_rows(situation, preview, self._first, width, room, chances)
        if self._view == 1:
            return _line_rows(preview, self._first, width, room)
        return _count_rows(preview, self._first, width, room, self.ascii_only)


def summary_rows(preview: Preview) -> list[Row]:
    """Counts, vocabulary, splits, and what to know about doubles."""
    about = preview.description
    unit = "lines" if about.mode == "lines" else "characters"
    sizes = about.n_items if about.mode == "lines" else about.n_characters
    size = count if sum(sizes.values()) < _EXACT_BELOW else compact
    rows: list[Row] = [
        [(preview.name, "plain bold"), (f" · {count(sum(sizes.values()))} {unit}", "plain")],
        [(clean(about.vocabulary, 80), "label")],
        [("  ".join(f"{split} {size(n)}" for split, n in sizes.items()), "label")],
    ]
    if about.n_duplicates:
        rows.append([(f"{count(about.n_duplicates)} equal lines left out", "label")])
    if about.n_overlap:
        share = about.n_overlap / max(1, about.n_items["val"])
        rows.append([(f"! {share:.0%} of the val lines also stand in train", "warning")])
    if about.n_undecodable:
        rows.append(
            [(f"! {count(about.n_undecodable)} bytes were not UTF-8, shown as �", "warning")]
        )
    return rows


def folded_row(situation: Situation, width: int) -> Row:
    """The pane in one row, where there is no room for more."""
    preview = situation.preview
    if preview is None:
        return [(situation.reading or "no text is open", "label")]
    fed = preview.fed(situation.config.model, 0, 6)
    pairs = [f"{''.join(one.sees[-6:])} → {one.next}" for one in fed]
    unit = "lines" if preview.description.mode == "lines" else "characters"
    sizes = preview.description
    n = sum((sizes.n_items if unit == "lines" else sizes.n_characters).values())
    words = f" · {count(n)} {unit} · {preview.text.tokenizer.n_vocab} tokens │ "
    while pairs and cell_len(preview.name + words + "  ".join(pairs)) > width:
        pairs.pop()
    return [(preview.name, "plain"), (words + "  ".join(pairs), "label")]


def _fed_rows(
    s: Situation, preview: Preview, first: int, width: int, room: int, chances: Chances
) -> list[Row]:
    fed = preview.fed(s.config.model, first, max(0, room - 1))
    context = context_of(s.config.model)
    gap = " " if context is not None and context <= _SPACED_UP_TO else ""
    sees = [gap.join(one.sees) for one in fed]
    column = min(max([4, *map(len, sees)]), max(4, width // 2), _WIDEST_CONTEXT)
    gets = f"{_GETS.ljust(7)}" if chances else ""
    head: Row = [(f"{'sees'.rjust(column)}   next  {gets}", "guide")]
    rows = [_fed_row(one, shown, column, chances) for one, shown in zip(fed, sees, strict=True)]
    return [head, *rows]


def _fed_row(one: Fed, shown: str, column: int, chances: Chances) -> Row:
    if len(shown) > column:
        shown = "…" + shown[1 - column :]
    known = chances.get(one.n_item, ())
    gets = probability(known[one.n_target]) if one.n_target < len(known) else ""
    return [
        (shown.rjust(column), "label"),
        (" → ", "guide"),
        (fit(one.next, 6), "plain bold"),
        (gets.ljust(7) if chances else "", "train"),
        (one.item, "best"),
    ]


def _line_rows(preview: Preview, first: int, width: int, room: int) -> list[Row]:
    items = preview.text.items["train"]
    if preview.text.corpus.mode == "lines":
        shown = list(enumerate(items[first : first + room], first + 1))
    else:
        lines = items[0][first : first + room * width * 2].splitlines()[:room]
        shown = list(enumerate(lines, 1))
    number = len(count(shown[-1][0])) if shown else 1
    return [
        [(f"{count(i).rjust(number)}  ", "guide"), (clean(item, width), "plain")]
        for i, item in shown
    ]


def _count_rows(preview: Preview, first: int, width: int, room: int, ascii_only: bool) -> list[Row]:
    common = preview.description.common
    total = sum(n for _, n in common)
    most = common[0][1] if common else 1
    head: Row = [("token   share      count", "guide")]
    begin = min(first, max(0, len(common) - max(1, room - 1)))
    shown = common[begin : begin + max(0, room - 1)]
    return [
        head,
        *(
            [
                (fit(token_glyph(token), 7), "plain bold"),
                (f"{probability(n / total)} {count(n).rjust(10)}  ", "label"),
                (bar(n / most, max(0, width - 27), ascii_only), "train"),
            ]
            for token, n in shown
        ),
    ]

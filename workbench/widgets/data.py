"""The Data pane: what the model is fed, and what there is to learn from."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from workbench.preview import FILL, Fed, Preview
from workbench.render.bars import bar
from workbench.render.figures import count, probability
from workbench.render.text import clean, fit, token_glyph
from workbench.situation import Situation
from workbench.widgets.pane import Pane
from workbench.widgets.rows import Row

_VIEWS = ("as fed", "lines", "counts")
_WIDEST_CONTEXT = 24


class DataPane(Pane):
    """Items as the model is fed them, the lines themselves, or how often each token comes."""

    NUMBER = 1
    NAME = "Data"
    HELP: ClassVar[str] = (
        "What the model learns from. View 1, as fed: each row is one prediction it is asked to make, "
        "what it sees and which token is right (· stands for nothing yet, ∎ for the end). "
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

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = 0
        self._first = 0

    def about(self) -> str:
        """The view and its place among the views."""
        return f"{_VIEWS[self._view]} {self._view + 1}/{len(_VIEWS)}"

    def action_move(self, by: int) -> None:
        """Go on or back by some items."""
        preview = self.situation.preview if self.situation else None
        last = preview.n_train_items - 1 if preview else 0
        self._first = min(max(0, self._first + by), max(0, last))
        self.redraw()

    def action_view(self, by: int) -> None:
        """Show the next view."""
        self._view = (self._view + by) % len(_VIEWS)
        self.title_changed()
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
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
        body = (_fed_rows, _line_rows, _count_rows)[self._view]
        gap: list[Row] = [[]] if summary else []
        return [*summary, *gap, *body(situation, preview, self._first, width, room)]


def summary_rows(preview: Preview) -> list[Row]:
    """Counts, vocabulary, splits, and what to know about doubles."""
    about = preview.description
    unit = "lines" if about.mode == "lines" else "characters"
    sizes = about.n_items if about.mode == "lines" else about.n_characters
    rows: list[Row] = [
        [(preview.name, "plain bold"), (f" · {count(sum(sizes.values()))} {unit}", "plain")],
        [(clean(about.vocabulary, 80), "label")],
        [("  ".join(f"{split} {count(n)}" for split, n in sizes.items()), "label")],
    ]
    if about.n_duplicates:
        rows.append([(f"{count(about.n_duplicates)} equal lines left out", "label")])
    if about.n_overlap:
        share = about.n_overlap / max(1, about.n_items["val"])
        rows.append([(f"! {share:.0%} of the val lines also stand in train", "warning")])
    if about.n_undecodable:
        rows.append([(f"! {count(about.n_undecodable)} bytes were not UTF-8, shown as �", "warning")])
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


def _fed_rows(s: Situation, preview: Preview, first: int, width: int, room: int) -> list[Row]:
    fed = preview.fed(s.config.model, first, max(0, room - 1))
    sees = [_context(one.sees) for one in fed]
    column = min(max([4, *map(len, sees)]), max(4, width // 2), _WIDEST_CONTEXT)
    head: Row = [(f"{fit('sees', column)}   next   item", "guide")]
    return [head, *(_fed_row(one, shown, column) for one, shown in zip(fed, sees, strict=True))]


def _context(sees: tuple[str, ...]) -> str:
    short = len(sees) <= 8 and any(token == FILL for token in sees)
    return (" " if short or len(sees) <= 4 else "").join(sees)


def _fed_row(one: Fed, shown: str, column: int) -> Row:
    if len(shown) > column:
        shown = "…" + shown[1 - column :]
    return [
        (shown.rjust(column) if " " not in shown else fit(shown, column), "label"),
        (" → ", "guide"),
        (fit(one.next, 7), "plain bold"),
        (one.item, "best" if one.item else "label"),
    ]


def _line_rows(_: Situation, preview: Preview, first: int, width: int, room: int) -> list[Row]:
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


def _count_rows(_: Situation, preview: Preview, first: int, width: int, room: int) -> list[Row]:
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
                (bar(n / most, max(0, width - 27)), "train"),
            ]
            for token, n in shown
        ),
    ]

"""The view of the Data pane in which text grows together, merge by merge, into tokens."""

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

from seqlm.data.tokenizer import BpeTokenizer
from workbench.corpus.preview import Preview
from workbench.render.number_format import count
from workbench.render.sanitize import fit, token_glyph
from workbench.widgets.row_widget import Row

_MOST_CHARACTERS = 1000
_LINE_SHARE = 3  # one row of so many is for the line, the others for the merges
_GAP_FROM = 8  # rows
_COUNT_CELLS, _WIDEST_PAIR = 10, 44


def n_merges(preview: Preview) -> int | None:
    """How many merges were learned; None where tokens are not made so."""
    tokenizer = preview.text.tokenizer
    return len(tokenizer.merges) if isinstance(tokenizer, BpeTokenizer) else None


def merge_rows(
    preview: Preview, first: int, n_done: int, width: int, room: int, ascii_only: bool
) -> list[Row]:
    """A line of train as it is cut after the first merges, and the merges in their order.

    Args:
        preview: A text whose tokenizer is bpe.
        first: The item, or the token of a stream, whose line is shown.
        n_done: So many merges are made.
        width: Cells.
        room: Rows.
        ascii_only: Draw with ASCII signs alone.
    """
    learned = preview.text.tokenizer
    if not isinstance(learned, BpeTokenizer):
        return []
    text, tokens = _cut(preview, first, n_done)
    newest = "".join(learned.merges[n_done - 1]) if n_done else None
    head = _first_that_fits(
        (
            f"after {count(n_done)} of {count(len(learned.merges))} merges:"
            f" {count(len(text))} characters are {count(len(tokens))} tokens",
            f"{count(n_done)} of {count(len(learned.merges))} merges: {count(len(tokens))} tokens",
            f"{count(len(tokens))} tokens",
        ),
        width,
    )
    most = max(1, room // _LINE_SHARE)
    line = _cut_rows(tokens, newest, width - 1, most, ascii_only)
    # The merges stay where they are while the line gets shorter.
    n_unmerged = len(_cut_rows(list(text), None, width - 1, most, ascii_only))
    rows: list[Row] = [[(head, "guide")], *line, *[[]] * (n_unmerged - len(line))]
    gap: list[Row] = [[]] if room >= _GAP_FROM else []
    n_listed = room - len(rows) - len(gap) - 1
    if n_listed < 1:
        return rows[:room]
    return [*rows, *gap, *_merge_list(learned, n_done, width, n_listed, ascii_only)]


def _first_that_fits(texts: Sequence[str], width: int) -> str:
    return next((text for text in texts if len(text) <= width), "")


@lru_cache(
    maxsize=1
)  # of 20,000 merges a cut takes long, and frames in which nothing moved are many
def _cut(preview: Preview, first: int, n_done: int) -> tuple[str, Sequence[str]]:
    text, learned = _line(preview, first), preview.text.tokenizer
    known = learned.after(n_done) if isinstance(learned, BpeTokenizer) else learned
    return text, known.split(text)


def _line(preview: Preview, first: int) -> str:
    """The line of an item; of a stream the one that begins with the next whole word."""
    if preview.text.corpus.mode == "lines":
        text = preview.text.items["train"][first]
        return text[: preview.text.tokenizer.cut(text, _MOST_CHARACTERS)]
    tokens = preview.stream[first : first + _MOST_CHARACTERS]
    begins = (i for i, token in enumerate(tokens) if not first or token[0] in " \n")
    text = "".join(tokens[next(begins, 0) :])
    return text.lstrip("\n").partition("\n")[0]


def _cut_rows(
    tokens: Sequence[str], newest: str | None, width: int, n_rows: int, ascii_only: bool
) -> list[Row]:
    """Tokens with a blank between them, in as many rows as they need; the newest one stands out."""
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0
    for token in tokens:
        glyph = token_glyph(token, ascii_only) + " "
        if used and used + cell_len(glyph) > width:
            if len(rows) == n_rows:
                rows[-1].append(("…", "guide"))
                break
            rows.append([])
            used = 0
        rows[-1].append((glyph, "train bold" if token == newest else "plain"))
        used += cell_len(glyph)
    return list(rows)


def _merge_list(
    learned: BpeTokenizer, n_done: int, width: int, n_rows: int, ascii_only: bool
) -> list[Row]:
    """Each merge: what it joins, what that makes, and how often the pair stood in train then."""
    number = len(count(len(learned.merges)))
    pair = max(1, min(_WIDEST_PAIR, width - number - 4 - _COUNT_CELLS))
    begin = min(max(0, n_done - n_rows // 2), max(0, len(learned.merges) + 1 - n_rows))
    last = min(begin + n_rows, len(learned.merges) + 1)
    head = f"{'#'.rjust(number + 2)}  {fit('pair → token', pair)}{'in train'.rjust(_COUNT_CELLS)}"
    rows: list[Row] = [[(fit(head, width), "guide")]]
    for n in range(begin, last):
        joined, found = _merge(learned, n, ascii_only)
        mark, role = ("▸ ", "train bold") if n == n_done else ("  ", "plain")
        rows.append(
            [
                (f"{mark}{count(n).rjust(number)}  ", role),
                (fit(joined, pair), role),
                (found.rjust(_COUNT_CELLS), "label"),
            ]
        )
    return rows


def _merge(learned: BpeTokenizer, n: int, ascii_only: bool) -> tuple[str, str]:
    if not n:
        return "single characters", ""
    a, b = (token_glyph(token, ascii_only) for token in learned.merges[n - 1])
    return f"{a} + {b} → {a}{b}", count(learned.merge_counts[n - 1])

"""Rows of the merges view of the Data pane: how a BPE tokenizer builds tokens of a line."""

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

from seqlm.data.tokenizer import BpeTokenizer
from workbench.corpus.preview import Preview
from workbench.panes.data.view_model import DataViewModel
from workbench.render.number_format import format_count, format_counted
from workbench.render.sanitize import fit, token_glyph
from workbench.widgets.row_widget import Row

_MAX_CHARACTERS = 1000
_LINE_SHARE = 3  # one row of so many is for the line, the others for the merges
_GAP_FROM = 8  # rows
_COUNT_CELLS, _MAX_PAIR_CELLS = 10, 44


def merge_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return a training line as it is split after the first merges, and the list of merges."""
    preview, tokenizer = model.text, model.text.text.tokenizer
    if not isinstance(tokenizer, BpeTokenizer):
        return []
    n_merges = len(tokenizer.merges)
    n_done = min(model.n_merges_done, n_merges)
    text, tokens = _split_line(preview, model.first, n_done)
    newest = "".join(tokenizer.merges[n_done - 1]) if n_done else None
    n_tokens = format_counted(len(tokens), "token")
    heading = _first_that_fits(
        (
            f"after {format_count(n_done)} of {format_count(n_merges)} merges:"
            f" {format_counted(len(text), 'character is', 'characters are')} {n_tokens}",
            f"{format_count(n_done)} of {format_count(n_merges)} merges: {n_tokens}",
            n_tokens,
        ),
        width,
    )
    max_rows = max(1, height // _LINE_SHARE)
    line = _split_line_rows(tokens, newest, width - 1, max_rows, model.ascii_only)
    # The merges stay where they are while the line gets shorter.
    n_unmerged = len(_split_line_rows(list(text), None, width - 1, max_rows, model.ascii_only))
    rows: list[Row] = [[(heading, "guide")], *line, *[[]] * (n_unmerged - len(line))]
    gap: list[Row] = [[]] if height >= _GAP_FROM else []
    n_listed = height - len(rows) - len(gap) - 1
    if n_listed < 1:
        return rows[:height]
    return [*rows, *gap, *_merge_list(tokenizer, n_done, width, n_listed, model.ascii_only)]


def _first_that_fits(texts: Sequence[str], width: int) -> str:
    return next((text for text in texts if len(text) <= width), "")


# With 20,000 merges a split takes long, and most frames show the same line again.
@lru_cache(maxsize=1)
def _split_line(preview: Preview, first: int, n_done: int) -> tuple[str, Sequence[str]]:
    text, tokenizer = _line(preview, first), preview.text.tokenizer
    used = tokenizer.after(n_done) if isinstance(tokenizer, BpeTokenizer) else tokenizer
    return text, used.split(text)


def _line(preview: Preview, first: int) -> str:
    """Return the line of an item; in a stream, the line that starts at the next whole word."""
    if preview.text.corpus.mode == "lines":
        text = preview.text.items["train"][first]
        return text[: preview.text.tokenizer.safe_split_point(text, _MAX_CHARACTERS)]
    tokens = preview.stream[first : first + _MAX_CHARACTERS]
    begins = (i for i, token in enumerate(tokens) if not first or token[0] in " \n")
    text = "".join(tokens[next(begins, 0) :])
    return text.lstrip("\n").partition("\n")[0]


def _split_line_rows(
    tokens: Sequence[str], newest: str | None, width: int, n_rows: int, ascii_only: bool
) -> list[Row]:
    """Return tokens separated by blanks in at most ``n_rows`` rows; the newest token is bold."""
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
    tokenizer: BpeTokenizer, n_done: int, width: int, n_rows: int, ascii_only: bool
) -> list[Row]:
    """Return a row for each merge: the pair, the token, and the count of the pair in train."""
    number = len(format_count(len(tokenizer.merges)))
    pair = max(1, min(_MAX_PAIR_CELLS, width - number - 4 - _COUNT_CELLS))
    begin = min(max(0, n_done - n_rows // 2), max(0, len(tokenizer.merges) + 1 - n_rows))
    last = min(begin + n_rows, len(tokenizer.merges) + 1)
    head = f"{'#'.rjust(number + 2)}  {fit('pair → token', pair)}{'count'.rjust(_COUNT_CELLS)}"
    rows: list[Row] = [[(fit(head, width), "guide")]]
    for n in range(begin, last):
        joined, found = _merge(tokenizer, n, ascii_only)
        mark, role = ("▸ ", "train bold") if n == n_done else ("  ", "plain")
        rows.append(
            [
                (f"{mark}{format_count(n).rjust(number)}  ", role),
                (fit(joined, pair), role),
                (found.rjust(_COUNT_CELLS), "label"),
            ]
        )
    return rows


def _merge(tokenizer: BpeTokenizer, n: int, ascii_only: bool) -> tuple[str, str]:
    if not n:
        return "single characters", ""
    a, b = (token_glyph(token, ascii_only) for token in tokenizer.merges[n - 1])
    return f"{a} + {b} → {a}{b}", format_count(tokenizer.merge_counts[n - 1])

"""The view of the Data pane of what follows what, as counted in train."""

from collections.abc import Sequence
from heapq import nlargest

from workbench.corpus.preview import Preview
from workbench.panes.data.render import token_cells
from workbench.render.sanitize import fit, token_glyph
from workbench.widgets.row_widget import Row

_SHADES, _ASCII_SHADES = " ░▒▓█", " .:*#"
_SHADE_FROM = (0.02, 0.05, 0.1, 0.2)
_MOST_NEXT, _LEAST_NEXT = 8, 0.005


def pair_rows(preview: Preview, first: int, width: int, room: int, ascii_only: bool) -> list[Row]:
    """What follows what: a row for each token, a column for each next one, darker is likelier."""
    tokens = [token for token, n in preview.description.common if n]
    if preview.text.tokenizer.longest > 1:
        return _follower_rows(preview, tokens, first, width, room, ascii_only)
    shown = sorted(tokens[: max(1, width - 4)])
    glyphs = [fit(token_glyph(token, ascii_only), 1) for token in shown]
    begin = min(first, max(0, len(shown) - max(1, room - 2)))
    rows = [
        [(f"{glyph} ", "plain bold"), (_shaded(preview, token, shown, ascii_only), "train")]
        for token, glyph in list(zip(shown, glyphs, strict=True))[begin : begin + room - 2]
    ]
    shades = _ASCII_SHADES if ascii_only else _SHADES
    head: Row = [("  ", "guide"), ("".join(glyphs), "plain bold"), (" next", "guide")]
    return [head, *rows, [(_legend(shades, width), "guide")]]


def _legend(shades: str, width: int) -> str:
    """From which share on each shade stands, in as many words as there is room for."""
    steps = list(zip(shades[1:], _SHADE_FROM, strict=True))
    spaced = " ".join(f"{shade} {share:g}" for shade, share in steps)
    short = " ".join(f"{shade}{share:g}" for shade, share in steps)
    found = (f"share: {spaced} and more", f"share: {spaced}", spaced, short)
    return next((legend for legend in found if len(legend) <= width), "")


def _shaded(preview: Preview, token: str, nexts: Sequence[str], ascii_only: bool) -> str:
    found, ids = preview.probabilities([token]), preview.text.tokenizer.ids
    shades = _ASCII_SHADES if ascii_only else _SHADES
    levels = (sum(found[ids[n]] >= least for least in _SHADE_FROM) for n in nexts)
    return "".join(shades[level] for level in levels)


def _follower_rows(
    preview: Preview, tokens: Sequence[str], first: int, width: int, room: int, ascii_only: bool
) -> list[Row]:
    """What follows what where tokens are longer than a sign: after each its likeliest next ones."""
    size = token_cells(preview, 7)
    begin = min(first, max(0, len(tokens) - max(1, room - 1)))
    heads = ("most often next, and its share", "next, and its share", "next")
    head = next((words for words in heads if size + len(words) <= width), "")
    rows: list[Row] = [[(f"{'token'.ljust(size)}{head}", "guide")]]
    for token in tokens[begin : begin + max(0, room - 1)]:
        shares = preview.probabilities([token])
        ids = nlargest(_MOST_NEXT, range(len(shares)), key=shares.__getitem__)
        nexts = (
            f"{token_glyph(preview.vocabulary[i], ascii_only)} {shares[i]:.2f}"
            for i in ids
            if shares[i] >= _LEAST_NEXT
        )
        glyph = fit(token_glyph(token, ascii_only), size - 1) + " "
        rows.append([(glyph, "plain bold"), (fit("  ".join(nexts), width - size), "label")])
    return rows

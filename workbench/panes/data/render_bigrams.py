"""Rows of the bigrams view of the Data pane: shares of next tokens, counted in train."""

from collections.abc import Sequence
from heapq import nlargest

from workbench.corpus.preview import Preview
from workbench.panes.data.render import token_cells
from workbench.panes.data.view_model import DataViewModel
from workbench.render.sanitize import fit, token_glyph
from workbench.widgets.row_widget import Row

_SHADES, _ASCII_SHADES = " ░▒▓█", " .:*#"
_SHADE_FROM = (0.02, 0.05, 0.1, 0.2)
_MAX_NEXT_TOKENS, _MIN_SHARE = 8, 0.005


def bigram_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return a row for each token, a column for each next token, and the share as a shade.

    Tokens of several characters have no columns; their rows list the most frequent next tokens.
    """
    preview, ascii_only = model.text, model.ascii_only
    tokens = [token for token, n in preview.description.common if n]
    if preview.text.tokenizer.max_token_length > 1:
        return _next_token_rows(model, tokens, width, height)
    shown = sorted(tokens[: max(1, width - 4)])
    glyphs = [fit(token_glyph(token, ascii_only), 1) for token in shown]
    begin = min(model.first, max(0, len(shown) - max(1, height - 2)))
    rows = [
        [(f"{glyph} ", "plain bold"), (_shade_row(preview, token, shown, ascii_only), "train")]
        for token, glyph in list(zip(shown, glyphs, strict=True))[begin : begin + height - 2]
    ]
    shades = _ASCII_SHADES if ascii_only else _SHADES
    head: Row = [("  ", "guide"), ("".join(glyphs), "plain bold"), (" next", "guide")]
    return [head, *rows, [(_legend(shades, width), "guide")]]


def _legend(shades: str, width: int) -> str:
    """Return the smallest share of each shade, in the longest form that fits."""
    steps = list(zip(shades[1:], _SHADE_FROM, strict=True))
    spaced = " ".join(f"{shade} {share:g}" for shade, share in steps)
    short = " ".join(f"{shade}{share:g}" for shade, share in steps)
    found = (f"share: {spaced} and more", f"share: {spaced}", spaced, short)
    return next((legend for legend in found if len(legend) <= width), "")


def _shade_row(preview: Preview, token: str, nexts: Sequence[str], ascii_only: bool) -> str:
    found, ids = preview.shares(token), preview.text.tokenizer.ids
    shades = _ASCII_SHADES if ascii_only else _SHADES
    levels = (sum(found[ids[n]] >= minimum for minimum in _SHADE_FROM) for n in nexts)
    return "".join(shades[level] for level in levels)


def _next_token_rows(
    model: DataViewModel, tokens: Sequence[str], width: int, height: int
) -> list[Row]:
    """Return a row for each token with its most frequent next tokens and their shares."""
    preview, ascii_only = model.text, model.ascii_only
    size = token_cells(preview, 7)
    begin = min(model.first, max(0, len(tokens) - max(1, height - 1)))
    heads = ("most frequent next tokens and their shares", "next tokens, shares", "next")
    head = next((words for words in heads if size + len(words) <= width), "")
    rows: list[Row] = [[(f"{'token'.ljust(size)}{head}", "guide")]]
    for token in tokens[begin : begin + max(0, height - 1)]:
        shares = preview.shares(token)
        ids = nlargest(_MAX_NEXT_TOKENS, range(len(shares)), key=shares.__getitem__)
        nexts = (
            f"{token_glyph(preview.vocabulary[i], ascii_only)} {shares[i]:.2f}"
            for i in ids
            if shares[i] >= _MIN_SHARE
        )
        glyph = fit(token_glyph(token, ascii_only), size - 1) + " "
        rows.append([(glyph, "plain bold"), (fit("  ".join(nexts), width - size), "label")])
    return rows

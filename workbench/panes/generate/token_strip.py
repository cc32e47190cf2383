"""Token strip at the top of the Generate pane: each token over its surprisal."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from workbench.panes.generate.view_model import GenerateView
from workbench.render.palette import surprisal_block, surprisal_level
from workbench.render.sanitize import END, fit
from workbench.widgets.appearance import Appearance, mark_clickable

_MIN_CELL = 3  # with a sign before and after it, enough for "2.71"
_MAX_CELL = 12
NO_TOKEN = "?"
"""Sign of a place without a token."""


class Cell(NamedTuple):
    """One token of the text.

    Attributes:
        glyph: Text that represents the token.
        place: Place of the token, 0 for the first one after the prompt.
        surprisal: Surprisal in nats; None if it is unknown.
        is_first_sampled: True for the first token after the prompt.
        is_under_cursor: True at the cursor.
        gap: Space before the token if the tokens stand close together.
    """

    glyph: str
    place: int
    surprisal: float | None
    is_first_sampled: bool
    is_under_cursor: bool
    gap: str = ""


def cells(view: GenerateView, reach: int) -> list[Cell]:
    """Return the tokens up to `reach` places from the cursor, and the empty place at the cursor.

    The limit makes a long text as cheap to render as a short one.
    """
    text, gap = view.text, view.source.tokenizer.separator
    tokens = [*text.prompt, *(token.token for token in text.sampled)]
    cursor = len(text.prompt) + text.cursor
    near = slice(max(0, cursor - reach), cursor + reach + 1)
    first = near.start - len(text.prompt)
    pairs = zip(tokens[near], view.nats(text.branch)[near], strict=True)
    found = [
        Cell(view.glyph(token), place, n, place == 0, place == text.cursor, gap)
        for place, (token, n) in enumerate(pairs, first)
    ]
    if text.current_token is None:
        found.append(Cell(NO_TOKEN, text.cursor, None, text.cursor == 0, True, gap))
    return found


def sequence_rows(view: GenerateView, width: int, n_lines: int = 1) -> list[Text]:
    """Return pairs of rows: tokens, and their surprisal in digits or blocks under them.

    Args:
        view: View model.
        width: Width in cells.
        n_lines: Maximum number of pairs; a text that fits in one pair takes one.
    """
    found = _with_digits(view, width)
    if found:
        return list(_wide(found, view.appearance, width))
    lines = _lines(_window(cells(view, width * n_lines), width, n_lines), width)
    return [row for line in lines for row in _narrow(line, view.appearance)]


def label_row(view: GenerateView, width: int) -> Text:
    """Return the labels ``prompt ╎ sampled`` around the border between the two."""
    found = _with_digits(view, width)
    if not found:
        return Text("")
    border = len(view.text.prompt) * (_cell_size(found) + 2)
    row = Text("prompt ".rjust(border) if border >= len("prompt ") else " " * border)
    row.append(view.appearance.sign("╎") + " sampled")
    row.stylize(view.appearance.palette.guide)
    return row


def text_end(view: GenerateView, n_tokens: int) -> str:
    """Return the last tokens before the cursor on one line, without the end token."""
    tokens = view.text.tokens_before[-n_tokens:]
    return view.glyphs(token for token in tokens if token != END)


def text_width(view: GenerateView, width: int) -> int | None:
    """Return the width of the text with a number under each token; None if it does not fit."""
    found = _with_digits(view, width)
    return _wide_width(found) if found else None


def _with_digits(view: GenerateView, width: int) -> list[Cell]:
    """Return all tokens if a number fits under each; else an empty list."""
    n_tokens = len(view.text.prompt) + len(view.text.sampled)
    if n_tokens * (_MIN_CELL + 2) + 1 > width:
        return []
    found = cells(view, n_tokens)
    return found if _wide_width(found) <= width else []


def _cell_size(found: Sequence[Cell]) -> int:
    """Return the width of each token: the width of the widest token, up to a bound."""
    return min(_MAX_CELL, max(_MIN_CELL, *(cell_len(cell.glyph) for cell in found)))


def _wide_width(found: Sequence[Cell]) -> int:
    return len(found) * (_cell_size(found) + 2) + 1


def _wide(found: Sequence[Cell], appearance: Appearance, width: int) -> tuple[Text, Text]:
    top, under, size = Text(), Text(), _cell_size(found)
    after_cursor = False
    for cell in found:
        lead = appearance.sign("╎") if cell.is_first_sampled else " "
        top.append("]" if after_cursor else lead, "" if after_cursor else appearance.palette.guide)
        under.append(lead, appearance.palette.guide)
        style = _style(cell, appearance)
        begin = len(top)
        top.append("[" if cell.is_under_cursor else " ", _bold(style, cell))
        top.append(_center(cell.glyph, size), _bold(style, cell))
        mark_clickable(top, begin, place=cell.place)
        under.append(_digits(cell.surprisal).ljust(size + 1), appearance.palette.label)
        after_cursor = cell.is_under_cursor
    top.append("]" if after_cursor else " ")
    under.append("  nats" if width - under.cell_len > 6 else "", appearance.palette.guide)
    return top, under


def _narrow(found: Sequence[Cell], appearance: Appearance) -> tuple[Text, Text]:
    """Return tokens side by side, with blocks for the surprisal."""
    top, under = Text(), Text()
    for cell in found:
        if cell.is_first_sampled:
            top.append(appearance.sign("╎"), appearance.palette.guide)
            under.append(appearance.sign("╎"), appearance.palette.guide)
        shown = f"[{cell.glyph}]" if cell.is_under_cursor else cell.glyph
        top.append(cell.gap)
        under.append(cell.gap)
        begin = len(top)
        top.append(shown, _bold(_style(cell, appearance), cell))
        mark_clickable(top, begin, place=cell.place)
        known = cell.surprisal is not None
        block = surprisal_block(cell.surprisal or 0.0, appearance.ascii_only) if known else " "
        under.append(block * cell_len(shown), appearance.palette.label)
    return top, under


def _lines(found: Sequence[Cell], width: int) -> list[list[Cell]]:
    """Return the tokens in lines of at most `width` cells."""
    lines: list[list[Cell]] = [[]]
    used = 0
    for cell in found:
        used += _size(cell)
        if used > width and lines[-1]:
            lines.append([])
            used = _size(cell)
        lines[-1].append(cell)
    return lines


def _size(cell: Cell) -> int:
    return cell_len(cell.glyph) + len(cell.gap) + 2 * cell.is_under_cursor + cell.is_first_sampled


def _window(found: Sequence[Cell], width: int, n_lines: int) -> Sequence[Cell]:
    """Return the tokens around the cursor that fit, preferably those before the cursor."""
    sizes = list(map(_size, found))
    # Each line but the last may end with free cells, because tokens are not divided.
    width = width * n_lines - (n_lines - 1) * (max(sizes, default=1) - 1)
    if sum(sizes) <= width:
        return found
    place = next((i for i, cell in enumerate(found) if cell.is_under_cursor), 0)
    first, end, used = place, place + 1, sizes[place]
    while first > 0 and used + sizes[first - 1] <= width * 3 // 4:
        first -= 1
        used += sizes[first]
    while end < len(found) and used + sizes[end] <= width:
        used += sizes[end]
        end += 1
    while first > 0 and used + sizes[first - 1] <= width:
        first -= 1
        used += sizes[first]
    return found[first:end]


def _style(cell: Cell, appearance: Appearance) -> str:
    if cell.surprisal is None:
        return appearance.palette.guide if cell.glyph == NO_TOKEN else appearance.palette.plain
    return appearance.palette.surprisal[surprisal_level(cell.surprisal)]


def _bold(style: str, cell: Cell) -> str:
    return f"bold {style}".strip() if cell.is_under_cursor else style


def _center(glyph: str, room: int) -> str:
    size = min(room, cell_len(glyph))
    free = room - size
    left = (free + 1) // 2
    return " " * left + fit(glyph, size) + " " * (free - left)


def _digits(nats: float | None) -> str:
    if nats is None:
        return "    "
    return (f"{nats:.2f}" if nats < 9.995 else f"{nats:.1f}" if nats < 99.95 else " inf")[:4]

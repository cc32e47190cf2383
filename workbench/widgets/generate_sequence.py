"""The text on top of the Generate pane, each token over its surprisal."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from workbench.render.palette import surprisal_block, surprisal_level
from workbench.render.text import END, fit, token_glyph
from workbench.widgets.generate_view import GenerateView
from workbench.widgets.look import Look

_CELL = 5  # a space or a border, then four cells: enough for "2.71"
_NOT_DRAWN = "?"


class Cell(NamedTuple):
    """One token of the text: its sign, its surprisal (None: unknown), and where it stands."""

    glyph: str
    surprisal: float | None
    begins_drawn: bool
    under_cursor: bool


def cells(view: GenerateView) -> list[Cell]:
    """The prompt, the tokens after it, and the empty place if the cursor is on it."""
    text, look = view.text, view.look
    surprisals = _prompt_surprisals(view)
    place = len(text.prompt) + text.cursor
    tokens = [*text.prompt, *(drawn.token for drawn in text.drawn)]
    nats = [*surprisals, *(drawn.surprisal for drawn in text.drawn)]
    found = [
        Cell(token_glyph(token, look.ascii_only), n, i == len(text.prompt), i == place)
        for i, (token, n) in enumerate(zip(tokens, nats, strict=True))
    ]
    if place == len(tokens):
        found.append(Cell(_NOT_DRAWN, None, place == len(text.prompt), True))
    return found


def sequence_rows(view: GenerateView, width: int) -> tuple[Text, Text]:
    """Two rows: the tokens, and their surprisal under them, in digits or in blocks."""
    found = cells(view)
    if _has_digits(found, width):
        return _wide(found, view.look, width)
    return _narrow(found, view.look, width)


def label_row(view: GenerateView, width: int) -> Text:
    """The words ``prompt ╎ drawn`` where the border between the two stands."""
    if not _has_digits(cells(view), width):
        return Text("")
    border = len(view.text.prompt) * _CELL
    row = Text("prompt ".rjust(border) if border >= len("prompt ") else " " * border)
    row.append(view.look.sign("╎") + " drawn")
    row.stylize(view.look.palette.guide)
    return row


def text_so_far(view: GenerateView) -> str:
    """The text up to the cursor, on one line, without the end token."""
    glyphs = (token_glyph(t, view.look.ascii_only) for t in view.text.tokens_before if t != END)
    return "".join(glyphs)


def _prompt_surprisals(view: GenerateView) -> list[float | None]:
    """The surprisal of each token of the prompt, as the first prediction told it."""
    first = view.text.drawn[0].prediction if view.text.drawn else view.pending
    n_tokens = len(view.text.prompt)
    known = list(first.surprisal) if first else []
    return ([None] * n_tokens + known)[-n_tokens:] if n_tokens else []


def _has_digits(found: Sequence[Cell], width: int) -> bool:
    return len(found) * _CELL + 1 <= width


def _wide(found: Sequence[Cell], look: Look, width: int) -> tuple[Text, Text]:
    top, under = Text(), Text()
    after_cursor = False
    for cell in found:
        lead = look.sign("╎") if cell.begins_drawn else " "
        top.append("]" if after_cursor else lead, "" if after_cursor else look.palette.guide)
        under.append(lead, look.palette.guide)
        style = _style(cell, look)
        top.append("[" if cell.under_cursor else " ", _bold(style, cell))
        top.append(_centred(cell.glyph), _bold(style, cell))
        under.append(_digits(cell.surprisal), look.palette.label)
        after_cursor = cell.under_cursor
    top.append("]" if after_cursor else " ")
    under.append("  nats" if width - under.cell_len > 6 else "", look.palette.guide)
    return top, under


def _narrow(found: Sequence[Cell], look: Look, width: int) -> tuple[Text, Text]:
    """As many tokens as fit around the cursor; blocks stand for digits."""
    top, under = Text(), Text()
    for cell in _window(found, width):
        if cell.begins_drawn:
            top.append(look.sign("╎"), look.palette.guide)
            under.append(look.sign("╎"), look.palette.guide)
        shown = f"[{cell.glyph}]" if cell.under_cursor else cell.glyph
        top.append(shown, _bold(_style(cell, look), cell))
        known = cell.surprisal is not None
        block = surprisal_block(cell.surprisal or 0.0, look.ascii_only) if known else " "
        under.append(block * cell_len(shown), look.palette.label)
    return top, under


def _window(found: Sequence[Cell], width: int) -> Sequence[Cell]:
    """The tokens around the cursor that fit, those before it first."""
    sizes = [cell_len(cell.glyph) + 2 * cell.under_cursor + cell.begins_drawn for cell in found]
    if sum(sizes) <= width:
        return found
    place = next((i for i, cell in enumerate(found) if cell.under_cursor), 0)
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


def _style(cell: Cell, look: Look) -> str:
    if cell.surprisal is None:
        return look.palette.guide if cell.glyph == _NOT_DRAWN else look.palette.plain
    return look.palette.surprisal[surprisal_level(cell.surprisal)]


def _bold(style: str, cell: Cell) -> str:
    return f"bold {style}".strip() if cell.under_cursor else style


def _centred(glyph: str) -> str:
    size = min(3, cell_len(glyph))
    left = (3 - size) // 2 + (size == 2)
    return " " * min(left, 3 - size) + fit(glyph, size) + " " * (3 - size - min(left, 3 - size))


def _digits(nats: float | None) -> str:
    if nats is None:
        return "    "
    return (f"{nats:.2f}" if nats < 9.995 else f"{nats:.1f}" if nats < 99.95 else " inf")[:4]

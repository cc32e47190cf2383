"""The draw explained: candidates side by side from 0 to 1, and where the random number fell."""

from rich.cells import cell_len
from rich.text import Text

from workbench.panes.generate.candidate_table import draw_words
from workbench.panes.generate.view_model import GenerateView
from workbench.render.sanitize import token_glyph


def bar_rows(view: GenerateView, width: int) -> tuple[Text, Text]:
    """Two rows: the cumulative distribution, and under it the number u with what it drew."""
    return _distribution(view, width), _pointer(view, width)


def _distribution(view: GenerateView, width: int) -> Text:
    look, size = view.look, max(1, width - 2)
    drawn = view.text.here.token if view.text.here else None
    row, column, running = Text(" "), 0, 0.0
    for index, option in enumerate(view.options):
        running += option.sampled
        end = min(size - 1, round(running * (size - 1)))
        if end > column:
            glyph = token_glyph(view.token(index), look.ascii_only)
            if end <= column + cell_len(glyph):
                break  # the rest is narrower still
            is_drawn = view.token(index) == drawn
            style = f"bold {look.palette.val}" if is_drawn else look.palette.label
            row.append(_piece(glyph, end - column, view), style)
            column = end
    if column < size - 1:
        row.append(_piece("…", size - 1 - column, view), look.palette.label)
    return row.append(look.sign("┤"), look.palette.label)


def _piece(glyph: str, n_cells: int, view: GenerateView) -> str:
    """One candidate's stretch: its border, and its sign in the middle if that has room."""
    line = view.look.sign("─")
    inner = n_cells - 1
    n_glyph = cell_len(glyph)
    if n_glyph > inner:
        return view.look.sign("├") + line * inner
    left = (inner - n_glyph) // 2
    return view.look.sign("├") + line * left + glyph + line * (inner - n_glyph - left)


def _pointer(view: GenerateView, width: int) -> Text:
    look, words, u = view.look, draw_words(view), view.u
    if u is None or not view.options:
        return Text(f" {words}", look.palette.guide)
    column = 1 + int(u * max(0, width - 3))
    sign = look.sign("▲")
    if column + 2 + cell_len(words) < width:
        row = Text(" " * column + sign, look.palette.val)
        return row.append(f" {words}", look.palette.label)
    row = Text(" " * max(0, column - 1 - cell_len(words)) + words + " ", look.palette.label)
    return row.append(sign, look.palette.val)

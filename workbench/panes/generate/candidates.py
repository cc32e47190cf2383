"""What the tables of candidates have in common: which are shown, their signs, their looks."""

from rich.text import Text

from workbench.panes.generate.token_strip import text_end
from workbench.panes.generate.view_model import GenerateView
from workbench.render.sanitize import END, fit, keep_end
from workbench.widgets.appearance import fit_row, mark_clickable


def head_cells(view: GenerateView) -> int:
    """``▸● e`` and a space: the cursor, what was drawn, the token."""
    return view.token_cells + 4


def shown_candidates(view: GenerateView, n_rows: int) -> range:
    """The candidates around the cursor; where not all have room, a row stays for the others."""
    n_all = len(view.options)
    n_shown = n_all if n_all <= n_rows else max(1, n_rows - 1)
    first = min(max(0, view.candidate - n_shown + 1), n_all - n_shown)
    return range(first, first + n_shown)


def is_drawn(view: GenerateView, index: int) -> bool:
    """Whether this candidate is the token at the cursor."""
    here = view.text.here
    return here is not None and here.token == view.token(index)


def candidate_head(view: GenerateView, index: int) -> Text:
    """The signs and the token that a row begins with."""
    look, palette = view.look, view.look.palette
    row = Text(look.sign("▸") if index == view.candidate else " ", palette.train)
    row.append(look.sign("●") if is_drawn(view, index) else " ", palette.best)
    strong = f"bold {palette.plain}" if is_drawn(view, index) else palette.plain
    return row.append(f" {fit(view.glyph(view.token(index)), view.token_cells)} ", strong)


def finished_candidate(view: GenerateView, index: int, row: Text, width: int) -> Text:
    """The row as wide as it is drawn: dimmed where it was cut, marked under the cursor, clickable."""
    palette = view.look.palette
    if view.cutters[index]:
        row = Text(row.plain, palette.guide)
    row = fit_row(row, width)
    if palette.band and index == view.candidate:
        row.stylize(f"on {palette.band}")
    mark_clickable(row, 0, candidate=index)
    return row


def after_words(view: GenerateView, n_cells: int) -> Text:
    """``after mari``: what the candidates come after, its end where it is long."""
    look, room = view.look, max(2, n_cells - 8)
    before = text_end(view, room + 1) or view.glyph(END)
    row = Text(" after ", look.palette.guide)
    return row.append(look.sign(keep_end(before, room)), look.palette.plain)

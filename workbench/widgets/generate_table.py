"""The candidates for one place: what the model gives them, and what they are drawn with."""

from itertools import accumulate

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from seqlm.generation import sampler
from workbench.render import figures
from workbench.render.bars import bar
from workbench.render.text import END, fit, token_glyph
from workbench.widgets.generate_sequence import text_so_far
from workbench.widgets.generate_view import GenerateView
from workbench.widgets.look import exactly

_HEAD, _TOKEN, _NUMBER, _ARROW, _SPAN, _MARGIN = 3, 5, 6, 3, 13, 1
_LEAST_BAR_BESIDE_SPAN = 9


class Columns(Struct, frozen=True):
    """What has room in a row, and how wide the bars are."""

    bar: int
    sampled: bool
    span: bool


def columns(width: int) -> Columns:
    """The columns for a width: bars first give way, then the sampled probability."""
    free = width - _HEAD - _TOKEN - 2 * _NUMBER - _ARROW - 2 - _MARGIN
    if free < 2:
        return Columns(0, width >= _HEAD + _TOKEN + 2 * _NUMBER + _ARROW, False)
    span = free - _SPAN >= 2 * _LEAST_BAR_BESIDE_SPAN
    return Columns((free - _SPAN * span) // 2, True, span)


def header_row(view: GenerateView, width: int) -> Text:
    """Names the columns, and says after what text this is expected."""
    shape, look = columns(width), view.look
    before = text_so_far(view) or token_glyph(END, look.ascii_only)
    first_bar = _HEAD + _TOKEN + _NUMBER + 1
    room = first_bar if shape.bar else width
    row = Text(" after ", look.palette.guide)
    row.append(look.sign(_tail_of(before, max(2, room - 8))), look.palette.plain)
    if not shape.bar:
        return row
    row = _at(row, first_bar, "model", look.palette.guide)
    row = _at(row, first_bar + shape.bar + _ARROW + _NUMBER + 1, "sampled", look.palette.guide)
    return _at(row, width - _MARGIN - 11, "cumulative", look.palette.guide) if shape.span else row


def table_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """The candidates around the cursor, and a last row that sums up those not shown."""
    if not view.options or n_rows < 1:
        return []
    n_all = len(view.options)
    n_shown = n_all if n_all <= n_rows else max(1, n_rows - 1)
    first = min(max(0, view.candidate - n_shown + 1), n_all - n_shown)
    ends = list(accumulate(option.sampled for option in view.options))
    rows = [_row(view, i, ends[i], width) for i in range(first, first + n_shown)]
    if view.look.palette.band:
        rows[view.candidate - first] = exactly(rows[view.candidate - first], width)
        rows[view.candidate - first].stylize(f"on {view.look.palette.band}")
    if n_shown < n_all and n_rows > 1:
        rows.append(_rest_row(view, first, first + n_shown, width))
    return rows


def draw_words(view: GenerateView) -> str:
    """What the random number did at this place, in a few words."""
    here, u = view.text.here, view.u
    if here and u is None:
        return f"{_glyph(view, here.token)} was taken by hand"
    if not view.options or u is None:
        return ""
    falls_on = _glyph(view, view.token(sampler.choose(view.options, u)))
    if here is None:
        return f"u = {u:.3f} will draw {falls_on}"
    drawn = _glyph(view, here.token)
    now = "" if drawn == falls_on else f"; now it would draw {falls_on}"
    return f"u = {u:.3f} drew {drawn}{now}"


def _row(view: GenerateView, index: int, end: float, width: int) -> Text:
    option, look, shape = view.options[index], view.look, columns(width)
    palette, is_cut = look.palette, view.options[index].sampled == 0
    here = view.text.here
    is_drawn = here is not None and here.token == view.token(index)
    row = Text(look.sign("▸") if index == view.candidate else " ", palette.train)
    row.append(look.sign("●") if is_drawn else " ", palette.best)
    strong = f"bold {palette.plain}" if is_drawn else palette.plain
    row.append(" " + fit(_glyph(view, view.token(index)), _TOKEN - 1) + " ", strong)
    row.append(figures.probability(option.probability).rjust(_NUMBER), palette.plain)
    scale = max(1e-12, view.options[0].probability, view.options[0].sampled)
    if shape.bar:
        row.append(" " + bar(option.probability / scale, shape.bar, look.ascii_only), palette.train)
    if not shape.sampled:
        return _dimmed(row, view, is_cut)
    row.append(" " + look.sign("→").ljust(_ARROW - 1), palette.guide)
    shown = "cut" if is_cut else figures.probability(option.sampled)
    row.append(shown.rjust(_NUMBER), palette.plain)
    if shape.bar and not is_cut:
        row.append(" " + bar(option.sampled / scale, shape.bar, look.ascii_only), palette.val)
    if shape.span and not is_cut:
        row.append(
            f"  {max(0.0, end - option.sampled):.3f}{look.sign('–')}{end:.3f}", palette.label
        )
    return _dimmed(row, view, is_cut)


def _dimmed(row: Text, view: GenerateView, is_cut: bool) -> Text:
    """A cut candidate stays, in the colour of guides."""
    return Text(row.plain, view.look.palette.guide) if is_cut else row


def _rest_row(view: GenerateView, first: int, end: int, width: int) -> Text:
    rest = [*view.options[:first], *view.options[end:]]
    look, shape = view.look, columns(width)
    total = figures.probability(sum(option.probability for option in rest))
    label = f" {len(rest):,} more".ljust(_HEAD + _TOKEN)
    row = Text(label + total.rjust(_HEAD + _TOKEN + _NUMBER - len(label)), look.palette.guide)
    if shape.sampled:
        sampled = figures.probability(sum(option.sampled for option in rest))
        row.append(" " * (1 + shape.bar if shape.bar else 0))
        row.append(" " + look.sign("→").ljust(_ARROW - 1) + sampled.rjust(_NUMBER))
    n_cut = sum(option.sampled == 0 for option in view.options)
    if n_cut:
        words = f"  {n_cut:,} cut"
        room = width - row.cell_len - len(words) - len(" by top-k")
        row.append(words + (" by top-k" if room > 0 else ""))
    return row


def _glyph(view: GenerateView, token: str) -> str:
    return token_glyph(token, view.look.ascii_only)


def _at(row: Text, column: int, words: str, style: str) -> Text:
    """The row with words that begin in a column, at least a space after what is there."""
    placed = row.copy()
    placed.append(" " * max(1, column - row.cell_len))
    placed.append(words, style)
    return placed


def _tail_of(text: str, n_cells: int) -> str:
    """The end of a text in at most this many cells; a sign in front tells that there is more."""
    if cell_len(text) <= n_cells:
        return text
    kept = text[1 - n_cells :]
    while cell_len(kept) >= n_cells:
        kept = kept[1:]
    return f"…{kept}"

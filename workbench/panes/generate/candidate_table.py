"""Candidate table, and the bar that shows which candidate the random number selects."""

from itertools import accumulate

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from seqlm.generation import sampler
from workbench.panes.generate.token_strip import text_end
from workbench.panes.generate.view_model import GenerateView
from workbench.render import number_format
from workbench.render.bars import draw_bar
from workbench.render.sanitize import END, fit, keep_end, token_glyph
from workbench.widgets.appearance import fit_row, mark_clickable

_NUMBER, _ARROW, _SPAN, _MARGIN = 6, 3, 13, 1
_MIN_BAR_BESIDE_SPAN = 9


class Columns(Struct, frozen=True):
    """Columns that fit in a row.

    Attributes:
        bar: Width of each bar in cells; 0 without bars.
        sampled: True if the probability after sampling fits.
        span: True if the cumulative range fits.
    """

    bar: int
    sampled: bool
    span: bool


def columns(width: int, head: int) -> Columns:
    """Return the columns that fit in a width after a head; bars are left out first."""
    free = width - head - 2 * _NUMBER - _ARROW - 2 - _MARGIN
    if free < 2:
        return Columns(0, width >= head + 2 * _NUMBER + _ARROW, False)
    span = free - _SPAN >= 2 * _MIN_BAR_BESIDE_SPAN
    return Columns((free - _SPAN * span) // 2, True, span)


def header_row(view: GenerateView, width: int) -> Text:
    """Return the names of the columns, and the text before the candidates."""
    shape, appearance = columns(width, head_cells(view)), view.appearance
    first_bar = head_cells(view) + _NUMBER + 1
    row = context_row(view, first_bar if shape.bar else width)
    if not shape.bar:
        return row
    row = _at(row, first_bar, "model", appearance.palette.guide)
    row = _at(
        row, first_bar + shape.bar + _ARROW + _NUMBER + 1, "sampled", appearance.palette.guide
    )
    return (
        _at(row, width - _MARGIN - 11, "cumulative", appearance.palette.guide)
        if shape.span
        else row
    )


def table_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """Return the candidates around the cursor, and a last row for those not shown."""
    if not view.options or n_rows < 1:
        return []
    shown = shown_candidates(view, n_rows)
    ends = list(accumulate(option.sampled for option in view.options))
    rows = [finish_candidate(view, i, _row(view, i, ends[i], width), width) for i in shown]
    if len(shown) < len(view.options) and n_rows > 1:
        rows.append(_rest_row(view, shown, width))
    return rows


def format_sampling(view: GenerateView) -> str:
    """Return a short explanation of the random number at the cursor."""
    here, u = view.text.current_token, view.u
    if here and u is None:
        return f"you chose {view.glyph(here.token)} ({here.probability:.3f})"
    if not view.options or u is None:
        return ""
    selected = view.glyph(view.token(sampler.sample_token(view.options, u)))
    if here is None:
        return f"{_chooser(view, u)} selects {selected}"
    sampled = view.glyph(here.token)
    now = "" if sampled == selected else f"; now it would select {selected}"
    return f"u = {u:.3f} selected {sampled}{now}"


def _chooser(view: GenerateView, u: float) -> str:
    return "temperature 0" if view.sampling.is_greedy else f"u = {u:.3f}"


def _row(view: GenerateView, index: int, end: float, width: int) -> Text:
    option, appearance, shape = (
        view.options[index],
        view.appearance,
        columns(width, head_cells(view)),
    )
    palette, cutter = appearance.palette, view.cut_by[index]
    row = candidate_head(view, index)
    row.append(number_format.format_probability(option.probability).rjust(_NUMBER), palette.plain)
    scale = max(1e-12, view.options[0].probability, view.options[0].sampled)
    if shape.bar:
        row.append(
            " " + draw_bar(option.probability / scale, shape.bar, appearance.ascii_only),
            palette.train,
        )
    if not shape.sampled:
        return row
    row.append(" " + appearance.sign("→").ljust(_ARROW - 1), palette.guide)
    if cutter:
        text = f"cut by {cutter}"
        return row.append("   cut" if len(text) > _NUMBER + 1 + shape.bar else f"   {text}")
    row.append(number_format.format_probability(option.sampled).rjust(_NUMBER), palette.plain)
    if shape.bar:
        row.append(
            " " + draw_bar(option.sampled / scale, shape.bar, appearance.ascii_only), palette.val
        )
    if shape.span:
        begin = max(0.0, end - option.sampled)
        row.append(f"  {begin:.3f}{appearance.sign('–')}{end:.3f}", palette.label)
    return row


def _rest_row(view: GenerateView, shown: range, width: int) -> Text:
    rest = [*view.options[: shown.start], *view.options[shown.stop :]]
    appearance, head = view.appearance, head_cells(view)
    shape = columns(width, head)
    total = number_format.format_probability(sum(option.probability for option in rest))
    label = f" {len(rest):,} more"
    label = (label if len(label) <= head else f" +{len(rest):,}").ljust(head)
    row = Text(label + total.rjust(head + _NUMBER - len(label)), appearance.palette.guide)
    if shape.sampled:
        sampled = number_format.format_probability(sum(option.sampled for option in rest))
        row.append(" " * (1 + shape.bar if shape.bar else 0))
        row.append(" " + appearance.sign("→").ljust(_ARROW - 1) + sampled.rjust(_NUMBER))
    cut_by = [stage.name for stage in view.stages if stage.cut]
    if cut_by:
        text = f"  {sum(len(stage.cut) for stage in view.stages):,} cut"
        by = f" by {', '.join(cut_by)}"
        room = width - row.cell_len
        row.append(f"{text}{by}" if room > len(text) + len(by) else text[:room] if room > 7 else "")
    return row


def _at(row: Text, column: int, text: str, style: str) -> Text:
    """Return the row with a text at a column, at least one space after the row's text."""
    placed = row.copy()
    placed.append(" " * max(1, column - row.cell_len))
    placed.append(text, style)
    return placed


# Rows of candidates


def head_cells(view: GenerateView) -> int:
    """Return the width of ``▸● e`` and a space: cursor, mark of the sampled token, token."""
    return view.token_cells + 4


def shown_candidates(view: GenerateView, n_rows: int) -> range:
    """Return the candidates around the cursor; if some are left out, one row is free for them."""
    n_all = len(view.options)
    n_shown = n_all if n_all <= n_rows else max(1, n_rows - 1)
    first = min(max(0, view.candidate - n_shown + 1), n_all - n_shown)
    return range(first, first + n_shown)


def is_sampled(view: GenerateView, index: int) -> bool:
    """Return True if this candidate is the token at the cursor."""
    here = view.text.current_token
    return here is not None and here.token == view.token(index)


def candidate_head(view: GenerateView, index: int) -> Text:
    """Return the marks and the token at the start of a row."""
    appearance, palette = view.appearance, view.appearance.palette
    row = Text(appearance.sign("▸") if index == view.candidate else " ", palette.train)
    row.append(appearance.sign("●") if is_sampled(view, index) else " ", palette.best)
    strong = f"bold {palette.plain}" if is_sampled(view, index) else palette.plain
    return row.append(f" {fit(view.glyph(view.token(index)), view.token_cells)} ", strong)


def finish_candidate(view: GenerateView, index: int, row: Text, width: int) -> Text:
    """Return the row in its full width: dimmed if cut, marked under the cursor, clickable."""
    palette = view.appearance.palette
    if view.cut_by[index]:
        row = Text(row.plain, palette.guide)
    row = fit_row(row, width)
    if palette.band and index == view.candidate:
        row.stylize(f"on {palette.band}")
    mark_clickable(row, 0, candidate=index)
    return row


def context_row(view: GenerateView, n_cells: int) -> Text:
    """Return the text before the candidates, as in ``after mari``; only its end if it is long."""
    appearance, room = view.appearance, max(2, n_cells - 8)
    before = text_end(view, room + 1) or view.glyph(END)
    row = Text(" after ", appearance.palette.guide)
    return row.append(appearance.sign(keep_end(before, room)), appearance.palette.plain)


# Bar


def bar_rows(view: GenerateView, width: int) -> tuple[Text, Text]:
    """Return two rows: the cumulative distribution, and the random number u under it."""
    return _distribution(view, width), _pointer(view, width)


def _distribution(view: GenerateView, width: int) -> Text:
    appearance, size = view.appearance, max(1, width - 2)
    sampled = view.text.current_token.token if view.text.current_token else None
    row, column, running = Text(" "), 0, 0.0
    for index, option in enumerate(view.options):
        running += option.sampled
        end = min(size - 1, round(running * (size - 1)))
        if end > column:
            glyph = token_glyph(view.token(index), appearance.ascii_only)
            if end <= column + cell_len(glyph):
                break  # the remaining candidates are narrower
            is_sampled_token = view.token(index) == sampled
            style = (
                f"bold {appearance.palette.val}" if is_sampled_token else appearance.palette.label
            )
            row.append(_segment(glyph, end - column, view), style)
            column = end
    if column < size - 1:
        row.append(_segment("…", size - 1 - column, view), appearance.palette.label)
    return row.append(appearance.sign("┤"), appearance.palette.label)


def _segment(glyph: str, n_cells: int, view: GenerateView) -> str:
    """Return the segment of one candidate: its border, and its token in the middle if it fits."""
    line = view.appearance.sign("─")
    inner = n_cells - 1
    n_glyph = cell_len(glyph)
    if n_glyph > inner:
        return view.appearance.sign("├") + line * inner
    left = (inner - n_glyph) // 2
    return view.appearance.sign("├") + line * left + glyph + line * (inner - n_glyph - left)


def _pointer(view: GenerateView, width: int) -> Text:
    appearance, text, u = view.appearance, format_sampling(view), view.u
    if u is None or not view.options:
        return Text(f" {text}", appearance.palette.guide)
    column = 1 + int(u * max(0, width - 3))
    sign = appearance.sign("▲")
    if column + 2 + cell_len(text) < width:
        row = Text(" " * column + sign, appearance.palette.val)
        return row.append(f" {text}", appearance.palette.label)
    row = Text(" " * max(0, column - 1 - cell_len(text)) + text + " ", appearance.palette.label)
    return row.append(sign, appearance.palette.val)

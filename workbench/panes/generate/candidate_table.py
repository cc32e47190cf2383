"""The candidates for one place: what the model gives them, and what they are drawn with."""

from itertools import accumulate

from msgspec import Struct
from rich.text import Text

from seqlm.generation import sampler
from workbench.panes.generate.candidates import (
    after_words,
    candidate_head,
    finished_candidate,
    head_cells,
    shown_candidates,
)
from workbench.panes.generate.view_model import GenerateView
from workbench.render import number_format
from workbench.render.bars import draw_bar

_NUMBER, _ARROW, _SPAN, _MARGIN = 6, 3, 13, 1
_LEAST_BAR_BESIDE_SPAN = 9


class Columns(Struct, frozen=True):
    """What has room in a row, and how wide the bars are."""

    bar: int
    sampled: bool
    span: bool


def columns(width: int, head: int) -> Columns:
    """The columns for a width, after a head: bars first give way, then the sampled probability."""
    free = width - head - 2 * _NUMBER - _ARROW - 2 - _MARGIN
    if free < 2:
        return Columns(0, width >= head + 2 * _NUMBER + _ARROW, False)
    span = free - _SPAN >= 2 * _LEAST_BAR_BESIDE_SPAN
    return Columns((free - _SPAN * span) // 2, True, span)


def header_row(view: GenerateView, width: int) -> Text:
    """Names the columns, and says after what text this is expected."""
    shape, look = columns(width, head_cells(view)), view.look
    first_bar = head_cells(view) + _NUMBER + 1
    row = after_words(view, first_bar if shape.bar else width)
    if not shape.bar:
        return row
    row = _at(row, first_bar, "model", look.palette.guide)
    row = _at(row, first_bar + shape.bar + _ARROW + _NUMBER + 1, "sampled", look.palette.guide)
    return _at(row, width - _MARGIN - 11, "cumulative", look.palette.guide) if shape.span else row


def table_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """The candidates around the cursor, and a last row that sums up those not shown."""
    if not view.options or n_rows < 1:
        return []
    shown = shown_candidates(view, n_rows)
    ends = list(accumulate(option.sampled for option in view.options))
    rows = [finished_candidate(view, i, _row(view, i, ends[i], width), width) for i in shown]
    if len(shown) < len(view.options) and n_rows > 1:
        rows.append(_rest_row(view, shown, width))
    return rows


def draw_words(view: GenerateView) -> str:
    """What the random number did at this place, in a few words."""
    here, u = view.text.here, view.u
    if here and u is None:
        return f"you chose {view.glyph(here.token)} ({here.probability:.3f})"
    if not view.options or u is None:
        return ""
    falls_on = view.glyph(view.token(sampler.sample_token(view.options, u)))
    if here is None:
        return f"u = {u:.3f} will draw {falls_on}"
    drawn = view.glyph(here.token)
    now = "" if drawn == falls_on else f"; now it would draw {falls_on}"
    return f"u = {u:.3f} drew {drawn}{now}"


def _row(view: GenerateView, index: int, end: float, width: int) -> Text:
    option, look, shape = view.options[index], view.look, columns(width, head_cells(view))
    palette, cutter = look.palette, view.cutters[index]
    row = candidate_head(view, index)
    row.append(number_format.format_probability(option.probability).rjust(_NUMBER), palette.plain)
    scale = max(1e-12, view.options[0].probability, view.options[0].sampled)
    if shape.bar:
        row.append(
            " " + draw_bar(option.probability / scale, shape.bar, look.ascii_only), palette.train
        )
    if not shape.sampled:
        return row
    row.append(" " + look.sign("→").ljust(_ARROW - 1), palette.guide)
    if cutter:
        words = f"cut by {cutter}"
        return row.append("   cut" if len(words) > _NUMBER + 1 + shape.bar else f"   {words}")
    row.append(number_format.format_probability(option.sampled).rjust(_NUMBER), palette.plain)
    if shape.bar:
        row.append(" " + draw_bar(option.sampled / scale, shape.bar, look.ascii_only), palette.val)
    if shape.span:
        begin = max(0.0, end - option.sampled)
        row.append(f"  {begin:.3f}{look.sign('–')}{end:.3f}", palette.label)
    return row


def _rest_row(view: GenerateView, shown: range, width: int) -> Text:
    rest = [*view.options[: shown.start], *view.options[shown.stop :]]
    look, head = view.look, head_cells(view)
    shape = columns(width, head)
    total = number_format.format_probability(sum(option.probability for option in rest))
    label = f" {len(rest):,} more"
    label = (label if len(label) <= head else f" +{len(rest):,}").ljust(head)
    row = Text(label + total.rjust(head + _NUMBER - len(label)), look.palette.guide)
    if shape.sampled:
        sampled = number_format.format_probability(sum(option.sampled for option in rest))
        row.append(" " * (1 + shape.bar if shape.bar else 0))
        row.append(" " + look.sign("→").ljust(_ARROW - 1) + sampled.rjust(_NUMBER))
    cutters = [stage.name for stage in view.stages if stage.cut]
    if cutters:
        words = f"  {sum(len(stage.cut) for stage in view.stages):,} cut"
        by = f" by {', '.join(cutters)}"
        room = width - row.cell_len
        row.append(
            f"{words}{by}" if room > len(words) + len(by) else words[:room] if room > 7 else ""
        )
    return row


def _at(row: Text, column: int, words: str, style: str) -> Text:
    """The row with words that begin in a column, at least a space after what is there."""
    placed = row.copy()
    placed.append(" " * max(1, column - row.cell_len))
    placed.append(words, style)
    return placed

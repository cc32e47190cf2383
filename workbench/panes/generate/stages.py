"""View of the sampler's stages side by side: their effect on the candidates, and their cuts."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text

from seqlm.generation.sampler import SamplerStage, StageName
from workbench.panes.generate.candidate_table import (
    candidate_head,
    context_row,
    finish_candidate,
    head_cells,
    shown_candidates,
)
from workbench.panes.generate.view_model import GenerateView
from workbench.render import number_format
from workbench.render.bars import draw_bar
from workbench.widgets.appearance import fit_row

WIDE_FROM, _MIDDLE_FROM, _MIN_BAR, _NUMBER = 100, 60, 4, 6
_SUMS_FROM, _HEADS_FROM = 8, 5
_SUM, _KEPT, _CUT_BEFORE = "running sum", "kept", "···"
_LABELS_LEFT = (" candidates", " left")
_LABELS_ENTROPY = (" entropy, nats", " nats")
_OFF, _LOGS, _RESHAPED = 3, 2, 1
"""Ranks of columns: stages that are off, ln p, and the temperature."""


class _Column(Struct, frozen=True):
    """Texts of one column.

    Attributes:
        heads: Two header rows.
        width: Width in cells, including the space after the column.
        cells: Text for each shown candidate.
        rest: Text for the candidates that are not shown.
        left: Number of candidates left after the stage.
        entropy: Entropy after the stage, in nats.
        shares: Relative length of each bar; empty without bars.
        bar: Width of a bar in cells.
        is_first: True for the probabilities of the model itself.
        rank: Columns of a higher rank are left out first.
    """

    heads: tuple[str, str]
    width: int
    cells: list[str]
    rest: str = ""
    left: str = ""
    entropy: str = ""
    shares: Sequence[float] = ()
    bar: int = 0
    is_first: bool = False
    rank: int = 0


def stage_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """Return the table of stages: header, candidates, the rest, and what each stage leaves."""
    if not view.options or n_rows < 1:
        return []
    n_heads = 2 if n_rows >= _HEADS_FROM + 2 else 1 if n_rows >= _HEADS_FROM else 0
    n_sums = 2 if n_rows >= _SUMS_FROM + 2 else 0
    shown = shown_candidates(view, n_rows - n_heads - n_sums)
    more = f" {len(view.options) - len(shown):,} more"
    table = _Table(view, max(head_cells(view), len(more)) + 1, _columns(view, shown, width), width)
    rows = [table.head_row(n) for n in range(n_heads)]
    for n, index in enumerate(shown):
        rows.append(finish_candidate(view, index, table.row(n, index), width))
    if len(shown) < len(view.options) and n_rows > n_heads + 1:
        rows.append(table.sum_row(more, of=lambda column: column.rest))
    if n_sums:
        rows.append(table.sum_row(*_LABELS_LEFT, of=lambda column: column.left))
        rows.append(table.sum_row(*_LABELS_ENTROPY, of=lambda column: column.entropy))
    return [fit_row(row, width) for row in rows[:n_rows]]


class _Table:
    """Columns side by side; the free width is used for bars."""

    def __init__(self, view: GenerateView, lead: int, columns: list[_Column], width: int) -> None:
        self._view, self._lead = view, lead
        columns = _fitting(columns, width + 1 - lead)
        free = max(0, width - lead - sum(column.width for column in columns))
        barred = [column for column in columns if column.shares]
        more = free // 2 if len(barred) > 1 else free
        self._columns = [
            _with_bar(column, more) if column in (barred[0], barred[-1]) else column
            for column in columns
        ]

    def head_row(self, n: int) -> Text:
        appearance, first = self._view.appearance, self._columns[0]
        room = self._lead + first.width if not first.heads[0] else 0
        row = context_row(self._view, room) if room and n == 0 else Text("")
        row = Text(" token", appearance.palette.guide) if n == 1 else row
        at = self._lead
        for column in self._columns:
            row = fit_row(row, at) if column.heads[n] else row
            row.append(appearance.sign(column.heads[n]), appearance.palette.guide)
            at += column.width
        return row

    def row(self, n: int, index: int) -> Text:
        appearance, at = self._view.appearance, self._lead
        row = candidate_head(self._view, index)
        for column in self._columns:
            row = fit_row(row, at)
            row.append(appearance.sign(column.cells[n]), appearance.palette.plain)
            if column.bar:
                row = fit_row(row, at + _NUMBER + 1)
                bar = draw_bar(column.shares[n], column.bar, appearance.ascii_only)
                row.append(
                    bar, appearance.palette.train if column.is_first else appearance.palette.val
                )
            at += column.width
        return row

    def sum_row(self, *labels: str, of: Callable[[_Column], str]) -> Text:
        """Return a row below the candidates, with the longest label that fits before the columns."""
        first, at = self._columns[0], self._lead
        room = at if of(first) else at + first.width
        row = Text(next((text for text in labels if len(text) < room), labels[-1]))
        for column in self._columns:
            text = self._view.appearance.sign(of(column))
            row = fit_row(row, at).append(text) if text else row
            at += column.width
        row.stylize(self._view.appearance.palette.guide)
        return row


def _with_bar(column: _Column, more: int) -> _Column:
    """Return a wider column with a bar beside the number, if the bar fits."""
    size = column.width + more - _NUMBER - 3
    return replace(column, bar=size, width=column.width + more) if size >= _MIN_BAR else column


# Choice of columns


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """Return the columns that fit; the first and the last column are left out last."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width for column in kept) > width:
        inner = [n for n, column in enumerate(kept[:-1]) if not column.is_first]
        del kept[max(inner, key=lambda n: (kept[n].rank, n)) if inner else -1]
    return kept


def _columns(view: GenerateView, shown: range, width: int) -> list[_Column]:
    """Return a column for each stage in its order; a narrow pane has one for all cuts."""
    pairs = list(enumerate(zip(view.stages, view.stages[1:], strict=False), 2))
    if width >= WIDE_FROM:
        first = _values(view.stages[0], shown, ("1 softmax", "probability"), 13)
        log = _log_column(view, shown)
        return [log, first, *(_wide_column(n, *pair, shown) for n, pair in pairs)]
    if width >= _MIDDLE_FROM:
        first = _values(view.stages[0], shown, ("1 softmax", ""), 10)
        return [first, *(_middle_column(n, *pair, shown) for n, pair in pairs)]
    [heated] = [stage for stage in view.stages if stage.name == "temperature"]
    last = view.stages[-1]
    cells = [_cut_word(name) if (name := view.cut_by[index]) else "=" for index in shown]
    return [
        _values(view.stages[0], shown, ("model", ""), 8),
        _values(heated, shown, _greedy_heads(heated) or ("÷ T", _value(heated)), 7),
        _Column(("kept", ""), 10, cells, left=number_format.format_count(last.n_left)),
        _values(last, shown, ("final", ""), 7),
    ]


def _wide_column(n: int, before: SamplerStage, stage: SamplerStage, shown: range) -> _Column:
    if stage.name == "temperature":
        heads = _greedy_heads(stage, f"{n} ") or (f"{n} ÷ T {_value(stage)}", "reshaped")
        return _values(stage, shown, heads, 12)
    if stage.name == "renormalize":
        return _values(stage, shown, (f"{n} renormalize", "final"), 14)
    # top-p cuts by the running sum of its input
    is_summed = stage.name == "top-p" and stage.setting is not None
    heads = (f"{n} {stage.name} {_value(stage)}", _SUM if is_summed else _KEPT)
    return _cuts(before, stage, shown, heads)


def _middle_column(n: int, before: SamplerStage, stage: SamplerStage, shown: range) -> _Column:
    if stage.name == "temperature":
        heads = _greedy_heads(stage, f"{n} ") or (f"{n} ÷ T", _value(stage))
        return _values(stage, shown, heads, 8)
    if stage.name == "renormalize":
        return _values(stage, shown, (f"{n} final", ""), 8)
    return _cuts(before, stage, shown, (f"{n} {stage.name}", _value(stage)))


# Contents of columns


def _log_column(view: GenerateView, shown: range) -> _Column:
    model = view.prediction
    logs = [f"{model.log_probability(i):.2f}" for i in shown] if model else []
    return _Column(("", "ln p"), 8, logs, rank=_LOGS)


def _values(stage: SamplerStage, shown: range, heads: tuple[str, str], width: int) -> _Column:
    largest = max(1e-12, stage.values[0])
    return _Column(
        heads=heads,
        width=_wide_enough(width, heads),
        cells=[_value_left(stage, i) for i in shown],
        rest=_rest_left(stage, shown),
        left=number_format.format_count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
        shares=[stage.values[i] / largest for i in shown],
        is_first=stage.name == "softmax",
        rank=(_OFF if stage.setting == 1 else _RESHAPED) if stage.name == "temperature" else 0,
    )


def _cuts(
    before: SamplerStage, stage: SamplerStage, shown: range, heads: tuple[str, str]
) -> _Column:
    """Return the column of a cutting stage; dots mark candidates that were cut before."""
    sums = list(accumulate(before.distribution)) if heads[1] == _SUM else []
    n_others = len(stage.values) - len(shown)
    n_cut = len(stage.cut) - sum(i in stage.cut for i in shown)
    most_probable = shown.stop if shown.start == 0 else 0
    word = _kept_word(stage, most_probable, []) if n_others else ""
    return _Column(
        heads=heads,
        width=_wide_enough(13 if heads[1] in (_SUM, _KEPT) else 8, heads),
        cells=[_kept_word(stage, i, sums) for i in shown],
        rest=f"{n_cut:,} cut" if 0 < n_cut < n_others else word,
        left=number_format.format_count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
        rank=_OFF if stage.setting is None else 0,
    )


def _wide_enough(width: int, heads: tuple[str, str]) -> int:
    """Return a width that keeps a space between the heads and the next column."""
    return max(width, *(cell_len(head) + 1 for head in heads))


def _value_left(stage: SamplerStage, index: int) -> str:
    """Return the value of a candidate after the temperature, or the word for a cut."""
    if stage.name == "temperature" and index >= stage.n_left:
        return _kept_word(stage, index, [])
    return number_format.format_probability(stage.values[index])


def _rest_left(stage: SamplerStage, shown: range) -> str:
    """Return the sum of the values that are not shown, or the word for a cut."""
    if stage.name == "temperature" and shown.start == 0 and shown.stop >= stage.n_left:
        n_cut = stage.n_before - max(stage.n_left, shown.stop)
        return f"{n_cut:,} cut" if n_cut > 0 else _CUT_BEFORE
    others = [*stage.values[: shown.start], *stage.values[shown.stop : stage.n_left]]
    return number_format.format_probability(sum(others))


def _kept_word(stage: SamplerStage, index: int, sums: list[float]) -> str:
    if index in stage.cut:
        return "cut"
    if index >= stage.n_left:
        return _CUT_BEFORE
    return f"= {sums[index]:.3f}" if sums else "="


def _greedy_heads(stage: SamplerStage, number: str = "") -> tuple[str, str] | None:
    """Return the heads of the column of temperature 0; None if the temperature is above 0."""
    return (f"{number}T 0", "greedy") if stage.setting == 0 else None


def _cut_word(name: StageName) -> str:
    return f"cut {'T 0' if name == 'temperature' else name}"


def _value(stage: SamplerStage) -> str:
    return "off" if stage.setting is None else f"{stage.setting:g}"

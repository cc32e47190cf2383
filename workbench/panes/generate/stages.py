"""Every stage of the sampler side by side: what each makes of the candidates, and which it cuts."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from seqlm.generation.sampler import Stage
from workbench.panes.generate.candidates import (
    after_words,
    candidate_head,
    finished_candidate,
    head_cells,
    shown_candidates,
)
from workbench.panes.generate.view import GenerateView
from workbench.render import figures
from workbench.render.bars import bar
from workbench.widgets.look import exactly

WIDE_FROM, _MIDDLE_FROM, _LEAST_BAR, _NUMBER = 100, 60, 4, 6
_SUMS_FROM, _HEADS_FROM = 8, 5
_SUM, _KEPT = "running sum", "kept"


class _Column(Struct, frozen=True):
    """What stands in one column, in words.

    Attributes:
        heads: Two rows above.
        width: In cells, the space after it included.
        cells: For each candidate that is shown.
        rest: For those that are not.
        left: How many candidates are left after the stage.
        entropy: How undecided it is then, in nats.
        shares: How long bars would be; empty where there are none.
        bar: Cells of a bar.
        is_first: Whether these are the model's own values.
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


def stage_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """The stages as a table: heads, candidates, the rest, and what is left after each stage."""
    if not view.options or n_rows < 1:
        return []
    n_heads = 2 if n_rows >= _HEADS_FROM + 2 else 1 if n_rows >= _HEADS_FROM else 0
    n_sums = 2 if n_rows >= _SUMS_FROM + 2 else 0
    shown = shown_candidates(view, n_rows - n_heads - n_sums)
    more = f" {len(view.options) - len(shown):,} more"
    table = _Table(view, max(head_cells(view), len(more)) + 1, _columns(view, shown, width), width)
    rows = [table.head_row(n) for n in range(n_heads)]
    for n, index in enumerate(shown):
        rows.append(finished_candidate(view, index, table.row(n, index), width))
    if len(shown) < len(view.options) and n_rows > n_heads + 1:
        rows.append(table.sum_row(more, lambda column: column.rest))
    if n_sums:
        labels = (" candidates", " entropy, nats") if width >= WIDE_FROM else (" left", " nats")
        rows.append(table.sum_row(labels[0], lambda column: column.left))
        rows.append(table.sum_row(labels[1], lambda column: column.entropy))
    return [exactly(row, width) for row in rows[:n_rows]]


class _Table:
    """Columns side by side; what they leave free is for bars."""

    def __init__(self, view: GenerateView, lead: int, columns: list[_Column], width: int) -> None:
        self._view, self._lead = view, lead
        while len(columns) > 1 and lead + sum(column.width for column in columns) > width + 1:
            columns.pop(1)
        free = max(0, width - lead - sum(column.width for column in columns))
        barred = [column for column in columns if column.shares]
        more = free // 2 if len(barred) > 1 else free
        self._columns = [
            _with_bar(column, more) if column in (barred[0], barred[-1]) else column
            for column in columns
        ]

    def head_row(self, n: int) -> Text:
        look, first = self._view.look, self._columns[0]
        room = self._lead + first.width if not first.heads[0] else 0
        row = after_words(self._view, room) if room and n == 0 else Text("")
        row = Text(" token", look.palette.guide) if n == 1 else row
        at = self._lead
        for column in self._columns:
            row = exactly(row, at) if column.heads[n] else row
            row.append(look.sign(column.heads[n]), look.palette.guide)
            at += column.width
        return row

    def row(self, n: int, index: int) -> Text:
        look, at = self._view.look, self._lead
        row = candidate_head(self._view, index)
        for column in self._columns:
            row = exactly(row, at)
            row.append(look.sign(column.cells[n]), look.palette.plain)
            if column.bar:
                row = exactly(row, at + _NUMBER + 1)
                drawn = bar(column.shares[n], column.bar, look.ascii_only)
                row.append(drawn, look.palette.train if column.is_first else look.palette.val)
            at += column.width
        return row

    def sum_row(self, label: str, of: Callable[[_Column], str]) -> Text:
        row, at = Text(label), self._lead
        for column in self._columns:
            words = self._view.look.sign(of(column))
            row = exactly(row, at).append(words) if words else row
            at += column.width
        row.stylize(self._view.look.palette.guide)
        return row


def _with_bar(column: _Column, more: int) -> _Column:
    """A column that is wider by some cells, for a bar beside its number if that has room."""
    size = column.width + more - _NUMBER - 3
    return replace(column, bar=size, width=column.width + more) if size >= _LEAST_BAR else column


# Which columns have room


def _columns(view: GenerateView, shown: range, width: int) -> list[_Column]:
    first, heated, *_, last = view.stages
    cutting = [(view.stages[n - 1], view.stages[n]) for n in range(2, len(view.stages) - 1)]
    end = f"{len(view.stages)} renormalise"
    if width >= WIDE_FROM:
        heads = [_with_sum(stage, n) for n, (_, stage) in enumerate(cutting, 3)]
        return [
            _log_column(view, shown),
            _values(first, shown, ("1 softmax", "probability"), 13),
            _values(heated, shown, (f"2 ÷ T {_value(heated)}", "reshaped"), 12),
            *(_cuts(*pair, shown, head) for pair, head in zip(cutting, heads, strict=True)),
            _values(last, shown, (end, "drawn from"), 14),
        ]
    if width >= _MIDDLE_FROM:
        heads = [(f"{n} {stage.name}", _value(stage)) for n, (_, stage) in enumerate(cutting, 3)]
        return [
            _values(first, shown, ("1 softmax", ""), 10),
            _values(heated, shown, ("2 ÷ T", _value(heated)), 8),
            *(_cuts(*pair, shown, head) for pair, head in zip(cutting, heads, strict=True)),
            _values(last, shown, (f"{len(view.stages)} drawn", "from"), 8),
        ]
    cells = [f"cut {name}" if (name := view.cutters[index]) else "=" for index in shown]
    return [
        _values(first, shown, ("model", ""), 8),
        _values(heated, shown, ("÷ T", _value(heated)), 7),
        _Column(("kept", ""), 10, cells, left=figures.count(last.n_left)),
        _values(last, shown, ("drawn", "from"), 7),
    ]


# What stands in them


def _log_column(view: GenerateView, shown: range) -> _Column:
    model = view.prediction
    logs = [f"{model.log_probability(i):.2f}" for i in shown] if model else []
    return _Column(("", "ln p"), 8, logs)


def _values(stage: Stage, shown: range, heads: tuple[str, str], width: int) -> _Column:
    largest = max(1e-12, stage.values[0])
    return _Column(
        heads=heads,
        width=width,
        cells=[figures.probability(stage.values[i]) for i in shown],
        rest=figures.probability(
            sum(stage.values[: shown.start]) + sum(stage.values[shown.stop : stage.n_left])
        ),
        left=figures.count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
        shares=[stage.values[i] / largest for i in shown],
        is_first=stage.name == "softmax",
    )


def _cuts(before: Stage, stage: Stage, shown: range, heads: tuple[str, str]) -> _Column:
    """A stage that cuts: what it kept, what it cut, and dots for what was cut before."""
    sums = list(accumulate(before.distribution)) if heads[1] == _SUM else []
    n_others = len(stage.values) - len(shown)
    n_cut = len(stage.cut) - sum(i in stage.cut for i in shown)
    most_probable = shown.stop if shown.start == 0 else 0
    word = _kept_word(stage, most_probable, []) if n_others else ""
    return _Column(
        heads=heads,
        width=13 if heads[1] in (_SUM, _KEPT) else 8,
        cells=[_kept_word(stage, i, sums) for i in shown],
        rest=f"{n_cut:,} cut" if 0 < n_cut < n_others else word,
        left=figures.count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
    )


def _kept_word(stage: Stage, index: int, sums: list[float]) -> str:
    if index in stage.cut:
        return "cut"
    if index >= stage.n_left:
        return "···"
    return f"= {sums[index]:.3f}" if sums else "="


def _with_sum(stage: Stage, n: int) -> tuple[str, str]:
    """The heads of a stage that cuts; top-p cuts by the running sum of what it was given."""
    is_summed = stage.name == "top-p" and stage.setting is not None
    return f"{n} {stage.name} {_value(stage)}", _SUM if is_summed else _KEPT


def _value(stage: Stage) -> str:
    return "off" if stage.setting is None else f"{stage.setting:g}"

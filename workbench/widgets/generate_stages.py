"""Every stage of the sampler side by side: what each makes of the candidates, and which it cuts."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from seqlm.generation.sampler import Stage
from workbench.render import figures
from workbench.render.bars import bar
from workbench.widgets.generate_candidates import (
    HEAD_CELLS,
    after_words,
    candidate_head,
    finished_candidate,
    shown_candidates,
)
from workbench.widgets.generate_view import GenerateView
from workbench.widgets.look import exactly

WIDE_FROM, _MIDDLE_FROM, _LEAST_BAR = 100, 58, 4
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
        shares: How long the bars are; none without bars.
        bar: Cells of a bar.
        role: The colour of the bars.
    """

    heads: tuple[str, str]
    width: int
    cells: list[str]
    rest: str = ""
    left: str = ""
    entropy: str = ""
    shares: Sequence[float] = ()
    bar: int = 0
    role: str = "train"


def stage_rows(view: GenerateView, width: int, n_rows: int) -> list[Text]:
    """The stages as a table: heads, candidates, the rest, and what is left after each stage."""
    if not view.options or n_rows < 1:
        return []
    n_heads = 2 if n_rows >= _HEADS_FROM + 2 else 1 if n_rows >= _HEADS_FROM else 0
    n_sums = 2 if n_rows >= _SUMS_FROM + 2 else 0
    shown = shown_candidates(view, n_rows - n_heads - n_sums)
    columns = _with_bars(_columns(view, shown, width), width)
    rows = [_head_row(view, columns, n) for n in range(n_heads)]
    for n, index in enumerate(shown):
        rows.append(finished_candidate(view, index, _row(view, columns, n, index), width))
    n_more = len(view.options) - len(shown)
    if n_more and n_rows > n_heads + 1:
        rows.append(_sum_row(view, columns, f"{n_more:,} more", lambda column: column.rest))
    if n_sums:
        labels = ("candidates", "entropy, nats") if width >= WIDE_FROM else ("left", "nats")
        rows.append(_sum_row(view, columns, labels[0], lambda column: column.left))
        rows.append(_sum_row(view, columns, labels[1], lambda column: column.entropy))
    return [exactly(row, width) for row in rows[:n_rows]]


# Which columns have room


def _columns(view: GenerateView, shown: range, width: int) -> list[_Column]:
    first, heated, *cutting, last = view.stages
    end = f"{len(view.stages)} renormalise"
    if width >= WIDE_FROM:
        between = [_cuts(stage, shown, _with_sum(stage, n)) for n, stage in enumerate(cutting, 3)]
        return [
            _log_column(view, shown),
            _values(first, shown, ("1 softmax", "probability"), 13),
            _values(heated, shown, (f"2 ÷ T {_value(heated)}", "reshaped"), 12),
            *between,
            _values(last, shown, (end, "drawn from"), 14, "val"),
        ]
    if width >= _MIDDLE_FROM:
        heads = [(f"{n} {stage.name}", _value(stage)) for n, stage in enumerate(cutting, 3)]
        return [
            _values(first, shown, ("1 softmax", ""), 10),
            _values(heated, shown, ("2 ÷ T", _value(heated)), 8),
            *(_cuts(stage, shown, head) for stage, head in zip(cutting, heads, strict=True)),
            _values(last, shown, (f"{len(view.stages)} drawn", "from"), 8, "val"),
        ]
    cells = [f"cut {name}" if (name := view.cutters[index]) else "=" for index in shown]
    columns = [
        _values(first, shown, ("model", ""), 8),
        _values(heated, shown, ("÷ T", _value(heated)), 7),
        _Column(("kept", ""), 10, cells, left=figures.count(last.n_left)),
        _values(last, shown, ("drawn", "from"), 7, "val"),
    ]
    while len(columns) > 1 and HEAD_CELLS + sum(column.width for column in columns) > width + 1:
        columns.pop(1)
    return columns


def _with_bars(columns: list[_Column], width: int) -> list[_Column]:
    """What is free is for bars; where that is too little, there are none."""
    with_bars = [column for column in columns if column.heads[0] not in ("",) and column.shares]
    ends = {id(with_bars[0]), id(with_bars[-1])} if with_bars else set()
    free = (width - HEAD_CELLS - sum(column.width for column in columns)) // max(1, len(ends))
    size = free - 1 if free > _LEAST_BAR else 0
    return [
        replace(column, bar=size, width=column.width + size + 1)
        if size and id(column) in ends
        else column
        for column in columns
    ]


# What stands in them


def _log_column(view: GenerateView, shown: range) -> _Column:
    logs = view.prediction.log_probabilities if view.prediction else ()
    return _Column(("", "ln p"), 8, [f"{logs[i]:.2f}" for i in shown])


def _values(
    stage: Stage, shown: range, heads: tuple[str, str], width: int, role: str = "train"
) -> _Column:
    largest = max(1e-12, stage.values[0])
    return _Column(
        heads=heads,
        width=width,
        cells=[figures.probability(stage.values[i]) for i in shown],
        rest=figures.probability(sum(_others(stage.values, shown))),
        left=figures.count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
        shares=[stage.values[i] / largest for i in shown],
        role=role,
    )


def _cuts(stage: Stage, shown: range, heads: tuple[str, str]) -> _Column:
    """A stage that cuts: what it kept, what it cut, and dots for what was cut before."""
    sums = list(accumulate(stage.distribution)) if heads[1] == _SUM else []
    n_cut = sum(i not in shown for i in stage.cut)
    n_rest = len(stage.values) - len(shown)
    return _Column(
        heads=heads,
        width=13 if heads[1] in (_SUM, _KEPT) else 8,
        cells=[_kept_word(stage, i, sums) for i in shown],
        rest="=" if not n_cut else "cut" if n_cut == n_rest else f"{n_cut:,} cut",
        left=figures.count(stage.n_left),
        entropy=f"{stage.entropy_nats:.2f}",
    )


def _kept_word(stage: Stage, index: int, sums: list[float]) -> str:
    if index in stage.cut:
        return "cut"
    if index >= stage.n_left:
        return "···"
    return f"= {sums[index]:.3f}" if sums else "="


def _others(values: Sequence[float], shown: range) -> Sequence[float]:
    return [*values[: shown.start], *values[shown.stop :]]


def _with_sum(stage: Stage, n: int) -> tuple[str, str]:
    """The heads of a stage that cuts; top-p cuts by the running sum of what it was given."""
    is_summed = stage.name == "top-p" and stage.setting is not None
    return f"{n} {stage.name} {_value(stage)}", _SUM if is_summed else _KEPT


def _value(stage: Stage) -> str:
    return "off" if stage.setting is None else f"{stage.setting:g}"


# Rows


def _head_row(view: GenerateView, columns: list[_Column], n: int) -> Text:
    look = view.look
    row = after_words(view, HEAD_CELLS + columns[0].width * (columns[0].heads[0] == ""))
    row = row if n == 0 else Text(" token", look.palette.guide)
    at = HEAD_CELLS
    for column in columns:
        row = exactly(row, at) if column.heads[n] else row
        row.append(look.sign(column.heads[n]), look.palette.guide)
        at += column.width
    return row


def _row(view: GenerateView, columns: list[_Column], n: int, index: int) -> Text:
    look = view.look
    row = candidate_head(view, index)
    for column in columns:
        row.append(look.sign(column.cells[n]).ljust(column.width - column.bar), look.palette.plain)
        if column.bar:
            row.right_crop(1)
            drawn = bar(column.shares[n], column.bar, look.ascii_only)
            row.append(f"{drawn} ", look.palette.style(column.role))  # type: ignore[arg-type]
    return row


def _sum_row(
    view: GenerateView, columns: list[_Column], label: str, of: Callable[[_Column], str]
) -> Text:
    row = Text(f" {label}")
    at = HEAD_CELLS
    for column in columns:
        words = view.look.sign(of(column))
        row = exactly(row, at).append(words) if words else row
        at += column.width
    row.stylize(view.look.palette.guide)
    return row

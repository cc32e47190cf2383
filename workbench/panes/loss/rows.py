"""Text rows of the Loss pane: the readout, the latest step, the effect of each change."""

from collections.abc import Sequence

from rich.cells import cell_len

from seqlm.runs.run_state import AppliedChange
from workbench.hints.hint_text import format_value
from workbench.hints.setting_labels import setting_label
from workbench.panes.loss.axes import x_of
from workbench.panes.loss.bindings import LOSS_BINDINGS
from workbench.panes.loss.chart import ChartReadout, numbered_changes
from workbench.panes.loss.view_model import LossViewModel
from workbench.render.number_format import (
    LossUnit,
    format_axis_seconds,
    format_compact,
    format_count,
    format_loss_in,
)
from workbench.render.sanitize import fit
from workbench.run.diagnostics import n_together
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row, StyledSpan, row_width


def reading_row(state: AppState, view: LossViewModel, reading: ChartReadout, width: int) -> Row:
    """Return the readout of one column.

    Example: ``20,000: train 2.1917, mean of 400 steps (1.650–2.872)   val 2.2288``. The x
    value follows. Where there is little space, the number of steps is left out first, then the
    range, then the validation loss.
    """
    unit, val = view.unit, state.run.val.before(reading.step)
    low, high = format_loss_in(reading.low, unit, 3), format_loss_in(reading.high, unit, 3)
    step: StyledSpan = (f"{format_count(reading.step)}: ", "plain bold")
    mean: StyledSpan = (format_loss_in(reading.mean, unit), "train bold")
    train: list[StyledSpan] = [step, ("train ", "label"), mean]
    span: StyledSpan = (f" ({low}–{high})" if reading.n > 1 else "", "label")
    checked: list[StyledSpan] = [
        ("   val ", "label"),
        (format_loss_in(val.last if val else None, unit), "val bold"),
    ]
    is_older = val is not None and val.step <= reading.step - reading.n
    more: list[StyledSpan] = [
        (f" at {format_count(val.step)}" if val and is_older else "", "label"),
        (_elsewhere(state, view, reading.step), "label"),
        (_with_keys(state, "   <loss.now>: latest step"), "guide"),
    ]
    of: StyledSpan = (f", {_of_steps(reading.n)}" if reading.n > 1 else "", "label")
    rows = [
        [*train, of, span, *checked],
        [*train, span, *checked],
        [*train, *checked],
        train,
        [step, mean],
        [mean],
    ]
    return _fitting(next((row for row in rows if row_width(row) <= width), []), more, width)


def _of_steps(n: int) -> str:
    return f"mean of {format_count(n)} steps"


def _elsewhere(state: AppState, view: LossViewModel, step: int) -> str:
    """Return the second or the epoch of a step if the x axis shows it."""
    x = x_of(state, view.x)(step)
    if view.x == "seconds":
        return f"  at {format_axis_seconds([round(x, 2 if x < 10 else 1)])[0]}"
    return f"  epoch {format_compact(x)}" if view.x == "epochs" else ""


def now_row(state: AppState, view: LossViewModel, width: int) -> Row:
    """Return the latest step and the keys of the cursor and the zoom."""
    run = state.run
    if not run.train:
        return []
    word = "now" if run.is_live else "end"
    more: list[StyledSpan] = [
        (f"{word} {format_count(run.step)}", "plain"),
        (_with_keys(state, " │ <loss.left><loss.right> read a step"), "label"),
        (_with_keys(state, " │ <loss.recent> recent <loss.all> all"), "label"),
        (_with_keys(state, " │ <loss.in> <loss.out> zoom"), "label"),
    ]
    return _fitting([], more, width)


def _with_keys(state: AppState, words: str) -> str:
    return state.keys.substitute_keys(words, LOSS_BINDINGS)


def change_rows(state: AppState, n_rows: int, width: int, unit: LossUnit = "nats") -> list[Row]:
    """Return the latest changes, each with its effect on the validation loss.

    Where there is little space, the steps of the validations are left out first, then the old values.
    """
    shown = numbered_changes(state)[-n_rows:] if n_rows else []
    at = max((len(format_count(change.step)) for _, change in shown), default=0)
    heads: list[list[StyledSpan]] = [
        [(f"▲{number} ", "mark"), (f"{format_count(change.step).rjust(at)}  ", "label")]
        for number, change in shown
    ]
    changes = [change for _, change in shown]
    found = [_change_texts(state.run, changes, unit, *lengths) for lengths in _LENGTHS]
    room = width - max(map(row_width, heads), default=0)
    rows = next((rows for rows in found if max(map(row_width, rows), default=0) <= room), None)
    if rows is None:
        rows = [[(fit(row[0][0], room).rstrip(), "plain")] for row in found[-1]]
    return [_fitting([], [*head, *row], width) for head, row in zip(heads, rows, strict=True)]


_LENGTHS = ((0, 0), (0, 1), (1, 1), (1, 2))
"""Abbreviation levels of a change and of its effect: 0 is the full form."""


def _change_texts(
    run: RunState, changes: Sequence[AppliedChange], unit: LossUnit, short: int, shorter: int
) -> list[list[StyledSpan]]:
    """Return the changes with their effects aligned."""
    names = [setting_label(change.key) for change in changes]
    olds = ["" if short else f" {format_value(change.old)}" for change in changes]
    texts = [
        f"{n}{o} → {format_value(c.new)}" for n, o, c in zip(names, olds, changes, strict=True)
    ]
    wide = max(map(cell_len, texts), default=0)
    effects = [_effect(run, change, unit, shorter) for change in changes]
    return [
        [(fit(text, wide) if effect else text, "plain"), (f"  {effect}" if effect else "", "label")]
        for text, effect in zip(texts, effects, strict=True)
    ]


def _effect(run: RunState, change: AppliedChange, unit: LossUnit, shorter: int) -> str:
    """Return the validation losses before and after a change, or after several changes at once."""
    planned = "as planned" if change.is_planned and not shorter else ""
    if not change.can_have_effect:
        return planned
    gap = "  " if planned else ""
    if change.before is None or change.after is None:
        return f"{planned}{gap}{('val: not measured yet', 'val: not yet', '')[shorter]}"
    before, after = (
        format_loss_in(change.before.loss, unit, 3),
        format_loss_in(change.after.loss, unit, 3),
    )
    n = n_together(run, change)
    of = "" if n == 1 else ", both together" if n == 2 else f", all {format_count(n)} together"
    of = f" by {format_count(n)}" if of and shorter else of
    if shorter:
        return f"{'val ' if shorter == 1 else ''}{before} → {after}{of}"
    at, then = format_count(change.before.step), format_count(change.after.step)
    return f"{planned}{gap}val {before} at {at} → {after} at {then}{of}"


def _fitting(row: Sequence[StyledSpan], more: Sequence[StyledSpan], width: int) -> list[StyledSpan]:
    """Return the row and as many of the spans after it as fit."""
    fitting, used = list(row), row_width(row)
    for piece in more:
        used += cell_len(piece[0])
        if used > width:
            break
        fitting.append(piece)
    return fitting

"""Row with the latest losses as exact numbers."""

from seqlm.runs.run_state import LossPoint
from seqlm.runspec.baselines import primary_split
from workbench.render.number_format import (
    LossUnit,
    format_count,
    format_learning_rate,
    format_loss_in,
)
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row, StyledSpan, row_width


def loss_row(state: AppState, width: int, unit: LossUnit = "nats") -> Row:
    """Return train, validation and best loss in the longest form that fits.

    Where room is short the steps are left out first, then the best loss, then digits. A unit other
    than nats is named.
    """
    more = _more(state, unit)
    rows = [
        [*_numbers(state, unit, gap, at), (f"{gap}{more}" if more else "", "label")]
        for gap, at in (("   ", " at "), ("  ", " @"))
    ]
    rows += [_numbers(state, unit, "   ", " at "), _numbers(state, unit, "  ", " @")]
    rows += [_numbers(state, unit, "  ", ""), _numbers(state, unit, " ", "")]
    rows += [_numbers(state, unit, " ", "", 2), _numbers(state, unit, " ", "", 2, digits=2)]
    _, role, latest = _named(state)[0]
    rows += [[(format_loss_in(latest.loss if latest else None, unit, 3), f"{role} bold")]]
    return next((row for row in rows if row_width(row) <= width), [])


def _numbers(
    state: AppState, unit: LossUnit, gap: str, at: str, n_shown: int = 3, digits: int = 4
) -> list[StyledSpan]:
    """Return the losses with their names, and with their steps unless ``at`` is empty."""
    row: list[StyledSpan] = [("" if unit == "nats" else f"{unit}{gap}", "label")]
    for i, (name, role, measured) in enumerate(_named(state)[:n_shown]):
        number = format_loss_in(measured.loss if measured else None, unit, digits).ljust(digits + 2)
        step = f"{at}{format_count(measured.step)}" if at and measured and role != "train" else ""
        row += [(f"{gap if i else ''}{name} ", "label"), (number, f"{role} bold"), (step, "label")]
    return row


def _named(state: AppState) -> list[tuple[str, str, LossPoint | None]]:
    """Return name, role and value of each loss, the most important first."""
    run, judged = state.run, primary_split(state.config)
    recent = run.batch_loss if judged == "batch" else run.train_recent
    last = LossPoint(run.step, recent) if recent is not None else None
    val, best = ("val", "val", run.last_validation), ("best", "best", run.best)
    if judged == "batch":
        return [("batch", "train", last), val]
    return [("train", "train", last), *([val, best] if judged == "val" else [])]


def _more(state: AppState, unit: LossUnit) -> str:
    """Return the learning rate, or after the run that the losses are of the whole splits."""
    run = state.run
    if "train" in run.split_losses and primary_split(state.config) != "batch":
        return "whole splits"
    return f"rate {format_learning_rate(run.learning_rate)}" if run.learning_rate else ""

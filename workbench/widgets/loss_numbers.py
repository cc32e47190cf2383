"""The latest losses in one row, exactly: as much beside them as there is room for."""

from seqlm.runs.run_state import LossPoint
from seqlm.runspec.baselines import primary_split
from workbench.render.number_format import (
    LossUnit,
    format_count,
    format_learning_rate,
    format_loss_in,
)
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Piece, Row, row_width


def numbers_row(situation: AppState, width: int, unit: LossUnit = "nats") -> Row:
    """Train, validation and best loss, in the longest form that fits.

    Their steps go first where room is short, then the best, then the last digits. A unit other than
    nats is named.
    """
    more = _more(situation, unit)
    rows = [
        [*_numbers(situation, unit, gap, at), (f"{gap}{more}" if more else "", "label")]
        for gap, at in (("   ", " at "), ("  ", " @"))
    ]
    rows += [_numbers(situation, unit, "   ", " at "), _numbers(situation, unit, "  ", " @")]
    rows += [_numbers(situation, unit, "  ", ""), _numbers(situation, unit, " ", "")]
    rows += [_numbers(situation, unit, " ", "", 2), _numbers(situation, unit, " ", "", 2, digits=2)]
    _, role, latest = _named(situation)[0]
    rows += [[(format_loss_in(latest.loss if latest else None, unit, 3), f"{role} bold")]]
    return next((row for row in rows if row_width(row) <= width), [])


def _numbers(
    situation: AppState, unit: LossUnit, gap: str, at: str, n_shown: int = 3, digits: int = 4
) -> list[Piece]:
    """The losses by name; where ``at`` is empty without their steps."""
    row: list[Piece] = [("" if unit == "nats" else f"{unit}{gap}", "label")]
    for i, (name, role, measured) in enumerate(_named(situation)[:n_shown]):
        number = format_loss_in(measured.loss if measured else None, unit, digits).ljust(digits + 2)
        step = f"{at}{format_count(measured.step)}" if at and measured and role != "train" else ""
        row += [(f"{gap if i else ''}{name} ", "label"), (number, f"{role} bold"), (step, "label")]
    return row


def _named(situation: AppState) -> list[tuple[str, str, LossPoint | None]]:
    """The losses in the order in which they count, each with its role."""
    run, judged = situation.run, primary_split(situation.config)
    recent = run.batch_loss if judged == "batch" else run.train_recent
    last = LossPoint(run.step, recent) if recent is not None else None
    val, best = ("val", "val", run.last_validation), ("best", "best", run.best)
    if judged == "batch":
        return [("batch", "train", last), val]
    return [("train", "train", last), *([val, best] if judged == "val" else [])]


def _more(situation: AppState, unit: LossUnit) -> str:
    """At the end what the losses are of, before that the rate of the last step."""
    run = situation.run
    if "train" in run.split_losses and primary_split(situation.config) != "batch":
        return "of the whole splits"
    return f"rate {format_learning_rate(run.learning_rate)}" if run.learning_rate else ""

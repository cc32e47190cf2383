"""Diagnostics of the losses of a run: overfitting, plateau, baselines passed."""

import math
from typing import NamedTuple

from seqlm.runs.run_state import AppliedChange, LossPoint
from workbench.run.loss_series import LossBucket, LossSeries
from workbench.run.state import RunState

FEW_CHECKS = 5
_LITTLE, _MUCH = 0.01, 0.02
_SHARE = 0.2


class Overfitting(NamedTuple):
    """Validation losses that rise while the train loss falls, and how many since the best one."""

    n_checks: int
    best: LossPoint


class Plateau(NamedTuple):
    """The small improvement of the validation loss, in nats, since a step."""

    step: int
    gain: float


def overfitting(state: RunState) -> Overfitting | None:
    """Return the overfitting of the model, if its losses show any.

    One low value by chance is not enough. Since the best validation there were five or more, over a
    fifth of all steps; every one of the last fifth is 0.02 nats above the mean of those shortly before
    the best; and the train loss has fallen by as much.
    """
    best = state.best
    is_early = best is None or state.step - best.step < _SHARE * state.step
    if best is None or is_early or state.checks_since_best < FEW_CHECKS:
        return None
    around, late = (best.step * (1 - _SHARE), best.step), (state.step * (1 - _SHARE), state.step)
    lowest = min((found.low for found in _bins(state.val, *late)), default=math.nan)
    rise = lowest - _mean(state.val, *around)
    fall = _mean(state.train, *around) - _mean(state.train, *late)
    is_overfitting = rise >= _MUCH and fall >= _MUCH
    return Overfitting(state.checks_since_best, best) if is_overfitting else None


def plateau(state: RunState) -> Plateau | None:
    """Return the step since which the validation loss has fallen by less than 0.01 nats.

    Said only where that took a fifth of all steps and six validations. What was before the last
    change of a value that matters does not count.
    """
    changes = [change.step for change in state.changes if change.can_have_effect]
    since = changes[-1] if changes else 0
    checks = [found for found in state.val.growing if found.begin > since and found.n]
    lowest = min((found.low for found in checks), default=0.0)
    near = next((i for i, found in enumerate(checks) if found.low - lowest < _LITTLE), None)
    if near is None:
        return None
    step, n_after = checks[near].step, sum(found.n for found in checks[near + 1 :])
    is_long = state.step - step >= _SHARE * state.step
    return Plateau(step, checks[near].low - lowest) if n_after > FEW_CHECKS and is_long else None


def n_together(state: RunState, change: AppliedChange) -> int:
    """Return how many changes lie between the same two validations and share one effect."""
    between = _around(change)
    return sum(other.can_have_effect and _around(other) == between for other in state.changes)


def _around(change: AppliedChange) -> tuple[LossPoint | None, LossPoint | None]:
    return change.before, change.after


def crossed_baseline(state: RunState, loss: float) -> int | None:
    """Return the first step, to two percent, at which the validation loss was below another loss."""
    return next((found.step for found in state.val.growing if found.low < loss), None)


def _bins(curve: LossSeries, first: float, last: float) -> list[LossBucket]:
    return [found for found in curve.growing if first <= found.begin and found.step <= last]


def _mean(curve: LossSeries, first: float, last: float) -> float:
    """The mean of the losses in the bins that lie in this range; NaN without one."""
    found = _bins(curve, first, last)
    n = sum(part.n for part in found)
    return sum(part.total for part in found) / n if n else math.nan

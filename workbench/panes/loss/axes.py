"""X axes of the loss chart: steps, seconds or epochs."""

import math
from collections.abc import Callable, Iterable, Sequence

from workbench.panes.loss.view_model import XScale
from workbench.render.axis import Axis, LinearAxis, LogAxis, SecondsAxis
from workbench.run.loss_series import ProgressSeries, between
from workbench.state.app_state import AppState

_ROUND_NUMBERS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_ESTIMATE_STEPS = 100


def whole_axis(state: AppState, scale: XScale) -> Axis:
    """Return the axis from the first to the last planned step, so that drawn columns stay in place.

    The duration of a run is not known in advance: seconds end at the next round number.
    """
    run = state.run
    last = max(1, run.step, run.steps_planned or state.config.planned.train.steps)
    if scale == "seconds":
        return SecondsAxis(0, _round_above(run.progress.seconds_at(run.step)))
    if scale == "epochs":
        n_tokens = max(run.progress.tokens_at(run.step), _tokens_planned(run.progress, last))
        return LinearAxis(0, n_tokens / _n_targets(state) or 1.0)
    return LogAxis(1, last) if scale == "log" else LinearAxis(0, last)


def x_of(state: AppState, scale: XScale) -> Callable[[float], float]:
    """Return the function from a step to its x value."""
    course, n_targets = state.run.progress, _n_targets(state)
    if scale == "seconds":
        return course.seconds_at
    if scale == "epochs":
        return lambda step: course.tokens_at(step) / n_targets
    return (lambda step: max(1.0, step)) if scale == "log" else float


def xs_of(state: AppState, scale: XScale, steps: Sequence[int]) -> Iterable[float]:
    """Return the x values of ascending steps; each frame has hundreds of them."""
    is_plain = scale == "linear" or (scale == "log" and (not steps or steps[0] >= 1))
    return steps if is_plain else map(x_of(state, scale), steps)


def steps_shown(state: AppState, scale: XScale, axis: Axis) -> tuple[float, float]:
    """Return the first and the last step on an axis."""
    ends, course = (axis.value(0), axis.value(1)), state.run.progress
    if scale in ("log", "linear"):
        return ends
    xs = course.seconds
    if scale == "epochs":
        ends = ends[0] * _n_targets(state), ends[1] * _n_targets(state)
        xs = course.tokens
    return between(xs, course.steps, ends[0]), between(xs, course.steps, ends[1])


def _n_targets(state: AppState) -> int:
    """Return the number of targets in one epoch."""
    return max(1, state.run.n_targets.get("train", 0))


def _tokens_planned(course: ProgressSeries, last_step: int) -> float:
    """Estimate the tokens of all planned steps from the first 100 steps, so that it is constant."""
    if not course.steps:
        return 0.0
    step = min(_ESTIMATE_STEPS, course.steps[-1])
    return course.tokens_at(step) / step * last_step if step > 0 else 0.0


def _round_above(seconds: float) -> float:
    """Return the next round number of seconds, at least one."""
    if seconds <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(seconds))
    return next((r * power for r in _ROUND_NUMBERS if r * power >= seconds), 10 * power)

"""How a person looks at the losses of a run: which axes, which part, and where they read."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from workbench.render.axis import Axis, LinearAxis, LogAxis, SecondsAxis
from workbench.render.number_format import LossUnit

XScale: TypeAlias = Literal["log", "linear", "seconds", "epochs"]
YScale: TypeAlias = Literal["nats", "log", "bits", "perplexity"]
X_SCALES: tuple[XScale, ...] = ("log", "linear", "seconds", "epochs")
Y_SCALES: tuple[YScale, ...] = ("nats", "log", "bits", "perplexity")

ZOOM = 2.0
_LEAST_SHARE = 1 / 512
_LEAST_STEPS = 8


class LossViewModel(Struct, frozen=True):
    """What a person chose; every key of the Loss pane makes one of these from another.

    Attributes:
        x: What stands on the x axis: steps, their logarithm, seconds inside steps, or epochs.
        y: The unit of the losses, or the logarithm of nats.
        cursor: The step at which losses are read; None for the latest.
        window: The part of the x axis that is shown, in its own unit; None for all of it.
    """

    x: XScale = "log"
    y: YScale = "nats"
    cursor: int | None = None
    window: tuple[float, float] | None = None

    @property
    def unit(self) -> LossUnit:
        """The unit in which losses are written."""
        return "nats" if self.y == "log" else self.y


def next_x(view: LossViewModel, by: int = 1) -> LossViewModel:
    """Another x axis, the whole of it; the cursor stays at its step."""
    at = X_SCALES.index(view.x) + by
    return replace(view, x=X_SCALES[at % len(X_SCALES)], window=None)


def next_y(view: LossViewModel, by: int = 1) -> LossViewModel:
    """Another y axis."""
    at = Y_SCALES.index(view.y) + by
    return replace(view, y=Y_SCALES[at % len(Y_SCALES)])


def moved(view: LossViewModel, stops: Sequence[int], by: int) -> LossViewModel:
    """The cursor on another column that is drawn; the first key puts it on the last one.

    Args:
        view: The view before.
        stops: The last step in each column that is drawn, rising.
        by: How many columns to the right.
    """
    if not stops:
        return view
    at = stop_of(view, stops)
    if at is None:
        at = len(stops) - 1 if abs(by) == 1 else len(stops) - 1 + by
    else:
        at += by
    return replace(view, cursor=stops[min(max(0, at), len(stops) - 1)])


def stop_of(view: LossViewModel, stops: Sequence[int]) -> int | None:
    """Which column that is drawn holds the cursor; the nearest where it is beside them all."""
    if view.cursor is None or not stops:
        return None
    return min(bisect_left(stops, view.cursor), len(stops) - 1)


def without_cursor(view: LossViewModel) -> LossViewModel:
    """No step is read any more."""
    return replace(view, cursor=None)


def shown_part(view: LossViewModel, whole: Axis) -> Axis:
    """The axis that is drawn: all of it, or the part that was zoomed into."""
    if view.window is None:
        return whole
    if isinstance(whole, LogAxis):
        return LogAxis(*view.window)
    return (SecondsAxis if isinstance(whole, SecondsAxis) else LinearAxis)(*view.window)


def zoomed(view: LossViewModel, whole: Axis, center: float, factor: float = ZOOM) -> LossViewModel:
    """A part ``factor`` times smaller in which the center stays where it is on the screen.

    A factor below 1 shows more. At the ends the part is moved inwards; the whole axis is no part.

    Args:
        view: The view before.
        whole: The whole x axis.
        center: A value on it.
        factor: How many times more room a step gets.
    """
    shown = shown_part(view, whole)
    first, last = whole.fraction(shown.value(0)), whole.fraction(shown.value(1))
    share = (last - first) / factor
    if share >= 1 - 1e-9:
        return replace(view, window=None)
    at = min(max(0.0, shown.fraction(center)), 1.0)
    begin = first + at * (last - first - share)
    begin = min(max(0.0, begin), 1 - share)
    window = whole.value(begin), whole.value(begin + share)
    counts_steps = view.x in ("log", "linear")
    is_tiny = share < _LEAST_SHARE or (counts_steps and window[1] - window[0] < _LEAST_STEPS)
    return view if factor > 1 and is_tiny else replace(view, window=window)


def all_shown(view: LossViewModel) -> LossViewModel:
    """The whole axis again."""
    return replace(view, window=None)

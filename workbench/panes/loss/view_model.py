"""View model of the Loss pane: axes, visible part and cursor."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from workbench.render.axis import Axis, LinearAxis, LogAxis, SecondsAxis
from workbench.render.number_format import LossUnit, unit_label

XScale: TypeAlias = Literal["linear", "log", "seconds", "epochs"]
YScale: TypeAlias = Literal["nats", "log", "bits", "perplexity"]
Part: TypeAlias = Literal["changing", "recent", "all"]
X_SCALES: tuple[XScale, ...] = ("linear", "log", "seconds", "epochs")
Y_SCALES: tuple[YScale, ...] = ("nats", "log", "bits", "perplexity")

ZOOM = 2.0
_MIN_SHARE = 1 / 512
_MIN_STEPS = 8


class LossViewModel(Struct, frozen=True):
    """Choices of the user; every key of the Loss pane returns another one.

    Attributes:
        x: Scale of the x axis: steps (linear or log), seconds inside steps, or epochs.
        y: Unit of the y axis; ``log`` is nats on a log scale.
        cursor: Step of the readout; None for the latest.
        window: Zoomed part of the x axis, in the unit of the axis; None without a zoom.
        part: Visible part without a zoom: what is still changing, the recent half, or all steps.
    """

    x: XScale = "linear"
    y: YScale = "nats"
    cursor: int | None = None
    window: tuple[float, float] | None = None
    part: Part = "changing"

    @property
    def unit(self) -> LossUnit:
        """Unit of the displayed losses."""
        return "nats" if self.y == "log" else self.y


def axes_title(view: LossViewModel, width: int) -> str:
    """Return the unit and the axes in the longest form that fits."""
    part = (
        ", zoomed"
        if view.window
        else {"changing": "", "recent": ", recent", "all": ", all"}[view.part]
    )
    y = "log" if view.y == "log" else "linear"
    texts = [
        f"{unit_label(view.unit)} · x {view.x}{part} · y {y}",
        f"{view.unit} · x {view.x}{part}",
        view.unit,
    ]
    return next((text for text in texts if len(text) <= width), "")


def next_x(view: LossViewModel, by: int = 1) -> LossViewModel:
    """Return the view with the next x axis, without a zoom; the cursor keeps its step."""
    at = X_SCALES.index(view.x) + by
    return replace(view, x=X_SCALES[at % len(X_SCALES)], window=None)


def next_y(view: LossViewModel, by: int = 1) -> LossViewModel:
    """Return the view with the next y axis."""
    at = Y_SCALES.index(view.y) + by
    return replace(view, y=Y_SCALES[at % len(Y_SCALES)])


def move_cursor(view: LossViewModel, stops: Sequence[int], by: int) -> LossViewModel:
    """Return the view with the cursor on another column; the first key selects the last column.

    Args:
        view: Current view.
        stops: Last step of each drawn column, in ascending order.
        by: Number of columns to the right.
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
    """Return the index of the column of the cursor; the nearest one if it is in none."""
    if view.cursor is None or not stops:
        return None
    return min(bisect_left(stops, view.cursor), len(stops) - 1)


def without_cursor(view: LossViewModel) -> LossViewModel:
    """Return the view without a cursor."""
    return replace(view, cursor=None)


def axis_part(whole: Axis, window: tuple[float, float]) -> Axis:
    """Return an axis like the whole one from one value to another."""
    if isinstance(whole, LogAxis):
        return LogAxis(*window)
    return (SecondsAxis if isinstance(whole, SecondsAxis) else LinearAxis)(*window)


def zoom(
    view: LossViewModel, whole: Axis, shown: Axis, center: float, factor: float = ZOOM
) -> LossViewModel:
    """Return the view with a window ``factor`` times smaller; the center keeps its place on screen.

    A factor below 1 zooms out, at last to all steps. At the ends of the axis the window is moved
    inwards.

    Args:
        view: Current view.
        whole: Whole x axis.
        shown: Visible x axis.
        center: Value on the x axis.
        factor: Magnification.
    """
    first, last = whole.fraction(shown.value(0)), whole.fraction(shown.value(1))
    share = (last - first) / factor
    if share >= 1 - 1e-9:
        return show_part(view, "all")
    at = min(max(0.0, shown.fraction(center)), 1.0)
    begin = first + at * (last - first - share)
    begin = min(max(0.0, begin), 1 - share)
    window = whole.value(begin), whole.value(begin + share)
    counts_steps = view.x in ("log", "linear")
    is_tiny = share < _MIN_SHARE or (counts_steps and window[1] - window[0] < _MIN_STEPS)
    return view if factor > 1 and is_tiny else replace(view, window=window)


def show_part(view: LossViewModel, part: Part) -> LossViewModel:
    """Return the view with this part of the x axis, without a zoom."""
    return replace(view, window=None, part=part)


def toggle_part(view: LossViewModel, part: Part) -> LossViewModel:
    """Return the view with this part of the x axis; if it is shown, with what is still changing."""
    is_shown = view.part == part and view.window is None
    return show_part(view, "changing" if is_shown else part)

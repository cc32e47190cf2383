"""Range of the loss axis, and the losses of its rows."""

import math
from collections.abc import Mapping, Sequence

from workbench.render.axis import Axis, LinearAxis, LogAxis, decimals_for
from workbench.render.chart.spec import ChartSpec, ReferenceLine
from workbench.render.number_format import format_compact

LARGEST_DRAWN = 1e12
HEADROOM, LOG_HEADROOM = 1.15, 100
EXPLODES = 10
"""Factor above the highest guide from which a loss is exploding."""
_MOST_RATIO = 1e6
_MOST_ABOVE = 0.1
_LOG_GRID = 50  # ends of a logarithmic axis stand on a grid this fine for a factor of ten


def is_drawable(value: float) -> bool:
    """Return whether a loss can be drawn: neither NaN, infinite nor extremely large."""
    return abs(value) <= LARGEST_DRAWN


def visible_references(spec: ChartSpec) -> list[ReferenceLine]:
    """Return the references that can be drawn on the axis."""
    lowest = _lowest_drawn(spec)
    return [ref for ref in spec.references if lowest <= ref.value <= LARGEST_DRAWN]


def _lowest_drawn(spec: ChartSpec) -> float:
    """Return the lowest value that can be drawn; 0 has no logarithm."""
    return 1 / LARGEST_DRAWN if spec.y_log else -LARGEST_DRAWN


def find_loss_range(spec: ChartSpec) -> tuple[float, float] | None:
    """Return the range of data and references, without outliers at the top.

    Return None where there is nothing to draw.

    The highest guide is the loss of an untrained model, so a few losses far above it only show that
    something is wrong: once the loss has come down, the range ends at 1.15 times that guide. It ends
    higher if more than a tenth of the losses would be above it, unless the loss explodes. A
    reference that is not a guide, such as the best loss, moves and does not extend the range. A
    logarithmic axis has room for a hundred times the highest guide.
    """
    data, references = _data(spec), visible_references(spec)
    covered = [*data[:1], *(ref.value for ref in references)]
    if not covered:
        return None
    guides = [ref.value for ref in references if ref.role == "guide"]
    low, high = min(covered), max(covered)
    if data:
        headroom = LOG_HEADROOM if spec.y_log else HEADROOM
        high = max([*guides, cap_range(data, guides, headroom), _typical_loss(spec, data, guides)])
    if high - low > 1e-6 * max(0.01, abs(high), abs(low)):
        return low, high
    pad = max(0.05, abs(high) * 0.05)
    return low - pad, high + pad


def _data(spec: ChartSpec) -> list[float]:
    """Return the losses that can be drawn, the lowest first."""
    lowest = _lowest_drawn(spec)
    losses = [row[1] for series in (spec.train, spec.val) for row in series]
    return sorted([value for value in losses if lowest <= value <= LARGEST_DRAWN])


def cap_range(data: Sequence[float], guides: Sequence[float], headroom: float) -> float:
    """Return the highest loss that the axis should reach; `data` is sorted."""
    if guides:
        cap = max(guides) + (headroom - 1) * abs(max(guides))
        if data[0] <= cap:
            return min(data[-1], cap)
    third_quarter = data[len(data) * 3 // 4]
    cap = data[0] + 3 * (third_quarter - data[0])
    return min(data[-1], cap) if cap > data[0] else data[-1]


def _typical_loss(spec: ChartSpec, data: Sequence[float], guides: Sequence[float]) -> float:
    """Return the loss that at most a tenth of the losses exceed; -inf if that one explodes.

    Where the axis reaches all losses, return the highest one that does not explode.

    Args:
        spec: Content of the chart.
        data: Losses, sorted.
        guides: Losses of the guides.
    """
    most = spec.y_explodes if spec.y_explodes is not None else EXPLODES * max(guides, default=0)
    if spec.y_all:
        return max((loss for loss in data if loss <= most), default=-math.inf)
    loss = data[int((len(data) - 1) * (1 - _MOST_ABOVE))]
    return loss if loss <= most else -math.inf


def make_y_axis(spec: ChartSpec, n_rows: int, dots_down: int) -> tuple[Axis, dict[int, str]]:
    """Return the loss axis and the label of each labeled row.

    Without data and references there are no labels.
    """
    ends = find_loss_range(spec)
    if ends is None:
        return LinearAxis(0.0, 1.0), {}
    low, high = ends
    if spec.y_log:
        return make_log_rows(low, high, n_rows)
    axis, tick_step = make_even_rows(low, high, n_rows, dots_down)
    texts = format_row_texts(axis, tick_step, n_rows)
    if low >= 0:  # below 0 nothing is ever drawn
        texts = {row: text for row, text in texts.items() if not text.startswith("-")}
    return axis, texts


def make_log_rows(low: float, high: float, n_rows: int) -> tuple[LogAxis, dict[int, str]]:
    """Return a logarithmic axis with a round number on every few rows.

    The ends lie on a grid, so that the axis does not move while the losses fall a little.
    """
    low = max(low, high / _MOST_RATIO) if high > 0 else 1.0
    bottom = math.floor(math.log10(low) * _LOG_GRID) / _LOG_GRID
    top = max(math.ceil(math.log10(max(low, high)) * _LOG_GRID), bottom * _LOG_GRID + 1) / _LOG_GRID
    per_row = (top - bottom) / max(1, n_rows - 1)
    axis = LogAxis(10.0 ** (bottom - per_row / 2), 10.0 ** (top + per_row / 2))
    every = 2 if n_rows < 10 else 3
    rows = {}
    for row in range(every // 2, n_rows, every):
        middle = top - row * per_row
        rows[row] = roundest_between(10 ** (middle - per_row / 4), 10 ** (middle + per_row / 4))
    if top - bottom < 1:
        return axis, _written(rows)
    return axis, {row: format_compact(tick) for row, tick in rows.items()}


def roundest_between(low: float, high: float) -> float:
    """Return the number between 0 < low < high with the shortest decimal form."""
    step = 10.0 ** math.floor(math.log10(high))
    while True:
        for factor in (5, 2, 1):
            multiple = math.floor(high / (factor * step) + 1e-9) * factor * step
            if multiple >= low * (1 - 1e-9):
                return float(f"{multiple:.9g}")
        step /= 10


def make_even_rows(
    low: float, high: float, n_rows: int, dots_down: int
) -> tuple[LinearAxis, float]:
    """Return a linear axis on which round losses fall on the middle of rows.

    One row is a half to a fifth of a 1-2-5 step: the finest such row for which the range fits. The
    rest stays free at the bottom, where the loss is going.

    Args:
        low: The lowest loss to cover.
        high: The highest loss to cover; above `low`.
        n_rows: Rows of the plot.
        dots_down: Dots down one row.

    Returns:
        The axis from the lowest dot to the highest, and the step between written losses.
    """
    # From the middle of a row its outermost dots are this far away, in rows.
    reach = (dots_down - 1) / dots_down / 2
    for row_size in _row_sizes((high - low) / n_rows, n_rows):
        per_row, tick_step = row_size
        top = math.ceil((high / per_row) - reach - 1e-9) * per_row
        bottom = top - (n_rows - 1) * per_row
        if low >= bottom - reach * per_row - 1e-9 * per_row:
            break
    return LinearAxis(bottom - reach * per_row, top + reach * per_row), tick_step


def _row_sizes(at_least: float, n_rows: int) -> list[tuple[float, float]]:
    """Return (loss per row, loss between ticks) to try, the finest first."""
    power = 10.0 ** (math.floor(math.log10(at_least)) - 1)
    # Of equal sizes the first one is used; a high plot needs no number on every second row.
    rows_per_tick = (2, 3, 4) if n_rows < 10 else (3, 2, 4, 5) if n_rows < 16 else (4, 5, 3)
    sizes = [
        (factor * power * scale / rows, factor * power * scale)
        for scale in (1, 10, 100, 1000)
        for factor in (1, 2, 5)
        for rows in rows_per_tick
    ]
    return sorted(
        (size for size in sizes if size[0] >= at_least * 0.99),
        key=lambda size: float(f"{size[0]:.9g}"),
    )


def format_row_texts(y: LinearAxis, tick_step: float, n_rows: int) -> dict[int, str]:
    """Return the loss to write on each row that has a round one."""
    first = math.ceil(y.low / tick_step - 1e-9)
    last = math.floor(y.high / tick_step + 1e-9)
    ticks = [i * tick_step for i in range(first, last + 1)]
    rows = {int((1 - y.fraction(tick)) * n_rows): tick for tick in ticks}
    return _written({row: tick for row, tick in rows.items() if 0 <= row < n_rows})


def _written(rows: Mapping[int, float]) -> dict[int, str]:
    """Write the number of each row with as many decimals as tell them apart."""
    decimals = decimals_for([*rows.values()])
    return {
        row: format_compact(tick) if abs(tick) >= 10_000 else f"{tick:.{decimals}f}"
        for row, tick in rows.items()
    }

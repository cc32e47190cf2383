"""Bars and sparklines made of block characters."""

import math
from collections.abc import Sequence
from itertools import pairwise

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
ASCII_LEVELS = "_.-=^"


def draw_bar(fraction: float, width: int, ascii_only: bool = False) -> str:
    """Return a horizontal bar, padded with spaces to exactly `width` cells.

    Args:
        fraction: Filled fraction, 0 to 1; above 1 gives a full bar, NaN an empty one.
        width: Width in cells.
        ascii_only: Use whole cells of ``#`` instead of eighths of a block.
    """
    width = max(0, width)
    share = 0.0 if math.isnan(fraction) else min(1.0, max(0.0, fraction))
    if ascii_only:
        return ("#" * int(share * width + 0.5)).ljust(width)
    full, eighths = divmod(int(share * width * 8 + 0.5), 8)
    return ("█" * full + EIGHTHS[eighths]).ljust(width)[:width]


def draw_sparkline(values: Sequence[float | None], width: int, ascii_only: bool = False) -> str:
    """Return values as one row of block characters, exactly `width` cells.

    More values than cells are averaged in buckets. A missing value is a space; a bucket with NaN or
    infinity is a ``×`` (``x`` in ASCII), so that it is visible.
    """
    width = max(0, width)
    means = _bucket_means(values, width)
    finite = [mean for mean in means if mean is not None and math.isfinite(mean)]
    levels = ASCII_LEVELS if ascii_only else LEVELS
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    signs = (_level(mean, low, high, levels, "x" if ascii_only else "×") for mean in means)
    return "".join(signs).ljust(width)


def _bucket_means(values: Sequence[float | None], width: int) -> list[float | None]:
    """Average neighbors until at most `width` values are left."""
    n_values = len(values)
    if n_values <= width:
        return list(values)
    edges = [n_values * column // max(1, width) for column in range(width + 1)]
    return [_mean(values[a:b]) for a, b in pairwise(edges)]


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the present values; NaN if one is not finite, None if there are none."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    if not all(map(math.isfinite, present)):
        return math.nan
    # Dividing first keeps the sum of very large values finite.
    return sum(value / len(present) for value in present)


def _level(value: float | None, low: float, high: float, levels: str, broken: str) -> str:
    """Return the block for one value; equal values get the middle block."""
    if value is None:
        return " "
    if not math.isfinite(value):
        return broken
    half_span = high / 2 - low / 2
    share = (value / 2 - low / 2) / half_span if half_span > 0 else 0.5
    return levels[min(len(levels) - 1, int(share * len(levels)))]

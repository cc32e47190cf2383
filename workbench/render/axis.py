"""Axes of charts: positions of values, ticks, and placement of labels."""

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct


class Axis(Protocol):
    """One axis of a chart."""

    def fraction(self, value: float) -> float:
        """Return the position of a value: 0 at the low end, 1 at the high end."""
        ...

    def value(self, fraction: float) -> float:
        """Return the value at a position."""
        ...

    def ticks(self, max_count: int) -> list[float]:
        """Return at most `max_count` round values, ends included."""
        ...


_FAR_LEFT = -1e6
_LEAST_RATIO = 8.0
_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


class LinearAxis(Struct, frozen=True):
    """Linear axis; its ticks are multiples of 1, 2 or 5 times a power of ten."""

    low: float
    high: float

    def fraction(self, value: float) -> float:
        """Return the position of a value; outside the ends it is below 0 or above 1."""
        span = self.high - self.low
        return (value - self.low) / span if span > 0 else 0.0

    def value(self, fraction: float) -> float:
        """Return the value at a position."""
        return self.low + (self.high - self.low) * fraction

    def ticks(self, max_count: int) -> list[float]:
        """Return at most `max_count` multiples of a round step, the finest that fits."""
        span = self.high - self.low
        if max_count < 1 or span <= 0:
            return []
        step = self.tick_step(span / max_count)
        while True:
            # A small tolerance, because 2.1 / 0.1 is just above 21.
            first = math.ceil(self.low / step - 1e-9)
            last = math.floor(self.high / step + 1e-9)
            if last - first < max_count:
                return [float(f"{i * step:.12g}") for i in range(first, last + 1)]
            step = self.tick_step(step * 1.01)

    def tick_step(self, at_least: float) -> float:
        """Return the next round step between ticks."""
        return round_up_step(at_least)


class SecondsAxis(LinearAxis, frozen=True):
    """Linear axis of seconds; its ticks are round times such as 15 seconds or 5 minutes."""

    def tick_step(self, at_least: float) -> float:
        """Return the next round time between ticks."""
        for step_s in _TIME_STEPS_S:
            if 1 < at_least * (1 - 1e-9) <= step_s:
                return step_s
        hours = at_least / 3600
        return 3600 * round_up_step(hours) if hours > 1 else round_up_step(at_least)


class LogAxis(Struct, frozen=True):
    """Logarithmic axis; `low` is above 0, and values of 0 or less lie far outside on the left."""

    low: float
    high: float

    def fraction(self, value: float) -> float:
        """Return the position of a value; outside the ends it is below 0 or above 1."""
        if self.high <= self.low:
            return 0.0
        if value <= 0:
            return _FAR_LEFT
        low = math.log(self.low)
        return (math.log(value) - low) / (math.log(self.high) - low)

    def value(self, fraction: float) -> float:
        """Return the value at a position."""
        return float(self.low * (self.high / self.low) ** fraction)

    def ticks(self, max_count: int) -> list[float]:
        """Return powers of ten; 2 and 5 times them if they fit, fewer if they do not.

        Where the ends are too close for that, return the ticks of a linear axis.
        """
        if max_count < 1:
            return []
        is_short = 1 < self.high / self.low < _LEAST_RATIO
        if is_short and (ticks := LinearAxis(self.low, self.high).ticks(max_count)):
            return ticks
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        fine = [
            factor * 10.0**power
            for power in range(first - 1, last + 1)
            for factor in (1, 2, 5)
            if self.low <= factor * 10.0**power <= self.high
        ]
        if len(fine) <= max_count:
            return fine
        stride = max(1, math.ceil((last - first + 1) / max_count))
        powers = [10.0**power for power in range(first, last + 1, stride)]
        return [tick for tick in powers if self.low <= tick <= self.high]


def round_up_step(at_least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `at_least`."""
    power = float(10.0 ** math.floor(math.log10(at_least)))
    for factor in (1, 2, 5):
        if factor * power >= at_least * (1 - 1e-9):
            return factor * power
    return 10 * power


def decimals_for(ticks: Sequence[float], most: int = 6) -> int:
    """Return the number of decimals that distinguish neighboring ticks."""
    for decimals in range(most):
        if all(abs(tick - round(tick, decimals)) < 1e-9 * max(1, abs(tick)) for tick in ticks):
            return decimals
    return most


def place_labels(
    wanted: Iterable[tuple[int, str]], width: int, occupied: Iterable[tuple[int, int]] = ()
) -> list[tuple[int, str]]:
    """Place labels in one row so that none overlaps another.

    A label starts at its column, is centered on it, or ends there, whichever fits first; otherwise
    it is left out. Labels have a space between them.

    Args:
        wanted: (column, text), the most important first.
        width: Width of the row in cells.
        occupied: Occupied spans (first, end).

    Returns:
        (first column, text) of each placed label, from left to right.
    """
    spans = list(occupied)
    placed: list[tuple[int, str]] = []
    for column, text in wanted:
        size = len(text)
        for first in (column, column - size // 2, column - size + 1):
            end = first + size
            if first < 0 or end > width or any(first < e and s < end for s, e in spans):
                continue
            spans.append((first - 1, end + 1))
            placed.append((first, text))
            break
    return sorted(placed)


def assign_label_rows(wanted: Sequence[int], height: int) -> list[int]:
    """Return a row for each label: the row of its line, or the nearest row without a line.

    Args:
        wanted: Rows of the lines, the most important label first; it keeps a shared row.
        height: Number of rows, at least the number of labels.

    Returns:
        Distinct rows, one for each label.
    """
    rows: list[int] = []
    for line in wanted:
        free = (row for row in range(height) if row not in rows)
        rows.append(min(free, key=lambda row: (row != line, row in wanted, abs(row - line))))
    return rows

"""Series of losses, seconds, tokens and learning rates by step, in bounded memory.

Losses are kept in two sets of bins, one for each spacing of the step axis: bins that grow by two
percent, and bins of equal width that doubles when there are too many. Which bin a step falls into
depends on the step alone, so it does not matter in which pieces the losses arrived.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, attrgetter
from typing import NamedTuple

from msgspec import Struct

GROWTH = 1.02
MAX_EQUAL_BINS = 512
_last_step = attrgetter("step")


class LossBucket(NamedTuple):
    """Losses of consecutive steps that a chart draws as one point.

    Attributes:
        begin: The first step that belongs here.
        end: The last step that belongs here.
        step: The last step so far.
        n: How many losses so far.
        total: Their sum; not finite where one of them is not.
        low: The lowest finite loss.
        high: The highest finite loss.
        first: The first loss.
        last: The last loss.
    """

    begin: int
    end: int
    step: int
    n: int
    total: float
    low: float
    high: float
    first: float
    last: float

    @property
    def mean(self) -> float:
        """The mean loss; NaN or infinite where one of the losses is."""
        return self.total / self.n


class LossSeries(Struct, frozen=True):
    """One series of losses by step, in bins for a logarithmic and for a linear axis.

    Attributes:
        growing: Bins whose width is about two percent of the step.
        equal: At most ``MAX_EQUAL_BINS`` bins of ``width`` steps each.
        width: Steps in one of the equal bins, a power of two.
    """

    growing: tuple[LossBucket, ...] = ()
    equal: tuple[LossBucket, ...] = ()
    width: int = 1

    def __bool__(self) -> bool:
        return bool(self.growing)

    def extended(self, first_step: int, losses: Sequence[float]) -> "LossSeries":
        """Return the series with the losses of consecutive steps added, ``first_step`` first."""
        if not losses:
            return self
        growing = list(self.growing)
        _pour(growing, first_step, losses, _growing_bounds)
        equal, width = list(self.equal), self.width
        while losses:
            n_fitting = max(0, MAX_EQUAL_BINS * width - first_step + 1)
            _pour(equal, first_step, losses[:n_fitting], _equal_bounds(width))
            first_step, losses = first_step + n_fitting, losses[n_fitting:]
            if losses:
                equal, width = _coarser(equal, width), width * 2
        return LossSeries(tuple(growing), tuple(equal), width)

    def between(self, first: float, last: float, is_log: bool) -> tuple[LossBucket, ...]:
        """Return the bins from one step to another, and one more on each side to draw the line from.

        Args:
            first: The first step of the axis on which they are drawn.
            last: Its last step.
            is_log: Whether the axis is logarithmic. Of the two kinds of bins the one is taken
                that is narrower where this axis has the most room for a step.
        """
        roomiest = first if is_log else last
        bins = self.equal if self.width <= (GROWTH - 1) * roomiest else self.growing
        begin = bisect_left(bins, first, key=_last_step)
        end = bisect_right(bins, last, key=_last_step)
        return bins[max(0, begin - 1) : end + 1]

    def before(self, step: int) -> LossBucket | None:
        """Return the last bin of either set that ends at this step or before it."""
        ends = [
            bins[at - 1]
            for bins in (self.growing, self.equal)
            if (at := bisect_right(bins, step, key=_last_step))
        ]
        return max(ends, key=_last_step, default=None)


Bounds = Callable[[int, int], tuple[int, int]]


def _pour(bins: list[LossBucket], first_step: int, losses: Sequence[float], bounds: Bounds) -> None:
    """Add losses to the last bin while they fit, then to new ones."""
    at = 0
    while at < len(losses):
        step = first_step + at
        if not bins or bins[-1].end < step:
            begin, end = bounds(bins[-1].end if bins else 0, step)
            bins.append(LossBucket(begin, end, 0, 0, 0.0, math.inf, -math.inf, math.nan, math.nan))
        part = losses[at : at + bins[-1].end - step + 1]
        bins[-1] = _with(bins[-1], step, part)
        at += len(part)


def _with(found: LossBucket, step: int, losses: Sequence[float]) -> LossBucket:
    """Add losses one by one, so that rounding does not depend on the pieces they arrived in."""
    total = reduce(add, losses, found.total)
    finite = losses if math.isfinite(total) else [x for x in losses if math.isfinite(x)]
    return found._replace(
        step=step + len(losses) - 1,
        n=found.n + len(losses),
        total=total,
        low=min(found.low, *finite) if finite else found.low,
        high=max(found.high, *finite) if finite else found.high,
        first=found.first if found.n else losses[0],
        last=losses[-1],
    )


def _growing_bounds(previous_end: int, step: int) -> tuple[int, int]:
    begin = previous_end + 1
    while (end := max(begin, int(begin * GROWTH))) < step:
        begin = end + 1
    return begin, end


def _equal_bounds(width: int) -> Bounds:
    def bounds(_: int, step: int) -> tuple[int, int]:
        begin = (step - 1) // width * width + 1
        return begin, begin + width - 1

    return bounds


def _coarser(bins: Sequence[LossBucket], width: int) -> list[LossBucket]:
    """Join the bins into bins of twice the width."""
    wider: list[LossBucket] = []
    for found in bins:
        begin, end = _equal_bounds(width * 2)(0, found.begin)
        if wider and wider[-1].begin == begin:
            wider[-1] = _joined(wider[-1], found)
        else:
            wider.append(found._replace(begin=begin, end=end))
    return wider


def _joined(a: LossBucket, b: LossBucket) -> LossBucket:
    return a._replace(
        step=b.step,
        n=a.n + b.n,
        total=a.total + b.total,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        last=b.last,
    )


_PROGRESS_GROWTH = 1.01


class ProgressSeries(Struct, frozen=True):
    """Seconds, tokens and learning rate at steps about one percent apart, interpolated between them.

    The last step is always kept.

    Attributes:
        steps: Steps, in rising order.
        seconds: Time inside steps up to there.
        tokens: Targets seen up to there.
        rates: The learning rate of that step.
    """

    steps: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()

    def extended(self, step: int, train_s: float, n_tokens: int, rate: float) -> "ProgressSeries":
        """Return the series with one more step; seconds and tokens never decrease."""
        n_kept = len(self.steps)
        if n_kept and step <= self.steps[-1]:
            return self
        seconds = max(self.seconds[-1] if n_kept else 0.0, train_s if math.isfinite(train_s) else 0)
        tokens = max(self.tokens[-1] if n_kept else 0, n_tokens)
        if n_kept > 1 and self.steps[-1] < self.steps[-2] * _PROGRESS_GROWTH:
            n_kept -= 1
        return ProgressSeries(
            (*self.steps[:n_kept], step),
            (*self.seconds[:n_kept], seconds),
            (*self.tokens[:n_kept], tokens),
            (*self.rates[:n_kept], rate),
        )

    def seconds_at(self, step: float) -> float:
        """Return the seconds spent inside steps when this step was done."""
        return between(self.steps, self.seconds, step)

    def tokens_at(self, step: float) -> float:
        """Return the targets trained on when this step was done."""
        return between(self.steps, self.tokens, step)


def between(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Return the value at ``x`` on the line from (0, 0) through all points, constant after the last.

    Args:
        xs: Positions of the points, in rising order.
        ys: Their values.
        x: The position.
    """
    i = bisect_left(xs, x)
    if i == len(xs):
        return ys[-1] if ys else 0.0
    x0, y0 = (xs[i - 1], ys[i - 1]) if i else (0, 0)
    if xs[i] <= x0:
        return ys[i]
    # The share first, so that no product is too large; and no rounding leads above the point.
    return min(ys[i], y0 + (ys[i] - y0) * ((x - x0) / (xs[i] - x0)))

"""The losses of a run in bounded memory: however many steps, never more than a few thousand numbers.

Two ways of putting neighbouring steps together are kept side by side, one for each spacing of the
step axis: bins that grow by two percent, and bins of equal width that doubles when they get too
many. Which bin a step falls into depends on the step alone, so it does not matter in which pieces
the losses arrived.
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
    """Consecutive steps drawn as one.

    Attributes:
        begin: The first step that belongs here.
        end: The last step that belongs here.
        step: The last step that has come.
        n: How many losses have come.
        total: Their sum; not finite where one of them is not.
        low: The lowest finite loss.
        high: The highest finite loss.
        first: The loss that came first.
        last: The loss that came last.
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
        """The curve with the losses of consecutive steps, ``first_step`` first, added at its end."""
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
        """The bins from one step to another and one more on each side, where the line comes from.

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
        """The last bin that ends at this step or before it, of either kind."""
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
    """Add in the order of steps, one by one: so rounding does not depend on the pieces."""
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
    """Put bins together, two and two, as they stand in bins of twice the width."""
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

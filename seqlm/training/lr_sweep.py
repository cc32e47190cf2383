"""The losses of a learning rate sweep, and which rate they suggest. Plain Python."""

import math
from itertools import pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

_BETA = 0.9  # what is kept of the mean at each step: it looks back about ten steps
_BLOWN_UP = 4.0  # times the best smoothed loss
_BY_CHANCE = 4.0  # standard errors: what the largest of many falls by chance hardly reaches
_MEDIAN_OF_NORMAL = 0.6745  # the median distance from the mean, in standard deviations


class LrSweep(Struct, frozen=True):
    """Trial steps, each with a learning rate larger than the one before by the same factor.

    Attributes:
        losses: The loss of each step's batch before its update, nats per token.
        first_rate: The learning rate of the first step.
        last_rate: That of the last one.
        n_steps: How many steps there are to be.
    """

    losses: tuple[float, ...] = ()
    first_rate: float = 1e-5
    last_rate: float = 10.0
    n_steps: int = 100

    def rate_of(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        share = step / max(1, self.n_steps - 1)
        return self.first_rate * math.pow(self.last_rate / self.first_rate, share)

    def with_loss(self, loss: float) -> "LrSweep":
        """One step more."""
        return replace(self, losses=(*self.losses, loss))

    @property
    def learning_rates(self) -> list[float]:
        """The rate of each step done."""
        return [self.rate_of(step) for step in range(len(self.losses))]

    @property
    def smoothed(self) -> list[float]:
        """The mean of the losses up to each step, in which those long ago count less and less.

        It is divided by what its weights add up to, so that it does not begin near 0.
        """
        found, mean = [], 0.0
        for n, loss in enumerate(self.losses, 1):
            mean = _BETA * mean + (1 - _BETA) * loss
            found.append(mean / (1 - _BETA**n))
        return found

    @property
    def blown_up_at(self) -> float | None:
        """The rate at which the smoothed loss passed four times its best, or was no number."""
        smoothed = self.smoothed
        if not smoothed or smoothed[-1] <= _BLOWN_UP * min(smoothed):
            return None
        return self.rate_of(len(smoothed) - 1)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to learn from a further step."""
        return len(self.losses) >= self.n_steps or self.blown_up_at is not None

    @property
    def suggestion(self) -> float | None:
        """The rate of :attr:`suggested_step` in two digits, if there is one."""
        step = self.suggested_step
        return None if step is None else float(f"{self.rate_of(step):.2g}")

    @property
    def suggested_step(self) -> int | None:
        """The step around which the smoothed loss falls most over a decade of rates.

        None where it does not fall by more than batches differ, or where too few steps are done.
        """
        smoothed = [loss for loss in self.smoothed if math.isfinite(loss)]
        side, scatter = self._half_a_decade, self._scatter
        falls = [
            (fall, step)
            for step in range(side, len(smoothed) - side)
            if (fall := smoothed[step + side] - smoothed[step - side])
            < -_BY_CHANCE * scatter * _error_of_difference(step - side + 1, step + side + 1)
        ]
        return min(falls)[1] if falls else None

    @property
    def _half_a_decade(self) -> int:
        """In so many steps the rate grows by the square root of ten."""
        n_decades = math.log10(self.last_rate / self.first_rate)
        return max(1, round((self.n_steps - 1) / n_decades / 2))

    @property
    def _scatter(self) -> float:
        """By how much batches differ: the standard deviation of a loss around its trend.

        It is taken from neighbouring steps, between which the trend is small, and from the median of
        their differences, so that losses that blow up at the end do not count.
        """
        steps = [abs(b - a) for a, b in pairwise(self.losses) if math.isfinite(b - a)]
        return median(steps or [0.0]) / (_MEDIAN_OF_NORMAL * math.sqrt(2))

    @property
    def reason(self) -> str:
        """Why this rate is suggested, or none is, in words."""
        up = "" if self.blown_up_at is None else f"; it blows up at {self.blown_up_at:.2g}"
        step = self.suggested_step
        if step is None:
            return f"nowhere does the smoothed loss fall by more than batches differ{up}"
        begin, end = step - self._half_a_decade, step + self._half_a_decade
        smoothed = self.smoothed
        return (
            f"steepest fall of the smoothed loss, {smoothed[begin]:.2f} to {smoothed[end]:.2f}"
            f" from rate {self.rate_of(begin):.2g} to {self.rate_of(end):.2g}{up}"
        )


def _error_of_difference(n: int, m: int) -> float:
    """The standard deviation of smoothed loss ``m`` less smoothed loss ``n < m``, counted from 1.

    That of one loss is 1. The later mean holds the earlier one, faded by the steps between them.
    """
    variances = [(1 - _BETA ** (2 * k)) / (1 - _BETA**2) for k in (n, m)]
    weights = [(1 - _BETA**k) / (1 - _BETA) for k in (n, m)]
    shared = _BETA ** (m - n) * variances[0] / (weights[0] * weights[1])
    parts = (v / w**2 for v, w in zip(variances, weights, strict=True))
    return math.sqrt(sum(parts) - 2 * shared)

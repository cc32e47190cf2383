"""Losses of a learning rate sweep and the rate they suggest. The module does not import torch."""

import math
from itertools import pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.errors import RequestError

_BETA = 0.9  # decay of the moving average: it covers about ten steps
_DIVERGED = 4.0  # times the best smoothed loss
_MIN_STANDARD_ERRORS = (
    4.0  # standard errors: rarely reached by chance, even by the largest of many decreases
)
_MEDIAN_OF_NORMAL = (
    0.6745  # median distance from the mean of a normal distribution, in standard deviations
)


class LrSweep(Struct, frozen=True):
    """Result of a sweep: trial steps whose learning rate grows by a constant factor.

    Attributes:
        losses: Loss of each step's batch before its update, nats per token.
        first_rate: Learning rate of the first step.
        last_rate: Learning rate of the last step.
        n_steps: Planned number of steps.
    """

    losses: tuple[float, ...] = ()
    first_rate: float = 1e-5
    last_rate: float = 10.0
    n_steps: int = 100

    def rate_of(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        fraction = step / max(1, self.n_steps - 1)
        return self.first_rate * math.pow(self.last_rate / self.first_rate, fraction)

    def with_loss(self, loss: float) -> "LrSweep":
        """Return the sweep with the loss of one more step."""
        return replace(self, losses=(*self.losses, loss))

    @property
    def learning_rates(self) -> list[float]:
        """Learning rate of each step done."""
        return [self.rate_of(step) for step in range(len(self.losses))]

    @property
    def smoothed(self) -> list[float]:
        """Exponential moving average of the losses at each step, with bias correction.

        The average is divided by the sum of its weights, so that it does not start near 0.
        """
        smoothed, mean = [], 0.0
        for n, loss in enumerate(self.losses, 1):
            mean = _BETA * mean + (1 - _BETA) * loss
            smoothed.append(mean / (1 - _BETA**n))
        return smoothed

    @property
    def diverged_at(self) -> float | None:
        """Learning rate at which the smoothed loss exceeded four times its minimum or became NaN."""
        smoothed = self.smoothed
        if not smoothed or smoothed[-1] <= _DIVERGED * min(smoothed):
            return None
        return self.rate_of(len(smoothed) - 1)

    @property
    def is_over(self) -> bool:
        """True once all steps are done or the loss has diverged."""
        return len(self.losses) >= self.n_steps or self.diverged_at is not None

    @property
    def suggestion(self) -> float | None:
        """Learning rate of :attr:`suggested_step` with two digits, or None."""
        step = self.suggested_step
        return None if step is None else float(f"{self.rate_of(step):.2g}")

    @property
    def suggested_step(self) -> int | None:
        """Step around which the smoothed loss decreases most over a decade of learning rates.

        None if no decrease exceeds the noise between batches, or if too few steps are done.
        """
        smoothed = [loss for loss in self.smoothed if math.isfinite(loss)]
        side, noise = self._half_decade, self._noise
        decreases = [
            (change, step)
            for step in range(side, len(smoothed) - side)
            if (change := smoothed[step + side] - smoothed[step - side])
            < -_MIN_STANDARD_ERRORS * noise * _error_of_difference(step - side + 1, step + side + 1)
        ]
        return min(decreases)[1] if decreases else None

    @property
    def _half_decade(self) -> int:
        """Number of steps in which the learning rate grows by the square root of ten."""
        n_decades = math.log10(self.last_rate / self.first_rate)
        return max(1, round((self.n_steps - 1) / n_decades / 2))

    @property
    def _noise(self) -> float:
        """Standard deviation of a loss around its trend, which is how much batches differ.

        The estimate uses differences of neighboring steps, where the trend is small, and their median,
        so that diverging losses at the end do not count.
        """
        steps = [abs(b - a) for a, b in pairwise(self.losses) if math.isfinite(b - a)]
        return median(steps or [0.0]) / (_MEDIAN_OF_NORMAL * math.sqrt(2))

    @property
    def reason(self) -> str:
        """Reason for the suggestion, or for its absence, as text."""
        diverged = "" if self.diverged_at is None else f"; diverges at {self.diverged_at:.2g}"
        step = self.suggested_step
        if step is None:
            return f"the smoothed loss never decreases by more than the noise between batches{diverged}"
        start, stop = step - self._half_decade, step + self._half_decade
        smoothed = self.smoothed
        return (
            f"steepest decrease of the smoothed loss, {smoothed[start]:.2f} to {smoothed[stop]:.2f}"
            f" from rate {self.rate_of(start):.2g} to {self.rate_of(stop):.2g}{diverged}"
        )


def _error_of_difference(n: int, m: int) -> float:
    """Return the standard deviation of smoothed loss ``m`` minus smoothed loss ``n < m``.

    Steps are counted from 1, and the standard deviation of a single loss is 1. The later average
    contains the earlier one, which has decayed in the steps between them.
    """
    variances = [(1 - _BETA ** (2 * k)) / (1 - _BETA**2) for k in (n, m)]
    weights = [(1 - _BETA**k) / (1 - _BETA) for k in (n, m)]
    shared = _BETA ** (m - n) * variances[0] / (weights[0] * weights[1])
    parts = (v / w**2 for v, w in zip(variances, weights, strict=True))
    return math.sqrt(sum(parts) - 2 * shared)


def raise_if_count_based(config: RunConfig) -> None:
    """Raise an error if the model is count-based and has no learning rate.

    Raises:
        RequestError: The model is count-based; names its kind.
    """
    if config.model.learns_by_counting:
        kind = dotted_keys.kind_of(config.model)
        raise RequestError(
            f"model.kind={kind} counts tokens in one pass and has no learning rate",
            kind,
        )

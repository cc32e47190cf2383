"""How far a run was at each step, in bounded memory: its seconds, its tokens, its learning rate."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

_GROWTH = 1.01


class ProgressSeries(Struct, frozen=True):
    """What was so at some steps, about one percent apart; between them a straight line is drawn.

    The last step that was told is always kept.

    Attributes:
        steps: Steps, rising.
        seconds: Time inside steps up to there.
        tokens: Targets seen up to there.
        rates: The learning rate of that step.
    """

    steps: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()

    def extended(self, step: int, train_s: float, n_tokens: int, rate: float) -> "ProgressSeries":
        """The course with one more step told; time and tokens never go back."""
        n_kept = len(self.steps)
        if n_kept and step <= self.steps[-1]:
            return self
        seconds = max(self.seconds[-1] if n_kept else 0.0, train_s if math.isfinite(train_s) else 0)
        tokens = max(self.tokens[-1] if n_kept else 0, n_tokens)
        if n_kept > 1 and self.steps[-1] < self.steps[-2] * _GROWTH:
            n_kept -= 1
        return ProgressSeries(
            (*self.steps[:n_kept], step),
            (*self.seconds[:n_kept], seconds),
            (*self.tokens[:n_kept], tokens),
            (*self.rates[:n_kept], rate),
        )

    def seconds_at(self, step: float) -> float:
        """Seconds inside steps when this step was done."""
        return between(self.steps, self.seconds, step)

    def tokens_at(self, step: float) -> float:
        """Targets seen when this step was done."""
        return between(self.steps, self.tokens, step)


def between(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """The value at ``x`` on the line from (0, 0) through all points; after the last, its value.

    Args:
        xs: Where the points are, rising.
        ys: Their values.
        x: Where to look.
    """
    i = bisect_left(xs, x)
    if i == len(xs):
        return ys[-1] if ys else 0.0
    x0, y0 = (xs[i - 1], ys[i - 1]) if i else (0, 0)
    if xs[i] <= x0:
        return ys[i]
    # The share first, so that no product is too large; and no rounding leads above the point.
    return min(ys[i], y0 + (ys[i] - y0) * ((x - x0) / (xs[i] - x0)))

"""Suggestion and reason of a sweep, tested by properties and on known loss curves."""

import math
import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.training.lr_sweep import LrSweep


def sweep_of(loss_of_rate: object) -> LrSweep:
    sweep = LrSweep()
    while not sweep.is_over:
        rate = sweep.rate_of(len(sweep.losses))
        sweep = sweep.with_loss(loss_of_rate(rate))  # type: ignore[operator]
    return sweep


def test_the_rates_grow_by_a_constant_factor() -> None:
    rates = [LrSweep().rate_of(step) for step in range(100)]
    assert (rates[0], rates[-1]) == (1e-5, pytest.approx(10))
    factors = {round(b / a, 9) for a, b in pairwise(rates)}
    assert len(factors) == 1


@given(st.floats(0.1, 30), st.integers(1, 100))
def test_the_average_of_equal_losses_is_that_loss(loss: float, n: int) -> None:
    sweep = LrSweep(losses=(loss,) * n)
    assert sweep.smoothed == pytest.approx([loss] * n)
    assert sweep.diverged_at is None
    assert sweep.is_over == (n == 100)


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=100))
def test_each_smoothed_loss_is_a_weighted_average_of_the_losses_so_far(losses: list[float]) -> None:
    n = len(losses)
    weights = [0.9 ** (n - 1 - i) for i in range(n)]
    mean = sum(w * x for w, x in zip(weights, losses, strict=True)) / sum(weights)
    assert LrSweep(losses=tuple(losses)).smoothed[-1] == pytest.approx(mean)


@pytest.mark.parametrize("steepest", [1e-3, 1e-2, 0.1])
def test_the_rate_of_the_steepest_decrease_is_suggested(steepest: float) -> None:
    """The loss follows a logistic curve; the moving average lags by at most half a decade."""
    sweep = sweep_of(lambda rate: 3 - 1 / (1 + (steepest / rate) ** 2))
    assert sweep.suggestion is not None
    assert steepest <= sweep.suggestion <= steepest * 10**0.5 * 1.1
    assert re.fullmatch(
        r"steepest decrease of the smoothed loss, (2\.\d\d) to (2\.\d\d) from rate \S+ to \S+",
        sweep.reason,
    )
    begin, end, low, high = map(float, re.findall(r"\d[\de.-]*", sweep.reason))
    assert begin > end
    assert low < sweep.suggestion < high
    assert high / low == pytest.approx(10, rel=0.1)
    assert sweep.suggestion == float(f"{sweep.suggestion:.2g}")


@pytest.mark.parametrize("wild", [1e6, math.inf, math.nan])
def test_a_sweep_is_over_when_the_loss_diverges(wild: float) -> None:
    sweep = sweep_of(lambda rate: wild if rate > 1 else 3 - rate)
    assert len(sweep.losses) < 100
    assert sweep.diverged_at == pytest.approx(sweep.learning_rates[-1])
    assert 1 < sweep.learning_rates[-1] < 1.2
    assert sweep.suggestion is not None
    assert sweep.suggestion < 1
    assert sweep.reason.endswith("; diverges at 1.1")


def test_without_a_decrease_there_is_no_suggestion() -> None:
    sweep = sweep_of(lambda rate: 3 + rate / 10)
    assert sweep.suggestion is None
    assert (
        sweep.reason == "the smoothed loss never decreases by more than the noise between batches"
    )


def test_noise_between_batches_is_not_a_decrease() -> None:
    """A trained model has flat, noisy losses; a decrease of three times the noise is found."""
    of_flat, of_falling = [], []
    for seed in range(200):
        noise = random.Random(seed)
        flat = [2.3 + 0.1 * noise.gauss(0, 1) for _ in range(100)]
        falling = [loss - 0.3 / (1 + math.exp(-(n - 50) / 4)) for n, loss in enumerate(flat)]
        of_flat.append(LrSweep(tuple(flat)).suggestion)
        of_falling.append(LrSweep(tuple(falling)).suggestion)
    assert sum(rate is not None for rate in of_flat) <= 4
    assert sum(rate is not None and 3e-3 < rate < 0.2 for rate in of_falling) >= 195


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=100))
def test_any_losses_give_a_reason_and_a_rate_in_range(losses: list[float]) -> None:
    sweep = LrSweep(losses=tuple(losses))
    assert sweep.reason
    assert sweep.suggestion is None or 1e-5 <= sweep.suggestion <= 10

"""Seconds, tokens and learning rate by step, in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.run.loss_series import ProgressSeries, between


def told(records: list[tuple[int, float]]) -> ProgressSeries:
    course = ProgressSeries()
    for step, seconds in records:
        course = course.extended(step, seconds, step * 32, 0.1)
    return course


def test_memory_is_bounded_however_long_a_run_is() -> None:
    course = told([(step, step / 4_000) for step in range(1, 200_000, 7)])
    assert len(course.steps) < 900
    assert course.steps[-1] == 199_998


@given(st.integers(1, 300_000), st.integers(1, 500))
def test_seconds_are_interpolated_exactly_at_a_steady_speed(last: int, stride: int) -> None:
    course = told([(step, step / 4_000) for step in range(stride, last + stride, stride)][:3_000])
    for step in (1, stride, course.steps[-1] // 3, course.steps[-1]):
        assert course.seconds_at(step) == pytest.approx(step / 4_000)
        assert course.tokens_at(step) == pytest.approx(step * 32)


@given(
    st.lists(st.tuples(st.integers(-5, 900), st.floats() | st.floats(0, 1e6)), max_size=60),
    st.lists(st.integers(0, 1000), min_size=2, max_size=9),
)
def test_seconds_never_decrease_for_any_log(
    records: list[tuple[int, float]], steps: list[int]
) -> None:
    course = told(records)
    assert list(course.steps) == sorted(set(course.steps))
    seconds = [course.seconds_at(step) for step in sorted(steps)]
    assert all(map(math.isfinite, seconds))
    assert seconds == sorted(seconds)


def test_a_change_of_the_learning_rate_is_located_to_one_percent() -> None:
    course = ProgressSeries()
    for step in range(50, 20_001, 50):
        course = course.extended(step, 0.0, 0, 0.1 if step <= 10_000 else 0.05)
    first = next(step for step, rate in zip(course.steps, course.rates, strict=True) if rate < 0.1)
    assert 10_000 < first <= 10_200


def test_seconds_start_at_zero_before_the_first_record() -> None:
    course = told([(10, 2.0)])
    assert (course.seconds_at(0), course.seconds_at(5), course.seconds_at(99)) == (0, 1.0, 2.0)
    assert ProgressSeries().seconds_at(7) == 0
    assert between([1.0, 3.0], [10.0, 30.0], 2.0) == 20.0

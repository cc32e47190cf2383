import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render.axis import (
    LinearAxis,
    LogAxis,
    SecondsAxis,
    assign_label_rows,
    decimals_for,
    place_labels,
    round_up_step,
)

spans = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))


def test_known_ticks() -> None:
    assert LogAxis(1, 200_000).ticks(8) == [1, 10, 100, 1000, 10_000, 100_000]
    assert LogAxis(1, 200_000).ticks(3) == [1, 100, 10_000]
    assert LogAxis(1, 50).ticks(8) == [1, 2, 5, 10, 20, 50]
    assert LinearAxis(2.1, 3.3).ticks(7) == [2.2, 2.4, 2.6, 2.8, 3.0, 3.2]
    assert LinearAxis(0, 200_000).ticks(5) == [0, 50_000, 100_000, 150_000, 200_000]
    assert LinearAxis(1, 1).ticks(5) == []


@given(spans, st.integers(1, 20))
def test_linear_ticks_are_round_inside_and_few(span: tuple[float, float], count: int) -> None:
    axis = LinearAxis(span[0], span[0] + span[1])
    ticks = axis.ticks(count)
    assert len(ticks) <= count
    slack = 1e-6 * span[1] + 1e-9 * abs(span[0])
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in ticks)
    assert ticks == sorted(ticks)


@given(st.integers(2, 10**12), st.integers(1, 20))
def test_log_ticks_are_inside_and_few(last: int, count: int) -> None:
    ticks = LogAxis(1, last).ticks(count)
    assert 1 <= len(ticks) <= count
    assert all(1 <= tick <= last for tick in ticks)


@given(st.floats(0, 1), st.integers(2, 10**9))
def test_value_and_fraction_are_inverse(fraction: float, last: int) -> None:
    for axis in (LinearAxis(0, last), LogAxis(1, last)):
        assert axis.fraction(axis.value(fraction)) == pytest.approx(fraction, abs=1e-9)


def test_log_axis_accepts_values_without_a_logarithm() -> None:
    assert LogAxis(1, 100).fraction(0) < -1000
    assert LogAxis(1, 100).fraction(-5) < -1000
    assert LogAxis(1, 1).fraction(7) == 0


def test_values_outside_an_axis_have_positions_outside() -> None:
    assert LogAxis(10, 1000).fraction(1) == pytest.approx(-0.5)
    assert LogAxis(10, 1000).fraction(10_000) == pytest.approx(1.5)


def test_a_short_log_axis_has_ticks_too() -> None:
    assert LogAxis(24_000, 31_000).ticks(8) == [24_000 + 1000 * i for i in range(8)]
    assert LogAxis(812, 3_000).ticks(6) == [1000, 1500, 2000, 2500, 3000]


def test_ticks_of_time_are_round_times() -> None:
    assert SecondsAxis(0, 100).ticks(8) == [0, 15, 30, 45, 60, 75, 90]
    assert SecondsAxis(0, 0.8).ticks(5) == [0, 0.2, 0.4, 0.6, 0.8]
    assert SecondsAxis(0, 4000).ticks(8) == [0, 600, 1200, 1800, 2400, 3000, 3600]
    assert SecondsAxis(0, 100_000).ticks(6) == [0, 18_000, 36_000, 54_000, 72_000, 90_000]


@given(st.floats(1e-3, 1e8), st.integers(1, 20))
def test_ticks_of_time_are_inside_and_few(last: float, count: int) -> None:
    ticks = SecondsAxis(0, last).ticks(count)
    assert 1 <= len(ticks) <= count
    assert all(0 <= tick <= last * (1 + 1e-6) for tick in ticks)


@given(st.floats(1e-9, 1e9))
def test_step_is_rounded_up_to_the_next_round_step(at_least: float) -> None:
    step = round_up_step(at_least)
    assert at_least * (1 - 1e-6) <= step <= at_least * 2.5 * (1 + 1e-6)
    assert round(step / 10 ** math.floor(math.log10(step * 1.000001)), 6) in {1, 2, 5}


def test_decimals_distinguish_ticks() -> None:
    assert decimals_for([2.0, 2.2]) == 1
    assert decimals_for([0.25, 0.5]) == 2
    assert decimals_for([10, 20]) == 0


@given(
    st.lists(st.tuples(st.integers(0, 59), st.text("0123456789k", min_size=1, max_size=6))),
    st.integers(1, 60),
)
def test_labels_never_overlap(wanted: list[tuple[int, str]], width: int) -> None:
    placed = place_labels(wanted, width, occupied=[(3, 5)])
    for (first, text), (other, _) in pairwise(placed):
        assert first + len(text) < other
    for first, text in placed:
        assert first >= 0
        assert first + len(text) <= width
        assert first >= 5 or first + len(text) <= 3


@given(st.lists(st.integers(-5, 30), max_size=10), st.integers(10, 20))
def test_a_label_stands_at_its_line_or_on_a_row_without_a_line(
    wanted: list[int], height: int
) -> None:
    rows = assign_label_rows(wanted, height)
    assert len(rows) == len(set(rows)) == len(wanted)
    assert all(0 <= row < height for row in rows)
    assert all(row == line or row not in wanted for row, line in zip(rows, wanted, strict=True))
    for i, (row, line) in enumerate(zip(rows, wanted, strict=True)):
        is_first = line not in wanted[:i] and 0 <= line < height
        assert (row == line) == is_first


def test_labels_move_no_further_than_needed() -> None:
    assert assign_label_rows([0, 4, 9], 10) == [0, 4, 9]
    assert assign_label_rows([9, 9], 10) == [9, 8]
    assert assign_label_rows([3, 4, 3, 5], 10) == [3, 4, 2, 5]
    assert assign_label_rows([12, 13, 12, 11], 20) == [12, 13, 10, 11]

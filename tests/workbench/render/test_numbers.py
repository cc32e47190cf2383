import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render import numbers


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (numbers.count, 41200, "41,200"),
        (numbers.compact, 200000, "200k"),
        (numbers.compact, 1, "1"),
        (numbers.compact, 41200, "41.2k"),
        (numbers.compact, 999_960, "1M"),
        (numbers.compact, -1500, "-1.5k"),
        (numbers.loss, 2.1433, "2.1433"),
        (numbers.loss, math.nan, "NaN"),
        (numbers.loss, math.inf, "inf"),
        (numbers.loss, -math.inf, "-inf"),
        (numbers.duration, 9.99, "0:09"),
        (numbers.duration, 3723, "1:02:03"),
        (numbers.duration, math.inf, "—"),
        (numbers.rate, 4402.3, "4,402"),
        (numbers.rate, 2.34, "2.3"),
        (numbers.learning_rate, 0.025, "0.025"),
        (numbers.learning_rate, 3e-4, "0.0003"),
        (numbers.learning_rate, 1e-5, "1e-5"),
        (numbers.learning_rate, 2.5e-5, "2.5e-5"),
        (numbers.learning_rate, 10, "10"),
        (numbers.learning_rate, 0, "0"),
        (numbers.probability, 0.1234, "0.123"),
        (numbers.probability, 1e-9, "<0.001"),
        (numbers.probability, 0.99999, ">0.999"),
        (numbers.probability, 0, "0"),
        (numbers.probability, 1, "1.000"),
        (numbers.bytes_size, 412, "412 B"),
        (numbers.bytes_size, 400_000, "400 kB"),
        (numbers.bytes_size, 1_500_000, "1.5 MB"),
        (numbers.bytes_size, 41_000_000, "41 MB"),
    ],
)
def test_written(write: Callable[[float], str], value: float, written: str) -> None:
    assert write(value) == written


WRITERS = [
    numbers.compact, numbers.loss, numbers.duration, numbers.rate,
    numbers.learning_rate, numbers.probability, numbers.bytes_size,
]  # fmt: skip


@pytest.mark.parametrize("write", [*WRITERS, numbers.count])
def test_missing_is_a_dash(write: Callable[[None], str]) -> None:
    assert write(None) == "—"


@given(st.floats(), st.sampled_from(WRITERS))
def test_no_number_is_refused(value: float, write: Callable[[float], str]) -> None:
    assert write(value)


@given(st.floats(1e-12, 1e6))
def test_learning_rate_reads_back(value: float) -> None:
    assert float(numbers.learning_rate(value)) == pytest.approx(value, rel=1e-3)

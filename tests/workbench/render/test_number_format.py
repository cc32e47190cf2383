import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render import number_format


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (number_format.count, 41200, "41,200"),
        (number_format.compact, 200000, "200k"),
        (number_format.compact, 1, "1"),
        (number_format.compact, 41200, "41.2k"),
        (number_format.compact, 999_960, "1M"),
        (number_format.compact, -1500, "-1.5k"),
        (number_format.loss, 2.1433, "2.1433"),
        (number_format.loss, math.nan, "NaN"),
        (number_format.loss, math.inf, "inf"),
        (number_format.loss, -math.inf, "-inf"),
        (number_format.duration, 9.99, "0:09"),
        (number_format.duration, 3723, "1:02:03"),
        (number_format.duration, math.inf, "—"),
        (number_format.rate, 4402.3, "4,402"),
        (number_format.rate, 2.34, "2.3"),
        (number_format.learning_rate, 0.025, "0.025"),
        (number_format.learning_rate, 3e-4, "0.0003"),
        (number_format.learning_rate, 1e-5, "1e-5"),
        (number_format.learning_rate, 2.5e-5, "2.5e-5"),
        (number_format.learning_rate, 10, "10"),
        (number_format.learning_rate, 0, "0"),
        (number_format.probability, 0.1234, "0.123"),
        (number_format.probability, 1e-9, "<0.001"),
        (number_format.probability, 0.99999, ">0.999"),
        (number_format.probability, 0, "0"),
        (number_format.probability, 1, "1.000"),
    ],
)
def test_written(write: Callable[[float], str], value: float, written: str) -> None:
    assert write(value) == written


WRITERS = [
    number_format.compact, number_format.loss, number_format.duration, number_format.rate,
    number_format.learning_rate, number_format.probability,
]  # fmt: skip


@pytest.mark.parametrize("write", [*WRITERS, number_format.count])
def test_missing_is_a_dash(write: Callable[[None], str]) -> None:
    assert write(None) == "—"


@given(st.floats(), st.sampled_from(WRITERS))
def test_no_number_is_refused(value: float, write: Callable[[float], str]) -> None:
    assert write(value)


@given(st.floats(1e-12, 1e6))
def test_learning_rate_reads_back(value: float) -> None:
    assert float(number_format.learning_rate(value)) == pytest.approx(value, rel=1e-3)

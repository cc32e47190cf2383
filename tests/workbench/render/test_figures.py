import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render import figures


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (figures.count, 41200, "41,200"),
        (figures.compact, 200000, "200k"),
        (figures.compact, 1, "1"),
        (figures.compact, 41200, "41.2k"),
        (figures.compact, 999_960, "1M"),
        (figures.compact, -1500, "-1.5k"),
        (figures.loss, 2.1433, "2.1433"),
        (figures.loss, math.nan, "NaN"),
        (figures.loss, math.inf, "inf"),
        (figures.loss, -math.inf, "-inf"),
        (figures.duration, 9.99, "0:09"),
        (figures.duration, 3723, "1:02:03"),
        (figures.duration, math.inf, "—"),
        (figures.rate, 4402.3, "4,402"),
        (figures.rate, 2.34, "2.3"),
        (figures.learning_rate, 0.025, "0.025"),
        (figures.learning_rate, 3e-4, "0.0003"),
        (figures.learning_rate, 1e-5, "1e-5"),
        (figures.learning_rate, 2.5e-5, "2.5e-5"),
        (figures.learning_rate, 10, "10"),
        (figures.learning_rate, 0, "0"),
        (figures.probability, 0.1234, "0.123"),
        (figures.probability, 1e-9, "<0.001"),
        (figures.probability, 0.99999, ">0.999"),
        (figures.probability, 0, "0"),
        (figures.probability, 1, "1.000"),
    ],
)
def test_written(write: Callable[[float], str], value: float, written: str) -> None:
    assert write(value) == written


WRITERS = [
    figures.compact, figures.loss, figures.duration, figures.rate,
    figures.learning_rate, figures.probability,
]  # fmt: skip


@pytest.mark.parametrize("write", [*WRITERS, figures.count])
def test_missing_is_a_dash(write: Callable[[None], str]) -> None:
    assert write(None) == "—"


@given(st.floats(), st.sampled_from(WRITERS))
def test_no_number_is_refused(value: float, write: Callable[[float], str]) -> None:
    assert write(value)


@given(st.floats(1e-12, 1e6))
def test_learning_rate_reads_back(value: float) -> None:
    assert float(figures.learning_rate(value)) == pytest.approx(value, rel=1e-3)

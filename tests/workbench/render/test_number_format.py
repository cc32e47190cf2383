import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render import number_format
from workbench.render.number_format import convert_loss, format_loss_in, unit_label


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (number_format.format_count, 41200, "41,200"),
        (number_format.format_compact, 200000, "200k"),
        (number_format.format_compact, 1, "1"),
        (number_format.format_compact, 41200, "41.2k"),
        (number_format.format_compact, 999_960, "1M"),
        (number_format.format_compact, -1500, "-1.5k"),
        (number_format.format_loss, 2.1433, "2.1433"),
        (number_format.format_loss, math.nan, "NaN"),
        (number_format.format_loss, math.inf, "inf"),
        (number_format.format_loss, -math.inf, "-inf"),
        (number_format.format_duration, 9.99, "0:09"),
        (number_format.format_duration, 3723, "1:02:03"),
        (number_format.format_duration, math.inf, "—"),
        (number_format.format_rate, 4402.3, "4,402"),
        (number_format.format_rate, 2.34, "2.3"),
        (number_format.format_learning_rate, 0.025, "0.025"),
        (number_format.format_learning_rate, 3e-4, "0.0003"),
        (number_format.format_learning_rate, 1e-5, "1e-5"),
        (number_format.format_learning_rate, 2.5e-5, "2.5e-5"),
        (number_format.format_learning_rate, 10, "10"),
        (number_format.format_learning_rate, 0, "0"),
        (number_format.format_probability, 0.1234, "0.123"),
        (number_format.format_probability, 1e-9, "<0.001"),
        (number_format.format_probability, 0.99999, ">0.999"),
        (number_format.format_probability, 0, "0"),
        (number_format.format_probability, 1, "1.000"),
    ],
)
def test_numbers_have_one_format(write: Callable[[float], str], value: float, written: str) -> None:
    assert write(value) == written


WRITERS = [
    number_format.format_compact,
    number_format.format_loss,
    number_format.format_duration,
    number_format.format_rate,
    number_format.format_learning_rate,
    number_format.format_probability,
]


@pytest.mark.parametrize("write", [*WRITERS, number_format.format_count])
def test_missing_is_a_dash(write: Callable[[None], str]) -> None:
    assert write(None) == "—"


@given(st.floats(), st.sampled_from(WRITERS))
def test_every_float_has_a_format(value: float, write: Callable[[float], str]) -> None:
    assert write(value)


@given(st.floats(1e-12, 1e6))
def test_learning_rate_reads_back(value: float) -> None:
    assert float(number_format.format_learning_rate(value)) == pytest.approx(value, rel=1e-3)


def test_units_convert_known_losses() -> None:
    assert convert_loss(math.log(27), "bits") == pytest.approx(math.log2(27))
    assert convert_loss(math.log(27), "perplexity") == pytest.approx(27)
    assert format_loss_in(math.log(27), "nats") == "3.2958"
    assert format_loss_in(math.log(27), "bits", 3) == "4.755"
    assert format_loss_in(math.log(27), "perplexity") == "27.000"
    assert format_loss_in(25.0, "perplexity") == "72G"
    assert format_loss_in(400.0, "perplexity") == "5.22e173"
    assert format_loss_in(None, "bits") == "—"
    assert (unit_label("bits"), unit_label("perplexity")) == ("bits per token", "perplexity")


@given(st.floats(width=32))
def test_a_loss_that_is_not_finite_is_so_in_every_unit(nats: float) -> None:
    for unit in ("nats", "bits", "perplexity"):
        if not math.isfinite(nats):
            assert not math.isfinite(convert_loss(nats, unit))  # type: ignore[arg-type]
        assert format_loss_in(nats, unit)  # type: ignore[arg-type]


def test_a_perplexity_beyond_the_largest_float_is_infinite() -> None:
    assert convert_loss(709.0, "perplexity") == math.exp(709)
    assert convert_loss(1000.0, "perplexity") == math.inf
    assert format_loss_in(1000.0, "perplexity") == "inf"


@given(st.lists(st.floats(0, 60), min_size=2, max_size=5).map(sorted))
def test_no_unit_changes_the_order(losses: list[float]) -> None:
    for unit in ("bits", "perplexity"):
        values = [convert_loss(nats, unit) for nats in losses]  # type: ignore[arg-type]
        assert values == sorted(values)


def test_a_count_stands_beside_its_noun() -> None:
    assert number_format.format_counted(1, "line") == "1 line"
    assert number_format.format_counted(1234, "line") == "1,234 lines"
    assert number_format.format_counted(0, "byte is", "bytes are") == "0 bytes are"

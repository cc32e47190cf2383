import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render.loss_units import in_unit, in_words, per_token


def test_known_values() -> None:
    assert in_unit(math.log(27), "bits") == pytest.approx(math.log2(27))
    assert in_unit(math.log(27), "perplexity") == pytest.approx(27)
    assert in_words(math.log(27), "nats") == "3.2958"
    assert in_words(math.log(27), "bits", 3) == "4.755"
    assert in_words(math.log(27), "perplexity") == "27.000"
    assert in_words(25.0, "perplexity") == "72G"
    assert in_words(400.0, "perplexity") == "5.22e173"
    assert in_words(None, "bits") == "—"
    assert (per_token("bits"), per_token("perplexity")) == ("bits per token", "perplexity")


@given(st.floats(width=32))
def test_a_broken_loss_is_broken_in_every_unit(nats: float) -> None:
    for unit in ("nats", "bits", "perplexity"):
        if not math.isfinite(nats):
            assert not math.isfinite(in_unit(nats, unit))  # type: ignore[arg-type]
        assert in_words(nats, unit)  # type: ignore[arg-type]


def test_a_perplexity_that_is_no_number_any_more_is_infinite() -> None:
    assert in_unit(709.0, "perplexity") == math.exp(709)
    assert in_unit(1000.0, "perplexity") == math.inf
    assert in_words(1000.0, "perplexity") == "inf"


@given(st.lists(st.floats(0, 60), min_size=2, max_size=5).map(sorted))
def test_no_unit_changes_the_order(losses: list[float]) -> None:
    for unit in ("bits", "perplexity"):
        values = [in_unit(nats, unit) for nats in losses]  # type: ignore[arg-type]
        assert values == sorted(values)

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.generation.sampler import Candidate, candidates, choose, entropy, uniform


@st.composite
def distributions(draw: st.DrawFn) -> list[float]:
    logits = draw(st.lists(st.floats(-300, 300), min_size=1, max_size=30))
    weights = [math.exp(logit - max(logits)) for logit in logits]
    return [weight / math.fsum(weights) for weight in weights]


TEMPERATURES = st.floats(0.01, 100)
TOP_K = st.none() | st.integers(1, 40)


@given(distributions(), TEMPERATURES, TOP_K)
def test_what_is_drawn_with_sums_to_one_over_every_token(
    probabilities: list[float], temperature: float, top_k: int | None
) -> None:
    options = candidates(probabilities, temperature, top_k)
    assert math.fsum(option.sampled for option in options) == pytest.approx(1, abs=1e-12)
    assert sorted(option.token_id for option in options) == list(range(len(probabilities)))
    assert all(option.probability == probabilities[option.token_id] for option in options)
    assert all(0 <= option.sampled <= 1 for option in options)


@given(distributions(), TEMPERATURES, TOP_K)
def test_the_more_probable_stays_the_more_probable(
    probabilities: list[float], temperature: float, top_k: int | None
) -> None:
    options = candidates(probabilities, temperature, top_k)
    given_order = [option.probability for option in options]
    assert given_order == sorted(given_order, reverse=True)
    drawn_order = [option.sampled for option in options]
    assert drawn_order == sorted(drawn_order, reverse=True)


@given(distributions(), TEMPERATURES, st.integers(1, 40))
def test_top_k_keeps_k_at_most(probabilities: list[float], temperature: float, k: int) -> None:
    options = candidates(probabilities, temperature, k)
    assert all(option.sampled == 0 for option in options[k:])
    assert options[0].sampled > 0


@given(distributions())
def test_temperature_one_changes_nothing(probabilities: list[float]) -> None:
    for option in candidates(probabilities):
        assert option.sampled == pytest.approx(option.probability, abs=1e-12)


@given(distributions(), TEMPERATURES)
def test_temperature_is_the_softmax_of_logits_over_t(
    probabilities: list[float], temperature: float
) -> None:
    kept = [p for p in probabilities if p > 0]
    logits = [math.log(p) / temperature for p in kept]
    weights = [math.exp(logit - max(logits)) for logit in logits]
    expected = sorted((weight / math.fsum(weights) for weight in weights), reverse=True)
    sampled = [option.sampled for option in candidates(probabilities, temperature)]
    assert sampled[: len(kept)] == pytest.approx(expected, abs=1e-9)
    assert not any(sampled[len(kept) :])


def test_a_low_temperature_takes_the_most_probable_and_a_high_one_evens_out() -> None:
    probabilities = [0.2, 0.5, 0.3]
    assert candidates(probabilities, 0.01)[0].sampled == pytest.approx(1)
    assert all(o.sampled == pytest.approx(1 / 3, abs=0.01) for o in candidates(probabilities, 100))


def test_equals_are_ordered_by_id() -> None:
    assert [o.token_id for o in candidates([0.25, 0.25, 0.25, 0.25], top_k=2)] == [0, 1, 2, 3]


def test_a_sure_distribution_stays_sure() -> None:
    options = candidates([0.0, 1.0, 0.0], temperature=100)
    assert [option.sampled for option in options] == [1.0, 0.0, 0.0]


@given(distributions(), TEMPERATURES, TOP_K, st.floats(0, 1, exclude_max=True))
def test_a_choice_is_never_a_token_that_was_cut(
    probabilities: list[float], temperature: float, top_k: int | None, u: float
) -> None:
    options = candidates(probabilities, temperature, top_k)
    assert options[choose(options, u)].sampled > 0


def test_choices_come_as_often_as_their_share() -> None:
    options = candidates([0.5, 0.3, 0.15, 0.05])
    generator = random.Random(0)
    n_draws = 20_000
    counts = [0] * 4
    for _ in range(n_draws):
        counts[choose(options, generator.random())] += 1
    expected = [option.sampled * n_draws for option in options]
    chi_square = sum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True))
    assert chi_square < 16.3  # 3 degrees of freedom, p = 0.001


def test_the_candidates_lie_side_by_side_from_zero_to_one() -> None:
    options = [Candidate(7, 0.5, 0.5), Candidate(8, 0.25, 0.25), Candidate(9, 0.25, 0.25)]
    assert [choose(options, u) for u in (0.0, 0.4999, 0.5, 0.75, 0.9999)] == [0, 0, 1, 2, 2]


def test_rounding_at_the_end_takes_the_last_that_was_not_cut() -> None:
    options = [Candidate(0, 0.6, 0.6), Candidate(1, 0.4, 0.399999), Candidate(2, 0.0, 0.0)]
    assert choose(options, 0.9999999) == 1


def test_the_random_numbers_are_fixed() -> None:
    assert uniform(0, 0, 0) == 0.5013997148167615
    assert uniform(1, 2, 3) == 0.7910137503955594
    assert uniform(0, 1, 0) != uniform(0, 0, 1)


def test_the_random_numbers_are_even() -> None:
    drawn = [uniform(seed, sample, 5) for seed in range(50) for sample in range(100)]
    bins = [sum(i / 10 <= u < (i + 1) / 10 for u in drawn) for i in range(10)]
    assert sum((n - 500) ** 2 / 500 for n in bins) < 27.9  # 9 degrees of freedom, p = 0.001


@given(distributions())
def test_entropy_lies_between_sure_and_even(probabilities: list[float]) -> None:
    assert -1e-12 <= entropy(probabilities) <= math.log(len(probabilities)) + 1e-9


def test_entropy_of_even_odds_is_the_logarithm() -> None:
    assert entropy([0.25] * 4) == pytest.approx(math.log(4))
    assert entropy([0.0, 1.0]) == 0

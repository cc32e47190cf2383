import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.configuration.run_config import SampleConfig
from seqlm.generation.sampler import (
    Candidate,
    StageName,
    candidates,
    entropy,
    find_cdf_interval,
    sample_token,
    sampler_stages,
    stage_order,
    uniform_random,
)


@st.composite
def distributions(draw: st.DrawFn) -> list[float]:
    logits = draw(st.lists(st.floats(-300, 300), min_size=1, max_size=30))
    weights = [math.exp(logit - max(logits)) for logit in logits]
    return [weight / math.fsum(weights) for weight in weights]


TEMPERATURES = st.just(0.0) | st.floats(0, 100)
TOP_K = st.none() | st.integers(1, 40)
TOP_P = st.none() | st.floats(0, 1, exclude_min=True)
MIN_P = st.none() | st.floats(0, 1, exclude_max=True)
LOGITS = st.lists(st.floats(-1000, 1000), min_size=1, max_size=30).map(
    lambda found: sorted(found, reverse=True)
)
SETTINGS = st.builds(SampleConfig, temperature=TEMPERATURES, top_k=TOP_K, top_p=TOP_P, min_p=MIN_P)
USUAL = stage_order(SampleConfig())
ORDERS = st.permutations(USUAL)


@given(distributions(), TEMPERATURES, TOP_K, TOP_P, MIN_P)
def test_sampling_probabilities_sum_to_one(
    probabilities: list[float],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
) -> None:
    settings = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    options = candidates(probabilities, settings)
    assert math.fsum(option.sampled for option in options) == pytest.approx(1, abs=1e-12)
    assert sorted(option.token_id for option in options) == list(range(len(probabilities)))
    assert all(option.probability == probabilities[option.token_id] for option in options)
    assert all(0 <= option.sampled <= 1 for option in options)


@given(distributions(), TEMPERATURES, TOP_K)
def test_sampling_keeps_the_order_of_probabilities(
    probabilities: list[float], temperature: float, top_k: int | None
) -> None:
    options = candidates(probabilities, SampleConfig(temperature=temperature, top_k=top_k))
    given_order = [option.probability for option in options]
    assert given_order == sorted(given_order, reverse=True)
    drawn_order = [option.sampled for option in options]
    assert drawn_order == sorted(drawn_order, reverse=True)


@given(distributions(), TEMPERATURES, st.integers(1, 40))
def test_top_k_keeps_at_most_k(probabilities: list[float], temperature: float, k: int) -> None:
    options = candidates(probabilities, SampleConfig(temperature=temperature, top_k=k))
    assert all(option.sampled == 0 for option in options[k:])
    assert options[0].sampled > 0


@given(distributions())
def test_temperature_one_changes_nothing(probabilities: list[float]) -> None:
    for option in candidates(probabilities):
        assert option.sampled == pytest.approx(option.probability, abs=1e-12)


@given(distributions(), st.floats(0.01, 100))
def test_temperature_is_the_softmax_of_logits_over_t(
    probabilities: list[float], temperature: float
) -> None:
    kept = [p for p in probabilities if p > 0]
    logits = [math.log(p) / temperature for p in kept]
    weights = [math.exp(logit - max(logits)) for logit in logits]
    expected = sorted((weight / math.fsum(weights) for weight in weights), reverse=True)
    sampled = [
        option.sampled
        for option in candidates(probabilities, SampleConfig(temperature=temperature))
    ]
    assert sampled[: len(kept)] == pytest.approx(expected, abs=1e-9)
    assert not any(sampled[len(kept) :])


def test_low_temperature_is_greedy_and_high_is_uniform() -> None:
    probabilities = [0.2, 0.5, 0.3]
    assert candidates(probabilities, SampleConfig(temperature=0.01))[0].sampled == pytest.approx(1)
    assert all(
        o.sampled == pytest.approx(1 / 3, abs=0.01)
        for o in candidates(probabilities, SampleConfig(temperature=100))
    )


def test_equally_probable_tokens_are_ordered_by_id() -> None:
    assert [o.token_id for o in candidates([0.25] * 4, SampleConfig(top_k=2))] == [0, 1, 2, 3]


def test_certain_distribution_stays_certain() -> None:
    options = candidates([0.0, 1.0, 0.0], SampleConfig(temperature=100))
    assert [option.sampled for option in options] == [1.0, 0.0, 0.0]


@given(distributions(), TEMPERATURES, TOP_K, st.floats(0, 1, exclude_max=True))
def test_removed_token_is_never_sampled(
    probabilities: list[float], temperature: float, top_k: int | None, u: float
) -> None:
    options = candidates(probabilities, SampleConfig(temperature=temperature, top_k=top_k))
    assert options[sample_token(options, u)].sampled > 0


def test_sampling_frequencies_match_probabilities() -> None:
    options = candidates([0.5, 0.3, 0.15, 0.05])
    generator = random.Random(0)
    n_draws = 20_000
    counts = [0] * 4
    for _ in range(n_draws):
        counts[sample_token(options, generator.random())] += 1
    expected = [option.sampled * n_draws for option in options]
    chi_square = sum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True))
    assert chi_square < 16.3  # 3 degrees of freedom, p = 0.001


def test_cdf_intervals_partition_zero_to_one() -> None:
    options = [Candidate(7, 0.5, 0.5), Candidate(8, 0.25, 0.25), Candidate(9, 0.25, 0.25)]
    assert [sample_token(options, u) for u in (0.0, 0.4999, 0.5, 0.75, 0.9999)] == [0, 0, 1, 2, 2]
    assert [find_cdf_interval(options, u) for u in (0.1, 0.5)] == [(0, 0.0, 0.5), (1, 0.5, 0.75)]


def test_rounding_error_selects_the_last_kept_candidate() -> None:
    options = [Candidate(0, 0.6, 0.6), Candidate(1, 0.4, 0.399999), Candidate(2, 0.0, 0.0)]
    assert sample_token(options, 0.9999999) == 1
    assert find_cdf_interval(options, 0.9999999) == (1, pytest.approx(0.6), 1.0)


def test_the_random_numbers_are_fixed() -> None:
    assert uniform_random(0, 0, 0) == 0.5013997148167615
    assert uniform_random(1, 2, 3) == 0.7910137503955594
    assert uniform_random(0, 1, 0) != uniform_random(0, 0, 1)


def test_the_random_numbers_are_uniform() -> None:
    drawn = [uniform_random(seed, sample, 5) for seed in range(50) for sample in range(100)]
    bins = [sum(i / 10 <= u < (i + 1) / 10 for u in drawn) for i in range(10)]
    assert sum((n - 500) ** 2 / 500 for n in bins) < 27.9  # 9 degrees of freedom, p = 0.001


@given(distributions())
def test_entropy_is_between_zero_and_log_n(probabilities: list[float]) -> None:
    assert -1e-12 <= entropy(probabilities) <= math.log(len(probabilities)) + 1e-9


def test_entropy_of_uniform_distribution_is_log_n() -> None:
    assert entropy([0.25] * 4) == pytest.approx(math.log(4))
    assert str(entropy([0.0, 1.0])) == "0.0"


@given(LOGITS, SETTINGS, ORDERS)
def test_each_stage_is_a_distribution_and_removes_only_the_end(
    logits: list[float], settings: SampleConfig, order: list[StageName]
) -> None:
    done = sampler_stages(logits, replace(settings, order=",".join(order)))
    assert [stage.name for stage in done] == ["softmax", *order, "renormalize"]
    n_left = len(logits)
    for stage in done:
        assert math.fsum(stage.distribution) == pytest.approx(1, abs=1e-12)
        assert all(map(math.isfinite, stage.values))
        assert len(stage.values) == len(logits)
        assert list(stage.values) == sorted(stage.values, reverse=True)
        assert stage.n_before == n_left
        assert 1 <= stage.n_left <= n_left
        assert list(stage.cut) == list(range(stage.n_left, n_left))
        assert not any(stage.values[stage.n_left :])
        n_left = stage.n_left
    assert done[-1].values[0] > 0
    assert done[-1].distribution == pytest.approx(done[-2].distribution, abs=1e-12)


@given(LOGITS, SETTINGS)
def test_removing_candidates_keeps_other_values(
    logits: list[float], settings: SampleConfig
) -> None:
    done = sampler_stages(logits, settings)
    for before, stage in pairwise(done[1:-1]):
        assert list(stage.values[: stage.n_left]) == list(before.values[: stage.n_left])
        assert stage.setting is not None or not stage.cut


@given(LOGITS, SETTINGS)
def test_last_stage_equals_candidate_probabilities(
    logits: list[float], settings: SampleConfig
) -> None:
    probabilities = sampler_stages(logits, SampleConfig())[0].distribution
    options = candidates(probabilities, settings)
    logs = [math.log(p) if p > 0 else -math.inf for p in probabilities]
    assert [option.sampled for option in options] == list(sampler_stages(logs, settings)[-1].values)


@given(LOGITS, st.floats(-5000, 5000))
def test_constant_shift_of_logits_changes_nothing(logits: list[float], constant: float) -> None:
    moved = [logit + constant for logit in logits]
    before, after = (sampler_stages(found, SampleConfig())[0].values for found in (logits, moved))
    assert list(after) == pytest.approx(list(before), abs=1e-9)


@given(LOGITS, st.floats(0, 1, exclude_min=True))
def test_top_p_keeps_the_smallest_sufficient_set(logits: list[float], p: float) -> None:
    stage = sampler_stages(logits, SampleConfig(top_p=p))[3]
    assert stage.name == "top-p"
    shares = sampler_stages(logits, SampleConfig())[0].values
    if p == 1:
        assert stage.n_left == len(logits)
        return
    assert math.fsum(shares[: stage.n_left]) >= p - 1e-9
    assert math.fsum(shares[: stage.n_left - 1]) < p + 1e-9


@given(LOGITS, st.floats(0, 1, exclude_max=True))
def test_min_p_keeps_tokens_above_its_threshold(logits: list[float], share: float) -> None:
    stage = sampler_stages(logits, SampleConfig(min_p=share))[4]
    assert stage.name == "min-p"
    shares = sampler_stages(logits, SampleConfig())[0].values
    assert all(value >= share * shares[0] for value in shares[: stage.n_left])
    assert all(value < share * shares[0] for value in shares[stage.n_left :])


def test_top_p_is_applied_after_top_k() -> None:
    logits = [math.log(p) for p in (0.4, 0.3, 0.2, 0.1)]
    both = sampler_stages(logits, SampleConfig(top_k=3, top_p=0.75))
    assert [stage.n_left for stage in both] == [4, 4, 3, 2, 2, 2]  # 7/9 of what was left
    assert both[-1].values == pytest.approx([4 / 7, 3 / 7, 0, 0])
    alone = sampler_stages(logits, SampleConfig(top_p=0.75))
    assert alone[-1].n_left == 3


def test_high_temperature_keeps_more_candidates() -> None:
    logits = [math.log(p) for p in (0.6, 0.2, 0.1, 0.06, 0.04)]
    n_left = [
        sampler_stages(logits, SampleConfig(temperature=t, top_p=0.89))[-1].n_left
        for t in (0.5, 1, 2)
    ]
    assert n_left == [2, 3, 4]


def test_temperature_near_zero_is_greedy() -> None:
    greedy = sampler_stages([2.0, 1.99, -3.0], SampleConfig(temperature=1e-6))[-1]
    assert list(greedy.values) == [1.0, 0.0, 0.0]
    assert greedy.entropy_nats == 0


@given(distributions(), SETTINGS, ORDERS, st.floats(0, 1, exclude_max=True))
def test_temperature_zero_is_greedy_whatever_the_other_settings_are(
    probabilities: list[float], settings: SampleConfig, order: list[StageName], u: float
) -> None:
    greedy = replace(settings, temperature=0.0, order=",".join(order))
    options = candidates(probabilities, greedy)
    assert [option.sampled for option in options] == [1.0, *[0.0] * (len(options) - 1)]
    assert options[0].token_id == probabilities.index(max(probabilities))
    assert find_cdf_interval(options, u) == (0, 0.0, 1.0)


def test_stage_of_temperature_zero_removes_all_but_the_most_probable_token() -> None:
    done = sampler_stages([1.0, 1.0, 0.0], SampleConfig(temperature=0, top_k=2))
    assert [(stage.n_before, stage.n_left) for stage in done[1:3]] == [(3, 1), (1, 1)]
    assert done[-1].entropy_nats == 0


def test_large_logits_stay_finite() -> None:
    done = sampler_stages([1000.0, 999.0, -1000.0], SampleConfig(temperature=100))
    assert list(done[0].values) == pytest.approx([0.7310585786, 0.2689414214, 0])
    assert all(value > 0 for value in done[1].values)  # e^-20 of the first, not lost on the way


def test_stages_of_the_documented_example() -> None:
    """With 27 candidates, temperature 0.8 and top-p 0.95, eleven candidates remain."""
    shown = [0.213, 0.204, 0.162, 0.103, 0.055, 0.053, 0.033, 0.031, 0.020, 0.017, 0.016, 0.015]
    logits = [math.log(p) for p in [*shown, *[0.0052] * 15]]
    done = sampler_stages(logits, SampleConfig(temperature=0.8, top_p=0.95))
    assert [stage.n_left for stage in done] == [27, 27, 27, 11, 11, 11]
    assert done[1].values[0] == pytest.approx(0.254, abs=0.001)
    assert done[-1].values[2] == pytest.approx(0.189, abs=0.001)
    assert done[0].entropy_nats == pytest.approx(2.40, abs=0.02)
    assert done[-1].entropy_nats == pytest.approx(1.89, abs=0.01)

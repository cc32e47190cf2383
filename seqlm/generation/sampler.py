"""Sampling stages from next-token probabilities to one token, in plain Python for the screen.

The stages and their default order are those of Hugging Face transformers: temperature, top-k, top-p
(Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration"), min-p (Nguyen et al. 2025,
"Turning Up the Heat"). Each stage uses the renormalized distribution of the previous stage.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias, cast

from seqlm.configuration.run_config import SampleConfig

StageName: TypeAlias = Literal["softmax", "temperature", "top-k", "top-p", "min-p", "renormalize"]
UNCHANGED = SampleConfig()
"""Settings that leave the distribution of the model unchanged."""

_MAX_TOP_P = 1 - 1e-12  # a cumulative sum of 1 can be lower by rounding


class Candidate(NamedTuple):
    """Candidate for the next token.

    Attributes:
        token_id: Id of the token.
        probability: Probability under the model.
        sampled: Probability of being sampled, after all stages; 0 if a stage removed the token.
    """

    token_id: int
    probability: float
    sampled: float


class SamplerStage(NamedTuple):
    """Result of one sampling stage.

    Candidates are sorted by probability, the most probable first, so a stage always removes the last
    of the remaining candidates.

    Attributes:
        name: Name of the stage.
        setting: Value of its setting; None if the stage is off or has no setting.
        values: Value of each candidate; 0 if removed. Removing candidates changes no other value.
        n_before: Number of candidates before the stage.
        n_left: Number of candidates after the stage.
    """

    name: StageName
    setting: float | None
    values: Sequence[float]
    n_before: int
    n_left: int

    @property
    def cut(self) -> range:
        """Indexes of the candidates that this stage removed."""
        return range(self.n_left, self.n_before)

    @property
    def distribution(self) -> list[float]:
        """Values normalized to sum to 1: the sampling distribution if this stage were the last."""
        return _pad_zeros(_normalize(self.values[: self.n_left]), len(self.values))

    @property
    def entropy_nats(self) -> float:
        """Entropy of :attr:`distribution` in nats."""
        return entropy(self.distribution)


class CdfInterval(NamedTuple):
    """Interval of one candidate in the cumulative distribution.

    Attributes:
        candidate_index: Index of the candidate.
        start: Lower bound, inclusive.
        end: Upper bound, exclusive.
    """

    candidate_index: int
    start: float
    end: float


def stage_order(settings: SampleConfig) -> tuple[StageName, ...]:
    """Return the stages with a setting in their order; softmax comes before, renormalize after."""
    return cast("tuple[StageName, ...]", tuple(settings.order.split(",")))


def sampler_stages(logits: Sequence[float], settings: SampleConfig) -> list[SamplerStage]:
    """Return all stages from logits to the sampling distribution.

    Args:
        logits: ln p of each candidate up to a constant, the largest first; -inf for p = 0.
        settings: Settings and order of the stages.
    """
    done = [SamplerStage("softmax", None, _softmax(logits), len(logits), len(logits))]
    for name in stage_order(settings):
        if name == "temperature":
            done.append(_apply_temperature(done[-1], logits, settings.temperature))
        else:
            done.append(_apply_filter(done[-1], name, getattr(settings, name.replace("-", "_"))))
    last = done[-1]
    return [*done, SamplerStage("renormalize", None, last.distribution, last.n_left, last.n_left)]


def candidates(
    probabilities: Sequence[float], settings: SampleConfig = UNCHANGED
) -> list[Candidate]:
    """Return all tokens as candidates, most probable first, equally probable tokens by id.

    Args:
        probabilities: V probabilities.
        settings: Settings of the stages.
    """
    order = sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i))
    drawn_with = sampler_stages([log_or_minus_inf(probabilities[i]) for i in order], settings)[
        -1
    ].values
    return [Candidate(i, probabilities[i], p) for i, p in zip(order, drawn_with, strict=True)]


def find_cdf_interval(options: Sequence[Candidate], u: float) -> CdfInterval:
    """Return the candidate whose interval of the cumulative distribution contains ``u``.

    Args:
        options: Candidates; see :func:`candidates`.
        u: Random number in [0, 1).
    """
    end = 0.0
    for index, option in enumerate(options):
        start, end = end, end + option.sampled
        if u < end:
            return CdfInterval(index, start, end)
    last = max(index for index, option in enumerate(options) if option.sampled)
    return CdfInterval(last, end - options[last].sampled, 1.0)  # the sum is below 1 by rounding


def sample_token(options: Sequence[Candidate], u: float) -> int:
    """Return the index of the candidate that ``u`` selects; see :func:`find_cdf_interval`."""
    return find_cdf_interval(options, u).candidate_index


def uniform_random(seed: int, sample: int, position: int) -> float:
    """Return the fixed random number in [0, 1) for one token of one sample.

    The number depends on the arguments only, so sampling can be repeated with other weights.
    """
    return random.Random(f"{seed}/{sample}/{position}").random()


class SampledSequence(NamedTuple):
    """Sampled tokens, with one value per token in each list.

    Attributes:
        ids: Token ids.
        surprisal: Surprisal of each token under the model, in nats.
        u: Random number in [0, 1) that selected each token.
        intervals: Interval [start, end) of the cumulative distribution that contains the number.
    """

    ids: list[int]
    surprisal: list[float]
    u: list[float]
    intervals: list[tuple[float, float]]

    def append_sample(
        self, probabilities: Sequence[float], settings: SampleConfig, u: float
    ) -> None:
        """Append the token that the random number ``u`` selects."""
        options = candidates(probabilities, settings)
        index, start, end = find_cdf_interval(options, u)
        self.ids.append(options[index].token_id)
        self.surprisal.append(-math.log(max(options[index].probability, 1e-300)))
        self.u.append(u)
        self.intervals.append((start, end))


def entropy(probabilities: Sequence[float]) -> float:
    """Return the entropy of a distribution in nats: 0 for a certain token, ln V for a uniform one."""
    return 0.0 - math.fsum(p * math.log(p) for p in probabilities if p > 0)  # never -0.0


def _apply_temperature(
    before: SamplerStage, logits: Sequence[float], temperature: float
) -> SamplerStage:
    """Return the stage that divides each remaining logit by the temperature.

    Temperature 0 is greedy decoding: it keeps the most probable token, of several the first one.
    """
    values, n_left = before.values, before.n_left
    if temperature == 0:
        values, n_left = _pad_zeros([1.0], len(logits)), 1
    elif temperature != 1:  # the largest logit is subtracted first: a tiny temperature overflows
        left = [(logit - logits[0]) / temperature for logit in logits[:n_left]]
        values = _pad_zeros(_softmax(left), len(logits))
    return SamplerStage("temperature", temperature, values, before.n_left, n_left)


def _apply_filter(before: SamplerStage, name: StageName, setting: float | None) -> SamplerStage:
    """Return the top-k, top-p or min-p stage; it removes nothing if its setting is None."""
    n_left = before.n_left
    if setting is not None:
        n_left = _N_KEPT[name](before.values[:n_left], setting)
    kept = before.values
    if n_left < before.n_left:
        kept = _pad_zeros(kept[:n_left], len(kept))
    return SamplerStage(name, setting, kept, before.n_left, n_left)


def _n_in_top_k(left: Sequence[float], k: float) -> int:
    return min(int(k), len(left))


def _n_in_top_p(left: Sequence[float], p: float) -> int:
    if p >= 1:
        return len(left)
    enough = min(p, _MAX_TOP_P) * math.fsum(left)
    sums = enumerate(accumulate(left), 1)
    return next((n for n, running in sums if running >= enough), len(left))


def _n_in_min_p(left: Sequence[float], share: float) -> int:
    return sum(value >= share * left[0] for value in left)


_N_KEPT: dict[StageName, Callable[[Sequence[float], float], int]] = {
    "top-k": _n_in_top_k,
    "top-p": _n_in_top_p,
    "min-p": _n_in_min_p,
}


def _softmax(logits: Sequence[float]) -> list[float]:
    """Return probabilities; the largest logit, the first one, is subtracted to avoid overflow."""
    return _normalize([math.exp(logit - logits[0]) for logit in logits])


def _normalize(values: Sequence[float]) -> list[float]:
    total = math.fsum(values)
    return [value / total for value in values]


def _pad_zeros(values: Sequence[float], n: int) -> list[float]:
    return [*values, *[0.0] * (n - len(values))]


def log_or_minus_inf(probability: float) -> float:
    """Return the natural logarithm, -inf for a probability of 0."""
    return math.log(probability) if probability > 0 else -math.inf

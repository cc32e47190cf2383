"""From a model's probabilities to one token, each stage kept. Plain Python: a screen uses it too.

The stages and their usual order are those of the generation of HuggingFace's transformers: temperature,
then top-k, then top-p (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration"), then
min-p (Nguyen et al. 2025, "Turning Up the Heat"). Each one works on what the one before left, scaled
to sum to 1.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias, cast

from seqlm.configuration.run_config import SampleConfig

StageName: TypeAlias = Literal["softmax", "temperature", "top-k", "top-p", "min-p", "renormalize"]
UNCHANGED = SampleConfig()
"""Settings with which is drawn what the model says."""

_ENOUGH = 1 - 1e-12  # a running sum that should be 1 may miss it by rounding


class Candidate(NamedTuple):
    """A token that could come next.

    Attributes:
        token_id: Its id.
        probability: What the model gives it.
        sampled: What it is drawn with, after every stage; 0 where it was cut.
    """

    token_id: int
    probability: float
    sampled: float


class SamplerStage(NamedTuple):
    """What one stage of the sampler did.

    The candidates are in their order, most probable first, so what a stage cuts is always the end
    of what was left.

    Attributes:
        name: Which stage.
        setting: Its value; None where it is off or has none.
        values: Of each candidate, 0 where it was cut by now. A stage that cuts changes no other value.
        n_before: How many candidates it was given.
        n_left: How many it left.
    """

    name: StageName
    setting: float | None
    values: Sequence[float]
    n_before: int
    n_left: int

    @property
    def cut(self) -> range:
        """The places of the candidates that this stage cut."""
        return range(self.n_left, self.n_before)

    @property
    def distribution(self) -> list[float]:
        """The values scaled to sum to 1: what would be drawn from if this stage were the last."""
        return _filled(_scaled(self.values[: self.n_left]), len(self.values))

    @property
    def entropy_nats(self) -> float:
        """How undecided that distribution is."""
        return entropy(self.distribution)


class CdfInterval(NamedTuple):
    """Where a random number fell when the candidates were laid side by side from 0 to 1.

    Attributes:
        place: Of the candidate that it chose.
        begin: Where this candidate's stretch begins.
        end: Where it ends, itself outside.
    """

    place: int
    begin: float
    end: float


def stage_order(settings: SampleConfig) -> tuple[StageName, ...]:
    """The stages that a person sets, as they follow. Softmax stands before them, renormalize after."""
    return cast("tuple[StageName, ...]", tuple(settings.order.split(",")))


def sampler_stages(logits: Sequence[float], settings: SampleConfig) -> list[SamplerStage]:
    """Every stage from logits to what is drawn from.

    Args:
        logits: ln p of each candidate up to a constant, the largest first; -inf for what cannot be.
        settings: Of the stages, and their order.
    """
    done = [SamplerStage("softmax", None, _softmax(logits), len(logits), len(logits))]
    for name in stage_order(settings):
        if name == "temperature":
            done.append(_heated(done[-1], logits, settings.temperature))
        else:
            done.append(_cut(done[-1], name, getattr(settings, name.replace("-", "_"))))
    last = done[-1]
    return [*done, SamplerStage("renormalize", None, last.distribution, last.n_left, last.n_left)]


def candidates(
    probabilities: Sequence[float], settings: SampleConfig = UNCHANGED
) -> list[Candidate]:
    """Every token, most probable first (equal ones by id), and what it is drawn with.

    Args:
        probabilities: V numbers that sum to 1.
        settings: Of the stages.
    """
    order = sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i))
    drawn_with = sampler_stages([log_or_minus_inf(probabilities[i]) for i in order], settings)[
        -1
    ].values
    return [Candidate(i, probabilities[i], p) for i, p in zip(order, drawn_with, strict=True)]


def find_cdf_interval(options: Sequence[Candidate], u: float) -> CdfInterval:
    """Where ``u`` falls when the candidates are laid side by side from 0 to 1.

    Args:
        options: What :func:`candidates` gave.
        u: A number in [0, 1).
    """
    end = 0.0
    for index, option in enumerate(options):
        begin, end = end, end + option.sampled
        if u < end:
            return CdfInterval(index, begin, end)
    last = max(index for index, option in enumerate(options) if option.sampled)
    return CdfInterval(last, end - options[last].sampled, 1.0)  # the sums missed 1 by rounding


def sample_token(options: Sequence[Candidate], u: float) -> int:
    """Which candidate ``u`` falls on, as :func:`find_cdf_interval` has it: an index of them."""
    return find_cdf_interval(options, u).place


def uniform_random(seed: int, sample: int, position: int) -> float:
    """The fixed random number in [0, 1) for one token of one sample.

    It depends on nothing else, so the same draw can be made again with other weights.
    """
    return random.Random(f"{seed}/{sample}/{position}").random()


class SampledSequence(NamedTuple):
    """A sample while it grows, each list with a value for each token.

    Attributes:
        ids: The tokens.
        surprisal: Of each under the model, in nats.
        u: The random number in [0, 1) that chose it.
        intervals: [begin, end) of the cumulative distribution, where this number fell.
    """

    ids: list[int]
    surprisal: list[float]
    u: list[float]
    intervals: list[tuple[float, float]]

    def append_sample(
        self, probabilities: Sequence[float], settings: SampleConfig, u: float
    ) -> None:
        """Grow by the token that ``u`` falls on."""
        options = candidates(probabilities, settings)
        place, begin, end = find_cdf_interval(options, u)
        self.ids.append(options[place].token_id)
        self.surprisal.append(-math.log(max(options[place].probability, 1e-300)))
        self.u.append(u)
        self.intervals.append((begin, end))


def entropy(probabilities: Sequence[float]) -> float:
    """How undecided a distribution is, in nats: 0 when one token is sure, ln V when all are equal."""
    return -math.fsum(p * math.log(p) for p in probabilities if p > 0)


def _heated(before: SamplerStage, logits: Sequence[float], temperature: float) -> SamplerStage:
    """What is left, reshaped: each logit over T."""
    values = before.values
    if temperature != 1:
        left = [logit / temperature for logit in logits[: before.n_left]]
        values = _filled(_softmax(left), len(logits))
    return SamplerStage("temperature", temperature, values, before.n_left, before.n_left)


def _cut(before: SamplerStage, name: StageName, setting: float | None) -> SamplerStage:
    """A stage that cuts the end of what was left, or nothing where it is off."""
    n_left = before.n_left
    if setting is not None:
        n_left = _N_KEPT[name](before.values[:n_left], setting)
    kept = before.values
    if n_left < before.n_left:
        kept = _filled(kept[:n_left], len(kept))
    return SamplerStage(name, setting, kept, before.n_left, n_left)


def _n_in_top_k(left: Sequence[float], k: float) -> int:
    return min(int(k), len(left))


def _n_in_top_p(left: Sequence[float], p: float) -> int:
    if p >= 1:
        return len(left)
    enough = min(p, _ENOUGH) * math.fsum(left)
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
    """The probabilities; the largest logit, which comes first, is taken off so that none overflows."""
    return _scaled([math.exp(logit - logits[0]) for logit in logits])


def _scaled(values: Sequence[float]) -> list[float]:
    total = math.fsum(values)
    return [value / total for value in values]


def _filled(values: Sequence[float], n: int) -> list[float]:
    return [*values, *[0.0] * (n - len(values))]


def log_or_minus_inf(probability: float) -> float:
    """Return the natural logarithm, -inf for a probability of 0."""
    return math.log(probability) if probability > 0 else -math.inf

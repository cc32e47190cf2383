"""From a model's probabilities to one token, each stage kept. Plain Python: a screen uses it too."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    """A token that could come next.

    Attributes:
        token_id: Its id.
        probability: What the model gives it.
        sampled: What it is drawn with, after temperature and top-k; 0 where it was cut.
    """

    token_id: int
    probability: float
    sampled: float


def candidates(
    probabilities: Sequence[float], temperature: float = 1.0, top_k: int | None = None
) -> list[Candidate]:
    """Every token, most probable first (equal ones by id), and what it is drawn with.

    Temperature comes first: each probability is raised to the power 1/T and all are scaled to sum
    to 1. Then all but the ``top_k`` most probable are cut, and what stays is scaled again.

    Args:
        probabilities: V numbers that sum to 1.
        temperature: T > 0; below 1 the probable becomes more probable.
        top_k: How many stay, or None for all.
    """
    order = sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i))
    kept = order[: top_k or len(order)]
    largest = probabilities[order[0]]
    weights = [_power(probabilities[i] / largest, 1 / temperature) for i in kept]
    total = math.fsum(weights)
    drawn_with = dict(zip(kept, (weight / total for weight in weights), strict=True))
    return [Candidate(i, probabilities[i], drawn_with.get(i, 0.0)) for i in order]


def choose(options: Sequence[Candidate], u: float) -> int:
    """Where ``u`` falls when the candidates are laid side by side from 0 to 1: an index of them.

    Args:
        options: What :func:`candidates` gave.
        u: A number in [0, 1).
    """
    running = 0.0
    for index, option in enumerate(options):
        running += option.sampled
        if u < running:
            return index
    return max(index for index, option in enumerate(options) if option.sampled)  # rounding


def uniform(seed: int, sample: int, position: int) -> float:
    """The fixed random number in [0, 1) for one token of one sample.

    It depends on nothing else, so the same draw can be made again with other weights.
    """
    return random.Random(f"{seed}/{sample}/{position}").random()


def entropy(probabilities: Sequence[float]) -> float:
    """How undecided a distribution is, in nats: 0 when one token is sure, ln V when all are equal."""
    return -math.fsum(p * math.log(p) for p in probabilities if p > 0)


def _power(ratio: float, exponent: float) -> float:
    return math.exp(math.log(ratio) * exponent) if ratio > 0 else 0.0

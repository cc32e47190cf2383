"""Three ways to keep probability for what was never counted.

Each gives levels, from the shortest context to the longest. A level takes something off the counts
of a context; what it took is the rest, shared out by the level below, the lowest by the uniform
distribution. All three are written as interpolated models (Chen & Goodman 1998, "An Empirical Study
of Smoothing Techniques for Language Modeling", section 2).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct, field

Discounts: TypeAlias = tuple[float, float, float, float]
"""What is taken off a count of 0, 1, 2, and 3 or more."""

_NOTHING: Discounts = (0.0, 0.0, 0.0, 0.0)
_WITHOUT_FIRST = itemgetter(slice(1, None))


class BackoffLevel(Struct):
    """The counts after contexts of one length, and how they become shares.

    A token counted c times after a context has the share ``(c - discount of c) / total``; the rest
    is ``1 - sum of shares``, computed as ``(discounts + extra) / total`` so that no digit is lost.

    Attributes:
        followers: For each context the count of each token after it.
        discounts: What is taken off each count.
        extra_each: Added to a context's total for each different token after it.
        extra: Added to a context's total.
    """

    followers: Mapping[str, Mapping[str, int]]
    discounts: Discounts = _NOTHING
    extra_each: float = 0.0
    extra: float = 0.0
    _known: dict[str, tuple[float, float]] = field(default_factory=dict)

    def total_and_rest(self, context: str) -> tuple[float, float]:
        """What the shares of a seen context are fractions of, and the fraction left over."""
        known = self._known.get(context)
        if known is None:
            counts = self.followers[context].values()
            kept = self.extra + self.extra_each * len(counts)
            total = sum(counts) + kept
            taken = sum(self.discounts[min(count, 3)] for count in counts)
            known = self._known[context] = total, (taken + kept) / total
        return known


def add_k_levels(grams: Mapping[str, int], n_vocab: int, k: float) -> list[BackoffLevel]:
    """Add k to the count of every token after every context: ``(c + k) / (total + k V)``."""
    return [BackoffLevel(_by_context(grams), extra=k * n_vocab)]


def witten_bell_levels(grams: Mapping[str, int], order: int) -> list[BackoffLevel]:
    """Keep as much as there were different tokens after a context (Witten & Bell 1991, method C).

    With T different tokens in N counts: ``c / (N + T)``, and ``T / (N + T)`` is the rest.
    """
    levels = [BackoffLevel(_by_context(grams), extra_each=1.0)]
    for _ in range(order - 1):
        grams = _summed_without_first(grams)
        levels.append(BackoffLevel(_by_context(grams), extra_each=1.0))
    return levels[::-1]


def kneser_ney_levels(grams: Mapping[str, int], order: int) -> list[BackoffLevel]:
    """Modified Kneser-Ney, interpolated (Chen & Goodman 1998, section 3).

    Three discounts for each length, from how many grams were counted once, twice, three and four
    times. Below the longest grams a gram does not count how often it was seen but after how many
    different tokens: what follows one token alone says little about new contexts. Here every
    context is full (filled in front), so this holds for grams at the start of an item too.
    """
    levels = [BackoffLevel(_by_context(grams), estimated_discounts(grams.values()))]
    for _ in range(order - 1):
        grams = Counter(map(_WITHOUT_FIRST, grams))
        levels.append(BackoffLevel(_by_context(grams), estimated_discounts(grams.values())))
    return levels[::-1]


def estimated_discounts(counts: Iterable[int]) -> Discounts:
    """D1, D2 and D3+ (Chen & Goodman 1998, section 3).

    With n_c grams counted c times, ``D_c = c - (c + 1) Y n_(c+1) / n_c``, where ``Y = n_1 / (n_1 +
    2 n_2)``. Where too few grams were counted to estimate one, or the estimate is not above 0, half
    a count is taken instead; so there is always a rest.
    """
    n = Counter(counts)
    if not n[1]:
        return 0.0, 0.5, 0.5, 0.5
    y = n[1] / (n[1] + 2 * n[2])
    estimates = [c - (c + 1) * y * n[c + 1] / n[c] if n[c] and n[c + 1] else 0.0 for c in (1, 2, 3)]
    d1, d2, d3 = (estimate if estimate > 0 else 0.5 for estimate in estimates)
    return 0.0, d1, d2, d3


def _by_context(grams: Mapping[str, int]) -> dict[str, dict[str, int]]:
    followers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for gram, count in grams.items():
        followers[gram[:-1]][gram[-1]] = count
    return dict(followers)


def _summed_without_first(grams: Mapping[str, int]) -> dict[str, int]:
    summed: defaultdict[str, int] = defaultdict(int)
    for gram, count in grams.items():
        summed[gram[1:]] += count
    return dict(summed)

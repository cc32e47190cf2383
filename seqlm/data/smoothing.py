"""Smoothing of n-gram counts: add-k, interpolated Witten-Bell, modified Kneser-Ney.

Each method returns one level per context length, from the shortest to the longest. A level reserves
part of the probability after a context (by discounts or extra counts). The reserved probability is
distributed by the level below, and at the lowest level by the uniform distribution. All methods are
written as interpolated models (Chen & Goodman 1998, "An Empirical Study of Smoothing Techniques for
Language Modeling", section 2).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct, field

Discounts: TypeAlias = tuple[float, float, float, float]
"""Discounts of counts of 0, 1, 2, and 3 or more."""

_NO_DISCOUNTS: Discounts = (0.0, 0.0, 0.0, 0.0)
_WITHOUT_FIRST = itemgetter(slice(1, None))


class BackoffLevel(Struct):
    """Counts and discounts of all contexts of one length.

    A token with count c after a context has the discounted probability ``(c - discount(c)) / total``.
    The backoff weight, ``1 - sum of discounted probabilities``, is computed as
    ``(discounts + extra) / total`` to avoid rounding errors.

    Attributes:
        followers: Count of each next token, by context.
        discounts: Discounts of the counts.
        extra_each: Added to the total of a context for each distinct next token.
        extra: Added to the total of a context.
    """

    followers: Mapping[str, Mapping[str, int]]
    discounts: Discounts = _NO_DISCOUNTS
    extra_each: float = 0.0
    extra: float = 0.0
    _cache: dict[str, tuple[float, float]] = field(default_factory=dict)

    def total_and_backoff_weight(self, context: str) -> tuple[float, float]:
        """Return the denominator of the probabilities after a context, and its backoff weight.

        Args:
            context: Context with at least one count.
        """
        cached = self._cache.get(context)
        if cached is None:
            counts = self.followers[context].values()
            extra = self.extra + self.extra_each * len(counts)
            total = sum(counts) + extra
            discounted = sum(self.discounts[min(count, 3)] for count in counts)
            cached = self._cache[context] = total, (discounted + extra) / total
        return cached


def add_k_levels(grams: Mapping[str, int], n_vocab: int, k: float) -> list[BackoffLevel]:
    """Return the level of add-k smoothing: ``(c + k) / (total + k V)`` for every token."""
    return [BackoffLevel(_group_by_context(grams), extra=k * n_vocab)]


def witten_bell_levels(grams: Mapping[str, int], order: int) -> list[BackoffLevel]:
    """Return the levels of Witten-Bell smoothing (Witten & Bell 1991, method C).

    With T distinct next tokens in N counts the discounted probability is ``c / (N + T)`` and the
    backoff weight is ``T / (N + T)``.
    """
    levels = [BackoffLevel(_group_by_context(grams), extra_each=1.0)]
    for _ in range(order - 1):
        grams = _drop_first_token(grams)
        levels.append(BackoffLevel(_group_by_context(grams), extra_each=1.0))
    return levels[::-1]


def kneser_ney_levels(grams: Mapping[str, int], order: int) -> list[BackoffLevel]:
    """Return the levels of interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998, section 3).

    Each level has three discounts, estimated from the number of n-grams that occur once, twice, three
    and four times. Below the highest order, the count of an n-gram is replaced by the number of
    distinct tokens before it (continuation count), because a token that follows only one token is
    unlikely after a new context. Every context is filled to full length, so continuation counts also
    apply to n-grams at the start of an item.
    """
    levels = [BackoffLevel(_group_by_context(grams), estimated_discounts(grams.values()))]
    for _ in range(order - 1):
        grams = Counter(map(_WITHOUT_FIRST, grams))
        levels.append(BackoffLevel(_group_by_context(grams), estimated_discounts(grams.values())))
    return levels[::-1]


def estimated_discounts(counts: Iterable[int]) -> Discounts:
    """Return the discounts D1, D2 and D3+ of modified Kneser-Ney (Chen & Goodman 1998, section 3).

    With n_c the number of n-grams that occur c times, ``D_c = c - (c + 1) Y n_(c+1) / n_c``, where
    ``Y = n_1 / (n_1 + 2 n_2)``. A discount that cannot be estimated or is not positive is set to 0.5,
    so the backoff weight is never 0.
    """
    n = Counter(counts)
    if not n[1]:
        return 0.0, 0.5, 0.5, 0.5
    y = n[1] / (n[1] + 2 * n[2])
    estimates = [c - (c + 1) * y * n[c + 1] / n[c] if n[c] and n[c + 1] else 0.0 for c in (1, 2, 3)]
    d1, d2, d3 = (estimate if estimate > 0 else 0.5 for estimate in estimates)
    return 0.0, d1, d2, d3


def _group_by_context(grams: Mapping[str, int]) -> dict[str, dict[str, int]]:
    followers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for gram, count in grams.items():
        followers[gram[:-1]][gram[-1]] = count
    return dict(followers)


def _drop_first_token(grams: Mapping[str, int]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for gram, count in grams.items():
        counts[gram[1:]] += count
    return dict(counts)

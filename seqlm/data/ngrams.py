"""N-gram counts, and next-token probabilities from smoothed counts.

An n-gram is stored as a string with one character ``chr(id)`` per token: strings are counted, sliced
and looked up faster than tuples and need a third of the memory.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, TypeAlias

from msgspec import Struct

from seqlm.data.smoothing import BackoffLevel, add_k_levels, kneser_ney_levels, witten_bell_levels

Smoothing: TypeAlias = Literal["add-k", "witten-bell", "kneser-ney"]
Sequences: TypeAlias = Iterable[Sequence[int]]

_MAX_CACHED = 1 << 22  # cached probabilities: 130 MB at most


class NgramCounts(Struct, frozen=True):
    """Counts of the n-grams of some sequences.

    Each target is counted once, together with the ``order - 1`` tokens before it. Positions before
    the first token are filled with ``fill_id``, so the counts of shorter n-grams can be derived.

    Attributes:
        order: n, the number of tokens in an n-gram; n >= 1.
        n_vocab: V, the vocabulary size.
        fill_id: Id that fills a context before the first token, in [0, V].
        grams: Count of each n-gram, as a string of ``chr(id)``.
    """

    order: int
    n_vocab: int
    fill_id: int
    grams: Mapping[str, int]

    @classmethod
    def fit(
        cls,
        sequences: Sequences,
        order: int,
        n_vocab: int,
        fill_id: int,
        *,
        only_last: bool = False,
    ) -> "NgramCounts":
        """Count the n-grams of sequences.

        Args:
            sequences: Token ids. All tokens but the first of each sequence are targets.
            order: n.
            n_vocab: V.
            fill_id: Id that fills a context before the first token, in [0, V].
            only_last: Whether only the last token of each sequence is a target.
        """
        packed = map(pack, sequences)
        grams = chain.from_iterable(_windows(text, order, fill_id, only_last) for text in packed)
        return cls(order, n_vocab, fill_id, Counter(grams))


class NgramTable:
    """Next-token probabilities from smoothed n-gram counts.

    The distribution after a context interpolates the relative counts after the context with the
    distribution after the next shorter context, down to the uniform distribution. No probability
    is 0.

    Args:
        counts: N-gram counts.
        smoothing: Smoothing method; see :mod:`seqlm.data.smoothing`.
        add_k: Pseudocount of add-k smoothing.
    """

    def __init__(
        self, counts: NgramCounts, smoothing: Smoothing = "add-k", add_k: float = 1.0
    ) -> None:
        self.counts = counts
        self.order, self.n_vocab, self.fill_id = counts.order, counts.n_vocab, counts.fill_id
        self._levels = _make_levels(counts, smoothing, add_k)
        self._uniform = [1 / self.n_vocab] * self.n_vocab
        self._cache: dict[str, list[float]] = {}

    @classmethod
    def fit(
        cls,
        sequences: Sequences,
        order: int,
        n_vocab: int,
        fill_id: int,
        smoothing: Smoothing = "add-k",
        add_k: float = 1.0,
    ) -> "NgramTable":
        """Count the n-grams of ``sequences`` and smooth the counts; see :meth:`NgramCounts.fit`."""
        return cls(NgramCounts.fit(sequences, order, n_vocab, fill_id), smoothing, add_k)

    def probabilities(self, context: Sequence[int]) -> list[float]:
        """Return the probability of each of the V tokens after ``context``.

        Only the last ``order - 1`` tokens of the context are used; a shorter context is filled on
        the left with ``fill_id``. The list is cached: do not modify it.
        """
        n = self.order - 1
        return self.packed_probabilities((chr(self.fill_id) * n + pack(context))[-n:] if n else "")

    def packed_probabilities(self, context: str) -> list[float]:
        """Return :meth:`probabilities` for a context of exactly ``order - 1`` ``chr(id)``."""
        if len(self._cache) * self.n_vocab > _MAX_CACHED:
            self._cache.clear()
        return self._interpolate(context, len(self._levels))

    def _interpolate(self, context: str, n_levels: int) -> list[float]:
        """Return the interpolation of the ``n_levels`` lowest levels after ``context``."""
        if n_levels == 0:
            return self._uniform
        found = self._cache.get(context)
        if found is not None:
            return found
        level = self._levels[n_levels - 1]
        mixed = lower = self._interpolate(context[1:], n_levels - 1)
        seen = level.followers.get(context)
        if seen is not None:
            total, weight = level.total_and_backoff_weight(context)
            mixed = [weight * p for p in lower]
            for token, count in seen.items():
                mixed[ord(token)] += (count - level.discounts[min(count, 3)]) / total
            self._cache[context] = mixed
        return mixed

    def _probability(self, context: str, token: str) -> float:
        """Return one entry of :meth:`packed_probabilities` without computing the others."""
        p = 1 / self.n_vocab
        top = len(self._levels) - 1
        for depth, level in enumerate(self._levels):
            suffix = context[top - depth :]
            seen = level.followers.get(suffix)
            if seen is None:
                break  # a longer context cannot have counts either
            total, weight = level.total_and_backoff_weight(suffix)
            count = seen.get(token, 0)
            p = (count - level.discounts[min(count, 3)]) / total + weight * p
        return p

    def loss(self, sequences: Sequences) -> float:
        """Return the mean of -ln p over all targets in nats per token; NaN without targets."""
        counts = NgramCounts.fit(sequences, self.order, self.n_vocab, self.fill_id)
        return self.loss_of(counts)

    def loss_of(self, counts: NgramCounts) -> float:
        """Return the :meth:`loss` of sequences from their n-gram counts of the same order."""
        nats = math.fsum(
            -count * math.log(self._probability(gram[:-1], gram[-1]))
            for gram, count in counts.grams.items()
        )
        n_targets = sum(counts.grams.values())
        return nats / n_targets if n_targets else math.nan


def pack(ids: Sequence[int]) -> str:
    """Return token ids as a string of ``chr(id)``."""
    return "".join(map(chr, ids))


def _windows(text: str, order: int, fill_id: int, only_last: bool) -> Iterator[str]:
    """Return the n-gram that ends at each target of a packed sequence."""
    n_targets = len(text) - 1
    filled = chr(fill_id) * (order - 2) + text if order > 1 else text[1:]
    first = max(0, n_targets - 1) if only_last else 0
    return (filled[i : i + order] for i in range(first, n_targets))


def _make_levels(counts: NgramCounts, smoothing: Smoothing, add_k: float) -> list[BackoffLevel]:
    if smoothing == "add-k":
        return add_k_levels(counts.grams, counts.n_vocab, add_k)
    make_levels = witten_bell_levels if smoothing == "witten-bell" else kneser_ney_levels
    return make_levels(counts.grams, counts.order)

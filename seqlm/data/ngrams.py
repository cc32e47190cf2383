"""How often each group of n tokens was seen, and what that says about the next token.

Inside, a group of tokens (a gram) is a string of one character for each token, ``chr(id)``: strings
are counted, cut and looked up faster than tuples and take a third of the memory.
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

_MAX_CACHED = 1 << 22  # probabilities kept: 130 MB at most


class NgramCounts(Struct, frozen=True):
    """How often each gram of ``order`` tokens was seen: all there is to learn by counting.

    Every target is counted once, with the ``order - 1`` tokens before it. Where those reach back
    before the first token they are filled with ``fill_id``, so counts of shorter grams follow from
    these.

    Attributes:
        order: n, tokens in a gram; n >= 1.
        n_vocab: V.
        fill_id: The id that fills a context before the first token, in [0, V].
        grams: The count of each gram, as strings of ``chr(id)``.
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
        """Count the grams of ``sequences``; all but the first token of each are targets.

        With ``only_last`` the last token of each alone is one.
        """
        packed = map(pack, sequences)
        grams = chain.from_iterable(_windows(text, order, fill_id, only_last) for text in packed)
        return cls(order, n_vocab, fill_id, Counter(grams))


class NgramTable:
    """The probability of each next token, from counts.

    A context that was seen gives each token a share of its probability by count and keeps a rest,
    which goes to the tokens as the context without its first token would share it, and so on down
    to the uniform distribution. So no probability is 0.

    Args:
        counts: What was counted.
        smoothing: How much is kept; see :mod:`seqlm.data.smoothing`.
        add_k: What add-k adds to each count.
    """

    def __init__(
        self, counts: NgramCounts, smoothing: Smoothing = "add-k", add_k: float = 1.0
    ) -> None:
        self.counts = counts
        self.order, self.n_vocab, self.fill_id = counts.order, counts.n_vocab, counts.fill_id
        self._levels = _levels_of(counts, smoothing, add_k)
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
        """Count ``sequences`` and smooth the counts."""
        return cls(NgramCounts.fit(sequences, order, n_vocab, fill_id), smoothing, add_k)

    def probabilities(self, context: Sequence[int]) -> list[float]:
        """The probability of each of the V tokens after ``context``.

        Of a longer context the last ``order - 1`` tokens count; a shorter one is filled in front.
        The list is shared: do not change it.
        """
        n = self.order - 1
        return self.packed_probabilities((chr(self.fill_id) * n + pack(context))[-n:] if n else "")

    def packed_probabilities(self, context: str) -> list[float]:
        """:meth:`probabilities` of exactly ``order - 1`` tokens, as a string of ``chr(id)``."""
        if len(self._cache) * self.n_vocab > _MAX_CACHED:
            self._cache.clear()
        return self._shared(context, len(self._levels))

    def _shared(self, context: str, n_levels: int) -> list[float]:
        """The mixture of the ``n_levels`` lowest levels for a context of exactly that depth."""
        if n_levels == 0:
            return self._uniform
        found = self._cache.get(context)
        if found is not None:
            return found
        level = self._levels[n_levels - 1]
        mixed = lower = self._shared(context[1:], n_levels - 1)
        seen = level.followers.get(context)
        if seen is not None:
            total, rest = level.total_and_rest(context)
            mixed = [rest * p for p in lower]
            for token, count in seen.items():
                mixed[ord(token)] += (count - level.discounts[min(count, 3)]) / total
            self._cache[context] = mixed
        return mixed

    def _probability(self, context: str, token: str) -> float:
        """One entry of :meth:`packed_probabilities`, without the work for the others."""
        p = 1 / self.n_vocab
        top = len(self._levels) - 1
        for depth, level in enumerate(self._levels):
            suffix = context[top - depth :]
            seen = level.followers.get(suffix)
            if seen is None:
                break  # then no longer context was seen either
            total, rest = level.total_and_rest(suffix)
            count = seen.get(token, 0)
            p = (count - level.discounts[min(count, 3)]) / total + rest * p
        return p

    def loss(self, sequences: Sequences) -> float:
        """Mean of -ln p over all targets, in nats per token; NaN where there is no target."""
        counts = NgramCounts.fit(sequences, self.order, self.n_vocab, self.fill_id)
        return self.loss_of(counts)

    def loss_of(self, counts: NgramCounts) -> float:
        """:meth:`loss` of sequences that were counted with the same order."""
        nats = math.fsum(
            -count * math.log(self._probability(gram[:-1], gram[-1]))
            for gram, count in counts.grams.items()
        )
        n_targets = sum(counts.grams.values())
        return nats / n_targets if n_targets else math.nan


def pack(ids: Sequence[int]) -> str:
    """Token ids as a string of one character each."""
    return "".join(map(chr, ids))


def _windows(text: str, order: int, fill_id: int, only_last: bool) -> Iterator[str]:
    """The gram that ends at each target of a packed sequence."""
    n_targets = len(text) - 1
    line = chr(fill_id) * (order - 2) + text if order > 1 else text[1:]
    first = max(0, n_targets - 1) if only_last else 0
    return (line[i : i + order] for i in range(first, n_targets))


def _levels_of(counts: NgramCounts, smoothing: Smoothing, add_k: float) -> list[BackoffLevel]:
    if smoothing == "add-k":
        return add_k_levels(counts.grams, counts.n_vocab, add_k)
    make = witten_bell_levels if smoothing == "witten-bell" else kneser_ney_levels
    return make(counts.grams, counts.order)

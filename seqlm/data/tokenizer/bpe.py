"""Byte-pair encoding tokenizer (Sennrich, Haddow and Birch 2016, section 3.2).

Training starts with characters and repeatedly merges the most frequent pair of adjacent tokens. In
contrast to the paper there is no end-of-word symbol: a space belongs to the word after it, as in
GPT-2, so that the concatenated tokens are the text itself.

The tokens of a word are stored as a string with one character ``chr(id)`` per token, because
searching and replacing is faster in strings than in lists.
"""

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise
from operator import add
from typing import ClassVar, TypeAlias

from msgspec.structs import replace

from seqlm.data.tokenizer.base import Boundary, Tokenizer, format_tokens

Merge: TypeAlias = tuple[str, str]

WORD = r" ?[^ \n]{1,64}| |\n"
"""Pattern of the units that a merge cannot cross: a word of at most 64 characters with the space
before it, another space, or a line feed."""
_WORD = re.compile(WORD)
_BREAK = re.compile(r"[ \n]")
_MIN_COUNT = 2


class BpeTokenizer(Tokenizer, frozen=True, tag="bpe"):
    """Byte-pair encoding; ids are characters in code point order, merged tokens, the end token.

    Attributes:
        n_merges: Maximum number of merges; there are fewer if no pair occurs twice.
        merges: Pairs in the order in which they were merged.
        merge_counts: Count of each pair in the training split at the time of its merge.
    """

    is_multi_character: ClassVar[bool] = True
    n_merges: int = 500
    merges: tuple[Merge, ...] = ()
    merge_counts: tuple[int, ...] = ()

    def split(self, text: str) -> Sequence[str]:
        """Return the tokens of the text: all merges are applied in the order of training."""
        words, known = _WORD.findall(text), self._known_words
        new = {word for word in words if word not in known}
        if new:
            self._tokenize_words(list(new))
        return list(chain.from_iterable(map(known.__getitem__, words)))

    def safe_split_point(self, text: str, at: int) -> int:
        """Return the index of the first space or line feed from ``at`` on, or the end of the text."""
        found = _BREAK.search(text, at) if at else None
        return found.start() if found else min(at, 1) * len(text)

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "BpeTokenizer":
        """Return the tokenizer with the characters of all texts and the merges of the training texts.

        Two merges can give the same token.
        """
        found = list(learn_merges(Counter(_words_of(train)), self.n_merges))
        merges, counts = tuple(pair for pair, _ in found), tuple(count for _, count in found)
        characters = sorted(set(chain.from_iterable(texts)))
        own = list(dict.fromkeys([*characters, *(a + b for a, b in merges)]))
        trained = replace(self, merges=merges, merge_counts=counts).with_vocabulary(own, boundary)
        trained._tokenize_words(list(set(_words_of(texts))))
        return trained

    def after(self, n_merges: int) -> "BpeTokenizer":
        """Return a tokenizer with the same ids that applies the first ``n_merges`` merges only."""
        return replace(
            self, merges=self.merges[:n_merges], merge_counts=self.merge_counts[:n_merges]
        )

    def summary(self) -> str:
        """Return a summary, e.g. ``561 tokens: 60 characters, 500 merges and ∎``."""
        n_characters = sum(len(token) == 1 for token in self.tokens) - (self.end_id is not None)
        parts = [f"{n_characters:,} characters", f"{len(self.merges):,} merges"]
        return format_tokens(self.n_vocab, parts, self.end_id)

    def _tokenize_words(self, words: Sequence[str]) -> None:
        """Tokenize many words at once into the cache; unknown characters stay single tokens."""
        names = [*self.tokens, *sorted(set(chain.from_iterable(words)) - self.ids.keys())]
        numbers = {ord(name): i for i, name in enumerate(names) if len(name) == 1}
        border = chr(len(names))
        text = border.join(word.translate(numbers) for word in words)
        for pair, new in self._packed_merges:
            text = text.replace(pair, new)
        for word, packed in zip(words, text.split(border), strict=True):
            self._known_words[word] = [names[ord(token)] for token in packed]

    @cached_property
    def _packed_merges(self) -> list[tuple[str, str]]:
        ids = self.ids
        return [(chr(ids[a]) + chr(ids[b]), chr(ids[a + b])) for a, b in self.merges]

    @cached_property
    def _known_words(self) -> dict[str, list[str]]:
        """Cache of the tokens of each word."""
        return {}


def _words_of(texts: Sequence[str]) -> Iterator[str]:
    return chain.from_iterable(map(_WORD.findall, texts))


def learn_merges(words: Mapping[str, int], n_merges: int) -> Iterator[tuple[Merge, int]]:
    """Yield the most frequent pair of adjacent tokens inside words, merge it, and repeat.

    Among equally frequent pairs, the pair with the smaller ids is merged, as in the ``tokenizers``
    library.

    Args:
        words: Count of each distinct word.
        n_merges: Maximum number of pairs.

    Yields:
        Each pair, and its count at the time of its merge.
    """
    names = sorted(set(chain.from_iterable(words)))
    ids = {name: i for i, name in enumerate(names)}
    packed = ["".join(chr(ids[character]) for character in word) for word in words]
    pairs = _PairCounts(packed, list(words.values()))
    for _ in range(n_merges):
        pair, count = pairs.most_frequent()
        if not count:
            return
        a, b = names[ord(pair[0])], names[ord(pair[1])]
        new = ids.setdefault(a + b, len(names))
        if new == len(names):
            names.append(a + b)
        pairs.merge(pair, chr(new))
        yield (a, b), count


class _PairCounts:
    """Counts of adjacent token pairs, updated after each merge.

    Args:
        words: Each distinct word, packed.
        word_counts: Count of each word.
    """

    def __init__(self, words: list[str], word_counts: list[int]) -> None:
        self._words, self._word_counts = words, word_counts
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._word_indexes: defaultdict[str, set[int]] = defaultdict(set)
        for index, (word, n) in enumerate(zip(words, word_counts, strict=True)):
            for pair in map(add, word, word[1:]):
                self._counts[pair] += n
                self._word_indexes[pair].add(index)
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> tuple[str, int]:
        """Return the pair to merge next and its count; the count is 0 if no pair occurs twice."""
        while self._heap:
            stored, pair = heapq.heappop(self._heap)
            count = self._counts[pair]
            if count < _MIN_COUNT:
                continue
            if count == -stored:
                return pair, count
            heapq.heappush(self._heap, (-count, pair))  # other merges reduced the count
        return "", 0

    def merge(self, pair: str, new: str) -> None:
        """Replace the pair by the token ``new`` in every word."""
        counts, increased = self._counts, set[str]()
        for index in self._word_indexes.pop(pair):
            parts, n = self._words[index].split(pair), self._word_counts[index]
            counts[pair] -= n * (len(parts) - 1)
            self._words[index] = new.join(parts)
            for old_pair, new_pair in _adjacent_pairs(parts, pair, new):
                counts[old_pair] -= n
                counts[new_pair] += n
                self._word_indexes[new_pair].add(index)
                increased.add(new_pair)
        for new_pair in increased:
            heapq.heappush(self._heap, (-counts[new_pair], new_pair))


def _adjacent_pairs(parts: Sequence[str], pair: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield each pair next to a merged pair in a word, as it was before and as it is after the merge.

    Args:
        parts: The word split at each occurrence of the pair.
        pair: The merged pair.
        new: The token that replaces the pair.
    """
    first, second = pair[0], pair[1]
    for index, (left, right) in enumerate(pairwise(parts)):
        if left:
            yield left[-1] + first, left[-1] + new
        elif index > 0:
            yield second + first, new + new  # two adjacent merged pairs
        if right:
            yield second + right[0], new + right[0]

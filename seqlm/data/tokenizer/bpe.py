"""Byte-pair encoding (Sennrich, Haddow and Birch 2016, section 3.2), learned merge by merge.

As there, it begins with characters and joins the most frequent pair again and again. Left out: the
sign of a word's end. Instead a blank belongs to the word that follows it, as in GPT-2, so that the
tokens side by side are the text itself.

Inside, the tokens of a word are a string of one character for each, ``chr(id)``: such strings are
searched and replaced faster than lists.
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
"""What no merge crosses: a word of at most 64 characters with the blank before it, another blank, or
a line feed."""
_WORD = re.compile(WORD)
_BREAK = re.compile(r"[ \n]")
_LEAST_COUNT = 2


class BpeTokenizer(Tokenizer, frozen=True, tag="bpe"):
    """Characters in code point order, then what each merge made, then the end token.

    Attributes:
        n_merges: So many pairs are merged at most; fewer where no pair is left that occurs twice.
        merges: The pairs in the order in which they were merged.
        merge_counts: How often each of them stood in train when it was merged.
    """

    is_multi_character: ClassVar[bool] = True
    n_merges: int = 500
    merges: tuple[Merge, ...] = ()
    merge_counts: tuple[int, ...] = ()

    def split(self, text: str) -> Sequence[str]:
        """The tokens of the text: each merge is made in the order in which it was learned."""
        words, known = _WORD.findall(text), self._known_words
        new = {word for word in words if word not in known}
        if new:
            self._learn_words(list(new))
        return list(chain.from_iterable(map(known.__getitem__, words)))

    def safe_split_point(self, text: str, at: int) -> int:
        """The first blank or line feed from ``at`` on."""
        found = _BREAK.search(text, at) if at else None
        return found.start() if found else min(at, 1) * len(text)

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "BpeTokenizer":
        """The characters of all texts, and the merges that train gives; two may make the same."""
        found = list(learn_merges(Counter(_words_of(train)), self.n_merges))
        merges, counts = tuple(pair for pair, _ in found), tuple(count for _, count in found)
        characters = sorted(set(chain.from_iterable(texts)))
        own = list(dict.fromkeys([*characters, *(a + b for a, b in merges)]))
        learned = replace(self, merges=merges, merge_counts=counts).with_vocabulary(own, boundary)
        learned._learn_words(list(set(_words_of(texts))))
        return learned

    def after(self, n_merges: int) -> "BpeTokenizer":
        """The same vocabulary and ids with the first merges alone, to see a text grow together."""
        return replace(
            self, merges=self.merges[:n_merges], merge_counts=self.merge_counts[:n_merges]
        )

    def summary(self) -> str:
        """The vocabulary in a few words: ``561 tokens: 60 characters, 500 merges and ∎``."""
        n_characters = sum(len(token) == 1 for token in self.tokens) - (self.end_id is not None)
        parts = [f"{n_characters:,} characters", f"{len(self.merges):,} merges"]
        return format_tokens(self.n_vocab, parts, self.end_id)

    def _learn_words(self, words: Sequence[str]) -> None:
        """Find the tokens of many words at once; what is not in the vocabulary stays as it is."""
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
        """The tokens of each word that was met."""
        return {}


def _words_of(texts: Sequence[str]) -> Iterator[str]:
    return chain.from_iterable(map(_WORD.findall, texts))


def learn_merges(words: Mapping[str, int], n_merges: int) -> Iterator[tuple[Merge, int]]:
    """The most frequent pair of neighbours inside words, merged everywhere; then the next, and so on.

    Of equally frequent pairs the one whose tokens were there first is merged, characters by code
    point: so does the ``tokenizers`` library.

    Args:
        words: How often each word stands there.
        n_merges: So many pairs at most.

    Yields:
        Each pair, and how often it stands there when its turn has come.
    """
    names = sorted(set(chain.from_iterable(words)))
    ids = {name: i for i, name in enumerate(names)}
    packed = ["".join(chr(ids[character]) for character in word) for word in words]
    pairs = _Pairs(packed, list(words.values()))
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


class _Pairs:
    """How often each pair of neighbours stands there, kept up to date from merge to merge.

    Args:
        words: Each different word, packed.
        n_words: How often each of them stands there.
    """

    def __init__(self, words: list[str], n_words: list[int]) -> None:
        self._words, self._n_words = words, n_words
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._where: defaultdict[str, set[int]] = defaultdict(set)
        for place, (word, n) in enumerate(zip(words, n_words, strict=True)):
            for pair in map(add, word, word[1:]):
                self._counts[pair] += n
                self._where[pair].add(place)
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> tuple[str, int]:
        """The pair to merge next and how often it stands there; 0 where none stands there twice."""
        while self._heap:
            told, pair = heapq.heappop(self._heap)
            count = self._counts[pair]
            if count < _LEAST_COUNT:
                continue
            if count == -told:
                return pair, count
            heapq.heappush(self._heap, (-count, pair))  # some of it went into other merges
        return "", 0

    def merge(self, pair: str, new: str) -> None:
        """Make one token of each such pair, in every word that holds it."""
        counts, grown = self._counts, set[str]()
        for place in self._where.pop(pair):
            parts, n = self._words[place].split(pair), self._n_words[place]
            counts[pair] -= n * (len(parts) - 1)
            self._words[place] = new.join(parts)
            for lost, fresh in _beside(parts, pair, new):
                counts[lost] -= n
                counts[fresh] += n
                self._where[fresh].add(place)
                grown.add(fresh)
        for fresh in grown:
            heapq.heappush(self._heap, (-counts[fresh], fresh))


def _beside(parts: Sequence[str], pair: str, new: str) -> Iterator[tuple[str, str]]:
    """The pairs beside each merge in a word, before and after it.

    Args:
        parts: The word cut at each place where the pair stands.
        pair: What is merged.
        new: Into what.
    """
    first, second = pair[0], pair[1]
    for place, (left, right) in enumerate(pairwise(parts)):
        if left:
            yield left[-1] + first, left[-1] + new
        elif place > 0:
            yield second + first, new + new  # two merges side by side
        if right:
            yield second + right[0], new + right[0]

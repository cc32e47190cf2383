"""One character is one token."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import ClassVar

from seqlm.data.tokenizer.base import END, Boundary, Tokenizer, format_tokens, show_whitespace

_ALL_SHOWN, _LONG_RANGE, _RANGES_SHOWN = 12, 8, 4


class CharTokenizer(Tokenizer, frozen=True, tag="char"):
    """Characters numbered from 0 in code point order, the end token (if there is one) last."""

    token_noun_plural: ClassVar[str] = "characters"
    token_noun: ClassVar[str] = "letter"

    def split(self, text: str) -> str:
        """The text itself: a text is the sequence of its characters."""
        return text

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "CharTokenizer":
        """The different characters of all texts."""
        return self.with_vocabulary(sorted(set(chain.from_iterable(texts))), boundary)

    def split_items(self, items: Sequence[str]) -> str:
        """The tokens of all items in a row, an end token before the first and after each."""
        return f"{END}{END.join(items)}{END}"

    def summary(self) -> str:
        """The vocabulary in a few words, e.g. ``27 tokens: a-z and ∎``."""
        own = self.tokens if self.end_id is None else self.tokens[: self.end_id]
        return format_tokens(self.n_vocab, _described(own), self.end_id)


def _described(characters: Sequence[str]) -> list[str]:
    """All of a few characters; of many the long ranges, and how many others there are."""
    runs = _runs(characters)
    if len(characters) <= _ALL_SHOWN:
        return [" ".join(map(_range, runs))]
    long = [run for run in runs if len(run) >= _LONG_RANGE][:_RANGES_SHOWN]
    n_others = len(characters) - sum(map(len, long))
    others = [f"{n_others:,} {'others' if long else 'characters'}"] if n_others else []
    return [*map(_range, long), *others]


def _runs(characters: Sequence[str]) -> list[list[str]]:
    """Characters that follow each other in code point order, together."""
    numbered = enumerate(characters)
    grouped = groupby(numbered, key=lambda pair: ord(pair[1]) - pair[0])
    return [[character for _, character in run] for _, run in grouped]


def _range(run: Sequence[str]) -> str:
    if len(run) < 3:
        return " ".join(map(show_whitespace, run))
    return f"{show_whitespace(run[0])}-{show_whitespace(run[-1])}"

"""Character tokenizer."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import ClassVar

from seqlm.data.tokenizer.base import END, Boundary, Tokenizer, format_tokens, show_whitespace

_ALL_SHOWN, _LONG_RANGE, _RANGES_SHOWN = 12, 8, 4


class CharTokenizer(Tokenizer, frozen=True, tag="char"):
    """Tokenizer with one token per character; ids are in code point order, then the end token."""

    token_noun_plural: ClassVar[str] = "characters"
    token_noun: ClassVar[str] = "letter"

    def split(self, text: str) -> str:
        """Return the text itself, which is the sequence of its characters."""
        return text

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "CharTokenizer":
        """Return the tokenizer with the distinct characters of all texts."""
        return self.with_vocabulary(sorted(set(chain.from_iterable(texts))), boundary)

    def split_items(self, items: Sequence[str]) -> str:
        """Return the tokens of all items, with an end token before the first and after each item."""
        return f"{END}{END.join(items)}{END}"

    def summary(self) -> str:
        """Return a summary of the vocabulary, e.g. ``27 tokens: a-z and ∎``."""
        own = self.tokens if self.end_id is None else self.tokens[: self.end_id]
        return format_tokens(self.n_vocab, _describe(own), self.end_id)


def _describe(characters: Sequence[str]) -> list[str]:
    """Return all characters if they are few, else long ranges and the number of other characters."""
    runs = _find_runs(characters)
    if len(characters) <= _ALL_SHOWN:
        return [" ".join(map(_format_run, runs))]
    long = [run for run in runs if len(run) >= _LONG_RANGE][:_RANGES_SHOWN]
    n_others = len(characters) - sum(map(len, long))
    others = [f"{n_others:,} {'others' if long else 'characters'}"] if n_others else []
    return [*map(_format_run, long), *others]


def _find_runs(characters: Sequence[str]) -> list[list[str]]:
    """Return the runs of characters with consecutive code points."""
    grouped = groupby(enumerate(characters), key=lambda pair: ord(pair[1]) - pair[0])
    return [[character for _, character in run] for _, run in grouped]


def _format_run(run: Sequence[str]) -> str:
    if len(run) < 3:
        return " ".join(map(show_whitespace, run))
    return f"{show_whitespace(run[0])}-{show_whitespace(run[-1])}"

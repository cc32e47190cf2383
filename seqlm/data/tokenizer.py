"""Text to tokens and back. One character is one token."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from typing import Literal, TypeAlias

from msgspec import Struct

from seqlm import errors

END = "∎"
"""The end token as it is shown: it stands before the first and after the last token of an item."""

Boundary: TypeAlias = Literal["end", "none"]
_ALL_SHOWN, _LONG_RANGE, _RANGES_SHOWN = 12, 8, 4


class CharTokenizer(Struct, frozen=True, dict=True):
    """Characters numbered from 0 in code point order, the end token (if there is one) last.

    Attributes:
        tokens: The token of each id.
        end_id: The id of the end token, ``n_vocab - 1``; None where items have no end token.
    """

    tokens: tuple[str, ...]
    end_id: int | None

    @classmethod
    def from_text(cls, text: str, boundary: Boundary) -> "CharTokenizer":
        """The vocabulary of a text: its different characters, and the end token where there is one.

        Raises:
            RequestError: Fewer than two tokens, or the end token's sign stands in the text itself.
        """
        characters = sorted(set(text))
        if boundary == "end" and END in characters:
            raise errors.RequestError(
                f'the text holds "{END}", the sign of the end token. '
                "Take it out, or set data.boundary=none.",
                END,
            )
        tokens = (*characters, END) if boundary == "end" else tuple(characters)
        if len(tokens) < 2:
            only = f'only "{_visible(text[0])}"' if text else "no character"
            raise errors.RequestError(
                f"the text holds {only}; predicting needs at least 2 different tokens", text[:1]
            )
        return cls(tokens, len(tokens) - 1 if boundary == "end" else None)

    @property
    def n_vocab(self) -> int:
        """V, the number of tokens."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each token."""
        return {token: i for i, token in enumerate(self.tokens)}

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of ``text``.

        Raises:
            RequestError: A character is not in the vocabulary; names it and what is.
        """
        try:
            return list(map(self.ids.__getitem__, text))
        except KeyError as error:
            character = str(error.args[0])
        raise errors.RequestError(
            f'"{_visible(character)}" is not in this vocabulary ({self.summary()})', character
        )

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; the end token shows as its sign."""
        return "".join(map(self.tokens.__getitem__, ids))

    def split(self, text: str) -> list[str]:
        """The tokens of ``text`` as pieces of text, whether they are in the vocabulary or not."""
        return list(text)

    def summary(self) -> str:
        """The vocabulary in a few words, e.g. ``27 tokens: a-z and ∎``."""
        own = self.tokens if self.end_id is None else self.tokens[: self.end_id]
        parts = _described(own) + [END] * (self.end_id is not None)
        listed = " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
        return f"{self.n_vocab:,} tokens: {listed}"


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
        return " ".join(map(_visible, run))
    return f"{_visible(run[0])}-{_visible(run[-1])}"


def _visible(character: str) -> str:
    if character == " ":
        return "space"
    return character if character.isprintable() else ascii(character)[1:-1]

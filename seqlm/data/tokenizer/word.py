"""Word tokenizer."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import ClassVar

from seqlm import errors
from seqlm.data.tokenizer.base import (
    END,
    UNKNOWN,
    Boundary,
    Tokenizer,
    format_tokens,
    show_whitespace,
)

_WHITESPACE = re.compile(r"\s")
_SPECIAL = frozenset((END, UNKNOWN, "_"))


class WordTokenizer(Tokenizer, frozen=True, tag="word"):
    """Tokenizer with one token per word.

    Ids are in order of first occurrence, followed by the unknown token and the end token. Words are
    separated by whitespace, punctuation and symbols; an apostrophe inside a word is part of the word.
    A word that is not in the vocabulary becomes the unknown token.

    Attributes:
        fold_case: Whether upper and lower case are the same.
        keeps_punctuation: Whether each run of punctuation is a token; otherwise it is removed.
        takes_unknown: Whether there is an unknown token; otherwise an unknown word is an error.
        max_words: Maximum number of words, the most frequent ones; None for all words.
        called: Singular noun for one token, e.g. "number".
    """

    fold_case: bool = True
    keeps_punctuation: bool = False
    takes_unknown: bool = True
    max_words: int | None = None
    called: str = "word"
    is_multi_character: ClassVar[bool] = True
    separator: ClassVar[str] = " "

    @property
    def token_noun(self) -> str:
        """Singular noun for a token, e.g. "number"."""
        return self.called

    def split(self, text: str) -> Sequence[str]:
        """Return the words of the text, and its runs of punctuation if they are kept."""
        folded = text.lower() if self.fold_case else text
        words = folded.split()
        if "".join(words).isalnum():
            return words  # no punctuation: several times faster
        punctuation = "".join(sorted(filter(_is_punctuation, set(folded))))
        return _token_pattern(punctuation, self.keeps_punctuation).findall(folded)

    def join(self, tokens: Iterable[str]) -> str:
        """Return the words separated by spaces, with no space before punctuation after a word."""
        parts: list[str] = []
        follows_word = False
        for token in tokens:
            is_punctuation = _is_punctuation(token[:1])
            is_attached = is_punctuation and follows_word
            parts.append(token if not parts or is_attached else f" {token}")
            follows_word = not is_punctuation
        return "".join(parts)

    def normalize(self, text: str) -> str:
        """Return the tokens of the text joined again, without other whitespace or punctuation."""
        return self.join(self.split(text))

    def safe_split_point(self, text: str, at: int) -> int:
        """Return the index of the first whitespace from ``at`` on, or the end of the text."""
        found = _WHITESPACE.search(text, at) if at else None
        return found.start() if found else min(at, 1) * len(text)

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "WordTokenizer":
        """Return the tokenizer with the words of all texts, or the ``max_words`` most frequent."""
        counts = Counter(chain.from_iterable(map(self.split, texts)))
        if UNKNOWN in counts:
            raise errors.RequestError(
                f'the text contains "{UNKNOWN}", the symbol of the unknown token. Remove it.',
                UNKNOWN,
            )
        kept = dict(counts.most_common(self.max_words))
        if len(kept) < len(counts) and not self.takes_unknown:
            raise errors.RequestError(
                f"data.max_words={self.max_words} excludes {len(counts) - len(kept):,} words of"
                " the text: set data.unknown=true, or data.max_words=off",
                self.max_words,
            )
        if len(kept) == 1 < len(counts) and boundary == "none":
            raise errors.RequestError(
                f"data.max_words={self.max_words} keeps one of the text's {len(counts):,} words;"
                " needed: at least 2",
                self.max_words,
            )
        own = [word for word in counts if word in kept]
        return self.with_vocabulary(own, boundary, takes_unknown=self.takes_unknown)

    def unknown_token_error(self, token: str) -> errors.RequestError:
        """Return the error for an unknown word, with the nearest known word."""
        nearest = difflib.get_close_matches(token, self.tokens, n=1, cutoff=0.5)
        hint = f'. Nearest: "{show_whitespace(nearest[0])}"' if nearest else ""
        return errors.RequestError(
            f'"{show_whitespace(token)}" is not in this vocabulary ({self.summary()}){hint}', token
        )

    def summary(self) -> str:
        """Return a summary of the vocabulary, e.g. ``14 tokens: 12 words, ⁇ and ∎``."""
        special = (self.end_id is not None) + (self.unknown_id is not None)
        words = f"{self.n_vocab - special:,} {self.token_noun_plural}"
        unknown = [UNKNOWN] if self.unknown_id is not None else []
        return format_tokens(self.n_vocab, [words, *unknown], self.end_id)


@lru_cache(maxsize=4096)
def _is_punctuation(character: str) -> bool:
    """Return whether a character is punctuation or a symbol (Unicode categories P and S)."""
    if not character or character in _SPECIAL:
        return False
    return unicodedata.category(character)[0] in "PS"


@lru_cache(maxsize=64)
def _token_pattern(punctuation: str, keeps_punctuation: bool) -> re.Pattern[str]:
    """Return the pattern of one token, for texts with these punctuation characters."""
    quoted = "".join(map(re.escape, punctuation))
    word = rf"[^\s{END}{UNKNOWN}{quoted}]+"
    kept = f"|[{quoted}]+" if keeps_punctuation and punctuation else ""
    return re.compile(f"[{END}{UNKNOWN}]|{word}(?:['’]{word})*{kept}")

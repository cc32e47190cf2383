"""One word is one token."""

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

_BLANK = re.compile(r"\s")
_SPECIAL = frozenset((END, UNKNOWN, "_"))


class WordTokenizer(Tokenizer, frozen=True, tag="word"):
    """Words numbered from 0 in the order in which they first appear, unknown and end last.

    Blanks and line ends part words. So do punctuation and other signs; an apostrophe inside a word
    belongs to it. A word that is not in the vocabulary becomes the unknown token.

    Attributes:
        fold_case: Whether upper and lower case are the same.
        keeps_punctuation: Whether each run of signs is a token, too; else signs are dropped.
        takes_unknown: Whether there is an unknown token; else an unknown word is refused.
        max_words: So many words at most, the most frequent; None for all.
        called: What a person calls one of them, where they are not words of a language.
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
        """What a person calls a token."""
        return self.called

    def split(self, text: str) -> Sequence[str]:
        """The words of the text, and its runs of signs where those are kept."""
        folded = text.lower() if self.fold_case else text
        words = folded.split()
        if "".join(words).isalnum():
            return words  # no sign in it: several times faster
        signs = "".join(sorted(filter(_is_sign, set(folded))))
        return _pattern(signs, self.keeps_punctuation).findall(folded)

    def join(self, tokens: Iterable[str]) -> str:
        """The words with a blank between them, but for none before a sign that follows a word."""
        parts: list[str] = []
        follows_word = False
        for token in tokens:
            is_sign = _is_sign(token[:1])
            parts.append(token if not parts or (is_sign and follows_word) else f" {token}")
            follows_word = not is_sign
        return "".join(parts)

    def normalize(self, text: str) -> str:
        """The words of the text alone, as they are told apart."""
        return self.join(self.split(text))

    def safe_split_point(self, text: str, at: int) -> int:
        """The first blank from ``at`` on."""
        found = _BLANK.search(text, at) if at else None
        return found.start() if found else min(at, 1) * len(text)

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "WordTokenizer":
        """The words of all texts; with a bound, those that stand there most often."""
        counts = Counter(chain.from_iterable(map(self.split, texts)))
        if UNKNOWN in counts:
            raise errors.RequestError(
                f'the text holds "{UNKNOWN}", the sign of unknown words. Take it out.', UNKNOWN
            )
        kept = dict(counts.most_common(self.max_words))
        if len(kept) < len(counts) and not self.takes_unknown:
            raise errors.RequestError(
                f"data.max_words={self.max_words} leaves out {len(counts) - len(kept):,} words of"
                " the text: set data.unknown=true, or data.max_words=off",
                self.max_words,
            )
        if len(kept) == 1 < len(counts) and boundary == "none":
            raise errors.RequestError(
                f"data.max_words={self.max_words} leaves one word of the text's {len(counts):,};"
                " predicting needs at least 2",
                self.max_words,
            )
        own = [word for word in counts if word in kept]
        return self.with_vocabulary(own, boundary, takes_unknown=self.takes_unknown)

    def unknown_token_error(self, token: str) -> errors.RequestError:
        """The error for an unknown word; offers the nearest."""
        nearest = difflib.get_close_matches(token, self.tokens, n=1, cutoff=0.5)
        hint = f'. Nearest: "{show_whitespace(nearest[0])}"' if nearest else ""
        return errors.RequestError(
            f'"{show_whitespace(token)}" is not in this vocabulary ({self.summary()}){hint}', token
        )

    def summary(self) -> str:
        """The vocabulary in a few words: ``14 tokens: 12 words, ⁇ and ∎``."""
        special = (self.end_id is not None) + (self.unknown_id is not None)
        words = f"{self.n_vocab - special:,} {self.token_noun_plural}"
        unknown = [UNKNOWN] if self.unknown_id is not None else []
        return format_tokens(self.n_vocab, [words, *unknown], self.end_id)


@lru_cache(maxsize=4096)
def _is_sign(character: str) -> bool:
    """Whether a character is punctuation or a symbol (the Unicode categories P and S)."""
    if not character or character in _SPECIAL:
        return False
    return unicodedata.category(character)[0] in "PS"


@lru_cache(maxsize=64)
def _pattern(signs: str, keeps: bool) -> re.Pattern[str]:
    quoted = "".join(map(re.escape, signs))
    word = rf"[^\s{END}{UNKNOWN}{quoted}]+"
    kept = f"|[{quoted}]+" if keeps and signs else ""
    return re.compile(f"[{END}{UNKNOWN}]|{word}(?:['’]{word})*{kept}")

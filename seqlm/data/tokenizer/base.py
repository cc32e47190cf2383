"""What every tokenizer is: text to tokens, tokens to ids, and back."""

import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import ClassVar, Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from seqlm import errors

END = "∎"
"""The end token as it is shown: it stands before the first and after the last token of an item."""
UNKNOWN = "⁇"
"""The token of every word that is not in the vocabulary, as it is shown."""
MAX_VOCAB = sys.maxunicode
"""Tokens at most: where tokens are counted each id is a character, and so is what stands before them."""

Boundary: TypeAlias = Literal["end", "none"]
Self = TypeVar("Self", bound="Tokenizer")


class Tokenizer(Struct, frozen=True, dict=True, tag=True):
    """Cuts text into tokens and numbers them.

    One without tokens has learned no vocabulary yet; it can cut text, but not number it. Laws:
    ``join(split(text)) == normal(text)``, and ids lie in ``[0, n_vocab)``.

    Attributes:
        tokens: The token of each id.
        end_id: The id of the end token, the last; None where items have no end token.
        unknown_id: The id of the token for what is not in the vocabulary; None where that is refused.
        is_multi_character: Whether a person needs several keys to type one.
        gap: What stands between two tokens that are shown in a row.
    """

    tokens: tuple[str, ...] = ()
    end_id: int | None = None
    unknown_id: int | None = None
    is_multi_character: ClassVar[bool] = False
    separator: ClassVar[str] = ""

    @property
    def token_noun(self) -> str:
        """What a person calls a token."""
        return "token"

    @property
    def token_noun_plural(self) -> str:
        """What tokens are counted in, in the plural."""
        return f"{self.token_noun}s"

    def split(self, text: str) -> Sequence[str]:
        """The tokens of ``text``, whether they are in the vocabulary or not."""
        raise NotImplementedError

    def train(self: Self, texts: Sequence[str], train: Sequence[str], boundary: Boundary) -> Self:
        """This tokenizer with the vocabulary of some texts.

        Args:
            texts: All of them: nothing in them is left without a token.
            train: Those of them that may be counted.
            boundary: ``end``: there is an end token, the last of the vocabulary.

        Raises:
            RequestError: Fewer than two tokens or too many, or a sign of this program stands in the text
                itself.
        """
        raise NotImplementedError

    def summary(self) -> str:
        """The vocabulary in a few words, e.g. ``27 tokens: a-z and ∎``."""
        raise NotImplementedError

    def join(self, tokens: Iterable[str]) -> str:
        """The text that tokens make."""
        return "".join(tokens)

    def normalize(self, text: str) -> str:
        """The text as its tokens tell it; where every character counts, the text itself."""
        return text

    def safe_split_point(self, text: str, at: int) -> int:
        """The first place from ``at`` on where a cut in two leaves all tokens as they are."""
        return min(at, len(text))

    def with_vocabulary(
        self: Self, own: Sequence[str], boundary: Boundary, *, takes_unknown: bool = False
    ) -> Self:
        """This tokenizer with its own tokens numbered from 0, and the special ones after them."""
        if boundary == "end" and END in own:
            raise errors.RequestError(
                f'the text holds "{END}", the sign of the end token. '
                "Take it out, or set data.boundary=none.",
                END,
            )
        end = (END,) if boundary == "end" else ()
        if len(own) + len(end) < 2:
            only = (
                f'only "{show_whitespace(own[0])}"'
                if own
                else f"no {self.token_noun_plural.removesuffix('s')}"
            )
            raise errors.RequestError(
                f"the text holds {only}; predicting needs at least 2 different tokens", own[:1]
            )
        tokens = (*own, *((UNKNOWN,) if takes_unknown else ()), *end)
        if len(tokens) > MAX_VOCAB:
            raise errors.RequestError(
                f"the vocabulary has {len(tokens):,} tokens, and {MAX_VOCAB:,} at most are possible:"
                " take a smaller text, or bound its words with data.max_words",
                len(tokens),
            )
        end_id = len(tokens) - 1 if end else None
        unknown_id = len(own) if takes_unknown else None
        return replace(self, tokens=tokens, end_id=end_id, unknown_id=unknown_id)

    @property
    def n_vocab(self) -> int:
        """V, the number of tokens."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each token."""
        return {token: i for i, token in enumerate(self.tokens)}

    @cached_property
    def max_token_length(self) -> int:
        """Characters in the longest token."""
        return max(map(len, self.tokens), default=0)

    def tokens_to_ids(self, tokens: Sequence[str]) -> list[int]:
        """The ids of tokens.

        Raises:
            RequestError: One is not in the vocabulary, and there is no token for the unknown.
        """
        try:
            return list(map(self.ids.__getitem__, tokens))
        except KeyError:
            missing = self.unknown_tokens(tokens)
        if self.unknown_id is None:
            raise self.unknown_token_error(missing[0])
        return [self.ids.get(token, self.unknown_id) for token in tokens]

    def unknown_tokens(self, tokens: Iterable[str]) -> list[str]:
        """Those of some tokens that are not in the vocabulary, each once."""
        return list(dict.fromkeys(token for token in tokens if token not in self.ids))

    def unknown_token_error(self, token: str) -> errors.RequestError:
        """The error for a token that is not in the vocabulary; says what is."""
        return errors.RequestError(
            f'"{show_whitespace(token)}" is not in this vocabulary ({self.summary()})', token
        )

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of ``text``; see :meth:`tokens_to_ids`."""
        return self.tokens_to_ids(self.split(text))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; the end token shows as its sign."""
        return self.join(map(self.tokens.__getitem__, ids))

    def split_items(self, items: Sequence[str]) -> Sequence[str]:
        """The tokens of all items in a row, an end token before the first and after each."""
        end = (END,)
        return [*end, *chain.from_iterable(chain(self.split(item), end) for item in items)]


def format_tokens(n: int, parts: Sequence[str], end_id: int | None) -> str:
    """``27 tokens: a-z and ∎``."""
    all_parts = [*parts, *([END] if end_id is not None else [])]
    words = " and ".join(part for part in (", ".join(all_parts[:-1]), all_parts[-1]) if part)
    return f"{n:,} tokens: {words}"


def format_unknown_tokens(missing: Sequence[str]) -> str:
    """``"passed" is not in the vocabulary: read as ⁇``."""
    shown = ", ".join(f'"{show_whitespace(token)}"' for token in missing)
    return (
        f"{shown} {'is' if len(missing) == 1 else 'are'} not in the vocabulary: read as {UNKNOWN}"
    )


def format_untrained_prompt(token: str) -> str:
    """``124 never begins a line of train: nothing was taught about it alone``."""
    shown = show_whitespace(token)
    return f"{shown} never begins a line of train: nothing was taught about it alone"


def show_whitespace(token: str) -> str:
    """A token in a message: a space by its name, what cannot be printed by its escape."""
    if token == " ":
        return "space"
    return token if token.isprintable() else ascii(token)[1:-1]

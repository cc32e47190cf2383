"""Base class of tokenizers, and the text of messages about tokens."""

import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import ClassVar, Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from seqlm import errors

END = "∎"
"""The end token, as displayed. It occurs before the first and after the last token of an item."""
UNKNOWN = "⁇"
"""The unknown token, as displayed. It replaces each word that is not in the vocabulary."""
MAX_VOCAB = sys.maxunicode
"""Maximum vocabulary size: n-gram counts store each id and the start id as one character."""

Boundary: TypeAlias = Literal["end", "none"]
Self = TypeVar("Self", bound="Tokenizer")


class Tokenizer(Struct, frozen=True, dict=True, tag=True):
    """Converter between text, tokens and token ids.

    An untrained tokenizer has no vocabulary; it can split text, but not encode it. Every tokenizer
    satisfies ``join(split(text)) == normalize(text)`` and ``0 <= id < n_vocab``.

    Attributes:
        tokens: Token of each id.
        end_id: Id of the end token, the last id; None if items have no end token.
        unknown_id: Id of the unknown token; None if unknown tokens raise an error.
        is_multi_character: Whether a token can have several characters, and so needs several keys.
        separator: Text between two displayed tokens.
    """

    tokens: tuple[str, ...] = ()
    end_id: int | None = None
    unknown_id: int | None = None
    is_multi_character: ClassVar[bool] = False
    separator: ClassVar[str] = ""

    @property
    def token_noun(self) -> str:
        """Singular noun for a token, e.g. "letter"."""
        return "token"

    @property
    def token_noun_plural(self) -> str:
        """Plural noun for tokens, e.g. "characters"."""
        return f"{self.token_noun}s"

    def split(self, text: str) -> Sequence[str]:
        """Return the tokens of a text, including tokens that are not in the vocabulary."""
        raise NotImplementedError

    def train(self: Self, texts: Sequence[str], train: Sequence[str], boundary: Boundary) -> Self:
        """Return this tokenizer with a vocabulary built from texts.

        Args:
            texts: All texts; each of their tokens gets an id or is the unknown token.
            train: The training texts among them, the only texts that merges are learned from.
            boundary: ``end``: the vocabulary has an end token, with the last id.

        Raises:
            RequestError: The vocabulary has fewer than two tokens or more than ``MAX_VOCAB``, or the
                text contains the end token or the unknown token.
        """
        raise NotImplementedError

    def summary(self) -> str:
        """Return a summary of the vocabulary, e.g. ``27 tokens: a-z and ∎``."""
        raise NotImplementedError

    def join(self, tokens: Iterable[str]) -> str:
        """Return the text of some tokens."""
        return "".join(tokens)

    def normalize(self, text: str) -> str:
        """Return the text that splitting and joining gives; for most tokenizers the text itself."""
        return text

    def safe_split_point(self, text: str, at: int) -> int:
        """Return the first index from ``at`` on at which a split leaves all tokens unchanged."""
        return min(at, len(text))

    def with_vocabulary(
        self: Self, own: Sequence[str], boundary: Boundary, *, takes_unknown: bool = False
    ) -> Self:
        """Return this tokenizer with a vocabulary: ``own``, then the unknown and the end token.

        Args:
            own: Tokens of the texts, with ids from 0.
            boundary: ``end``: add the end token.
            takes_unknown: Whether to add the unknown token.

        Raises:
            RequestError: The vocabulary has fewer than two tokens or more than ``MAX_VOCAB``, or
                ``own`` contains the end token.
        """
        if boundary == "end" and END in own:
            raise errors.RequestError(
                f'the text contains "{END}", the symbol of the end token. '
                "Remove it, or set data.boundary=none.",
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
                f"the text has {only}; needed: at least 2 different tokens", own[:1]
            )
        tokens = (*own, *((UNKNOWN,) if takes_unknown else ()), *end)
        if len(tokens) > MAX_VOCAB:
            raise errors.RequestError(
                f"the vocabulary has {len(tokens):,} tokens; allowed: at most {MAX_VOCAB:,}. Use a"
                " smaller text, or limit its words with data.max_words",
                len(tokens),
            )
        end_id = len(tokens) - 1 if end else None
        unknown_id = len(own) if takes_unknown else None
        return replace(self, tokens=tokens, end_id=end_id, unknown_id=unknown_id)

    @property
    def n_vocab(self) -> int:
        """V, the vocabulary size."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id of each token."""
        return {token: i for i, token in enumerate(self.tokens)}

    @cached_property
    def max_token_length(self) -> int:
        """Number of characters of the longest token."""
        return max(map(len, self.tokens), default=0)

    def tokens_to_ids(self, tokens: Sequence[str]) -> list[int]:
        """Return the ids of tokens.

        Raises:
            RequestError: A token is not in the vocabulary, and there is no unknown token.
        """
        try:
            return list(map(self.ids.__getitem__, tokens))
        except KeyError:
            unknown = self.unknown_tokens(tokens)
        if self.unknown_id is None:
            raise self.unknown_token_error(unknown[0])
        return [self.ids.get(token, self.unknown_id) for token in tokens]

    def unknown_tokens(self, tokens: Iterable[str]) -> list[str]:
        """Return the distinct tokens that are not in the vocabulary."""
        return list(dict.fromkeys(token for token in tokens if token not in self.ids))

    def unknown_token_error(self, token: str) -> errors.RequestError:
        """Return the error for a token that is not in the vocabulary."""
        return errors.RequestError(
            f'"{show_whitespace(token)}" is not in this vocabulary ({self.summary()})', token
        )

    def encode(self, text: str) -> list[int]:
        """Return the ids of the tokens of a text; see :meth:`tokens_to_ids`."""
        return self.tokens_to_ids(self.split(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token ids; the end token becomes its symbol."""
        return self.join(map(self.tokens.__getitem__, ids))

    def split_items(self, items: Sequence[str]) -> Sequence[str]:
        """Return the tokens of all items, with an end token before the first and after each item."""
        end = (END,)
        return [*end, *chain.from_iterable(chain(self.split(item), end) for item in items)]


def format_tokens(n: int, parts: Sequence[str], end_id: int | None) -> str:
    """Return the summary of a vocabulary, e.g. ``27 tokens: a-z and ∎``.

    Args:
        n: Vocabulary size.
        parts: Descriptions of the tokens, without the end token.
        end_id: Id of the end token, if there is one.
    """
    all_parts = [*parts, *([END] if end_id is not None else [])]
    words = " and ".join(part for part in (", ".join(all_parts[:-1]), all_parts[-1]) if part)
    return f"{n:,} tokens: {words}"


def format_unknown_tokens(tokens: Sequence[str]) -> str:
    """Return a message such as ``"passed" is not in the vocabulary: read as ⁇``."""
    shown = ", ".join(f'"{show_whitespace(token)}"' for token in tokens)
    verb = "is" if len(tokens) == 1 else "are"
    return f"{shown} {verb} not in the vocabulary: read as {UNKNOWN}"


def format_untrained_prompt(token: str) -> str:
    """Return a message such as ``no training line starts with 124, so this prompt is untrained``."""
    shown = show_whitespace(token)
    return f"no training line starts with {shown}, so this prompt is untrained"


def show_whitespace(token: str) -> str:
    """Return a token for a message: "space" for a space, an escape for unprintable characters."""
    if token == " ":
        return "space"
    return token if token.isprintable() else ascii(token)[1:-1]

"""Conversion between a typed prompt and tokens of the vocabulary."""

from itertools import takewhile

from seqlm.sanitize import sanitize
from workbench.panes.generate.view_model import PredictionSource

_PICTURES = {sanitize(sign): sign for sign in (*map(chr, range(0x20)), "\x7f")}


def tokens_of(typed: str, source: PredictionSource) -> tuple[str, ...]:
    """Return the tokens of a typed prompt; ``␊`` is a line feed, ``␉`` is a tab.

    If the vocabulary has an unknown token, it replaces what is not in the vocabulary.

    Raises:
        RequestError: The prompt has characters or words that are not in the vocabulary.
    """
    tokenizer = source.tokenizer
    shown = {sanitize(token): token for token in source.vocabulary if len(token) == 1}
    pictures = {s: t for s, t in (_PICTURES | shown).items() if s not in tokenizer.ids}
    ids = tokenizer.encode("".join(pictures.get(char, char) for char in typed))
    return tuple(map(tokenizer.tokens.__getitem__, ids))


def unknown_in(typed: str, source: PredictionSource) -> list[str]:
    """Return the words of a typed prompt that become the unknown token."""
    if source.tokenizer.unknown_id is None:
        return []
    return source.tokenizer.unknown_tokens(source.tokenizer.split(typed))


def typed_text(tokens: tuple[str, ...], source: PredictionSource) -> str:
    """Return the text that `tokens_of` converts to these tokens."""
    return sanitize(source.tokenizer.join(tokens))


def usable_prompt(prompt: str, source: PredictionSource) -> tuple[str, ...]:
    """Return the tokens of a prompt before the first unknown one.

    A corpus without an end token needs at least one token, so an empty prompt becomes the one that a
    text of the corpus starts with, or the first token of the vocabulary.
    """
    tokenizer = source.tokenizer
    kept = tuple(takewhile(tokenizer.ids.__contains__, tokenizer.split(prompt)))
    return kept if kept or source.has_end else source.default_prompt or source.vocabulary[:1]

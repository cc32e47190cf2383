"""The prompt: what a person types, as tokens of the vocabulary and back."""

from itertools import takewhile

from workbench.panes.generate.view_model import PredictionSource
from workbench.render.sanitize import sanitize

MAX_PROMPT = 2000
_PICTURES = {sanitize(sign): sign for sign in (*map(chr, range(0x20)), "\x7f")}


def tokens_of(typed: str, source: PredictionSource) -> tuple[str, ...]:
    """The tokens of a typed prompt; ``␊`` stands for a line end, ``␉`` for a tab.

    What is not in the vocabulary becomes the unknown token, where there is one.

    Raises:
        RequestError: Something is not in the vocabulary; says what, and what is.
    """
    tokenizer = source.tokenizer
    shown = {sanitize(token): token for token in source.vocabulary if len(token) == 1}
    pictures = {s: t for s, t in (_PICTURES | shown).items() if s not in tokenizer.ids}
    ids = tokenizer.encode("".join(pictures.get(char, char) for char in typed))
    return tuple(map(tokenizer.tokens.__getitem__, ids))


def unknown_in(typed: str, source: PredictionSource) -> list[str]:
    """The words of a typed prompt that become the unknown token."""
    if source.tokenizer.unknown_id is None:
        return []
    return source.tokenizer.unknown_tokens(source.tokenizer.split(typed))


def typed_text(tokens: tuple[str, ...], source: PredictionSource) -> str:
    """The text that `tokens_of` reads as these tokens."""
    return sanitize(source.tokenizer.join(tokens))


def is_usable_prompt(prompt: str, source: PredictionSource) -> tuple[str, ...]:
    """The prompt as far as the vocabulary has its tokens, or one that there is something to go on.

    A text without an end token has to begin after some token.
    """
    tokenizer = source.tokenizer
    kept = tuple(takewhile(tokenizer.ids.__contains__, tokenizer.split(prompt)))
    if kept or source.has_end:
        return kept
    line_end = tuple(tokenizer.split("\n"))
    is_known = bool(line_end) and not tokenizer.unknown_tokens(line_end)
    return line_end if is_known else source.vocabulary[:1]

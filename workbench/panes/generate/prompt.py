"""The prompt: what a person types, as tokens of the vocabulary and back."""

from seqlm.data.tokenizer import CharTokenizer
from workbench.panes.generate.view import Source
from workbench.render.text import clean

MAX_PROMPT = 2000


def tokens_of(typed: str, source: Source) -> tuple[str, ...]:
    """The tokens of a typed prompt; ``␊`` stands for a line end, ``␉`` for a tab.

    Raises:
        RequestError: A character is not in the vocabulary; says which, and what is.
    """
    known = frozenset(source.vocabulary)
    pictures = {clean(token): token for token in source.vocabulary if clean(token) not in known}
    text = "".join(pictures.get(char, char) for char in typed)
    end_id = len(source.vocabulary) - 1 if source.has_end else None
    CharTokenizer(source.vocabulary, end_id).encode(text)
    return tuple(text)


def typed_text(tokens: tuple[str, ...]) -> str:
    """The text that `tokens_of` reads as these tokens."""
    return "".join(map(clean, tokens))


def usable(prompt: tuple[str, ...], source: Source) -> tuple[str, ...]:
    """The prompt as far as the vocabulary has its tokens, or one that there is something to go on.

    A text without an end token has to begin after some token.
    """
    known = frozenset(source.vocabulary)
    kept: list[str] = []
    for token in prompt:
        if token not in known:
            break
        kept.append(token)
    if not kept and not source.has_end:
        return ("\n",) if "\n" in known else source.vocabulary[:1]
    return tuple(kept)

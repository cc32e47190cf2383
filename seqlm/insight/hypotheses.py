"""Plain descriptions that a hidden unit is compared with, such as "after a vowel".

A hypothesis gives a number to each position of a text, from the tokens read so far. A unit responds
to a hypothesis if its values tell positions with a large number from positions with a small one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from seqlm.data.tokenizer import END

Values: TypeAlias = list[float]
_VOWELS = frozenset("aeiouyAEIOUY")
_OPENING, _CLOSING = "([{", ")]}"
_MAX_TOKENS = 30


class Hypothesis(NamedTuple):
    """Description of a property of a position.

    Attributes:
        name: The description in words.
        values: Returns a number for each position of a text: 1 and 0 for a property that holds or
            does not, else a quantity.
        is_quantity: True for a quantity.
    """

    name: str
    values: Callable[[Sequence[str]], Values]
    is_quantity: bool = False


def make_hypotheses(texts: Sequence[Sequence[str]]) -> list[Hypothesis]:
    """Return the hypotheses for a corpus: general ones, and one for each frequent token.

    Args:
        texts: Sample of the corpus, as tokens.
    """
    counts = Counter(token for tokens in texts for token in tokens)
    frequent = [token for token, _ in counts.most_common(_MAX_TOKENS)]
    after = [Hypothesis(f"after {_name(token)}", _is_token(token)) for token in frequent]
    return [*GENERAL, *after]


def _name(token: str) -> str:
    names = {" ": "a space", "\n": "a newline", END: "the end token", "\t": "a tab"}
    return names.get(token, f'"{token}"')


def _is_token(token: str) -> Callable[[Sequence[str]], Values]:
    return lambda tokens: [float(found == token) for found in tokens]


def _has(test: Callable[[str], bool], back: int = 0) -> Callable[[Sequence[str]], Values]:
    """Return the property that a test holds for the token ``back`` places before the last one."""
    return lambda tokens: [float(t >= back and test(tokens[t - back])) for t in range(len(tokens))]


def first_own_index(tokens: Sequence[str]) -> int:
    """Return the index of the first token of the text itself: 1 after an end token, else 0."""
    return int(bool(tokens) and tokens[0] == END)


def _is_first(tokens: Sequence[str]) -> Values:
    """Return 1 at the first token that is not the end token with which a text begins."""
    first = first_own_index(tokens)
    return [float(t == first) for t in range(len(tokens))]


def _position(tokens: Sequence[str]) -> Values:
    return [float(t) for t in range(len(tokens))]


def _since(test: Callable[[str], bool]) -> Callable[[Sequence[str]], Values]:
    """Return the number of tokens since a test last held, or since the beginning."""

    def count(tokens: Sequence[str]) -> Values:
        values, since = [], 0.0
        for token in tokens:
            since = 0.0 if test(token) else since + 1
            values.append(since)
        return values

    return count


def _bracket_depth(tokens: Sequence[str]) -> Values:
    values, depth = [], 0
    for token in tokens:
        depth += sum(c in _OPENING for c in token) - sum(c in _CLOSING for c in token)
        depth = max(0, depth)
        values.append(float(depth))
    return values


def _inside_quotes(tokens: Sequence[str]) -> Values:
    values, is_inside = [], False
    for token in tokens:
        is_inside ^= token.count('"') % 2 == 1
        values.append(float(is_inside))
    return values


def _is_vowel(token: str) -> bool:
    return token in _VOWELS


def _is_letter(token: str) -> bool:
    return token != END and token.isalpha()


GENERAL: tuple[Hypothesis, ...] = (
    Hypothesis("position in the text", _position, is_quantity=True),
    Hypothesis(
        "tokens since a newline", _since(lambda token: token in ("\n", END)), is_quantity=True
    ),
    Hypothesis(
        "tokens since a space",
        _since(lambda token: token in (" ", "\n", END)),
        is_quantity=True,
    ),
    Hypothesis("bracket depth", _bracket_depth, is_quantity=True),
    Hypothesis("the first token", _is_first),
    Hypothesis("after a vowel", _has(_is_vowel)),
    Hypothesis("a vowel two tokens back", _has(_is_vowel, 1)),
    Hypothesis("a vowel three tokens back", _has(_is_vowel, 2)),
    Hypothesis("inside a word", _has(_is_letter)),
    Hypothesis("after a capital letter", _has(lambda token: token[:1].isupper())),
    Hypothesis("after a digit", _has(str.isdigit)),
    Hypothesis("after a sentence end", _has(lambda token: token in (".", "!", "?"))),
    Hypothesis("inside quotation marks", _inside_quotes),
)
"""Hypotheses for every corpus. Of two that fit equally well, the first one describes the unit."""

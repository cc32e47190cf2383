"""Search for commands: which titles match a typed text, and which of them match best."""

import difflib
import re
from collections.abc import Sequence

from msgspec import Struct

_WORD = re.compile(r"\w+")
_SYNONYMS = {
    "lr": "learning rate",
    "exit": "quit",
    "continue": "resume",
    "load": "open",
    "remove": "delete",
}
_TYPO_CUTOFF = 0.75


class CommandMatch(Struct, frozen=True):
    """Title that matches a search.

    Attributes:
        index: Index of the title.
        score: Quality of the match, above 0 to 1.
        spans: Matched parts of the title as pairs of first and last position, exclusive.
    """

    index: int
    score: float
    spans: Sequence[tuple[int, int]]


def search_titles(query: str, titles: Sequence[str]) -> list[CommandMatch]:
    """Return the titles that contain every word of a query, the best match first.

    A title matches better if its words begin with the words of the query, and best if the command
    itself does. Equal matches keep their order. If no title matches, misspelled words are replaced by
    the nearest words of the titles.
    """
    words = _words_of(query)
    found = _matching(words, titles)
    return found or _matching(_corrected(words, titles), titles)


def _matching(words: Sequence[str], titles: Sequence[str]) -> list[CommandMatch]:
    matches = (_match(words, index, title) for index, title in enumerate(titles))
    return sorted((match for match in matches if match), key=lambda match: -match.score)


def _match(words: Sequence[str], index: int, title: str) -> CommandMatch | None:
    """Return the match of one title; None if a word is missing.

    A remark after a semicolon is not searched.
    """
    lower, spans = title.lower().partition(";")[0], list[tuple[int, int]]()
    starts = {found.start() for found in _WORD.finditer(lower)}
    for word in words:
        places = [found.start() for found in re.finditer(re.escape(word), lower)]
        if not places:
            return None
        begin = next((place for place in places if place in starts), places[0])
        spans.append((begin, begin + len(word)))
    if not spans:
        return None
    n_at_start = sum(begin in starts for begin, _ in spans)
    first = lower.find(": ") + 2 if ": " in lower else 0
    is_command = spans[0][0] in (0, first)
    return CommandMatch(index, (1 + n_at_start / len(spans) + is_command) / 3, spans)


def _words_of(query: str) -> list[str]:
    return " ".join(_SYNONYMS.get(word, word) for word in query.lower().split()).split()


def _corrected(words: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Return the words, each replaced by the nearest word of the titles if there is one."""
    known = sorted({word for title in titles for word in _WORD.findall(title.lower())})
    near = (difflib.get_close_matches(word, known, n=1, cutoff=_TYPO_CUTOFF) for word in words)
    return [found[0] if found else word for word, found in zip(words, near, strict=True)]

"""Novelty of a generated text: the split and line where it occurs, and its longest copied stretch.

A large corpus is searched in pieces of one or two milliseconds, so that the screen can draw between
them.
"""

from collections.abc import Generator, Iterator
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import SPLITS, Split
from workbench.render import number_format
from workbench.render.sanitize import token_glyph

MOST_TOKENS = 300
"""Number of final characters compared in a long text that was not followed from its start."""
LARGEST_TEXT = 20_000_000
"""Maximum size of the training split, in characters, in which copied stretches are searched."""
_CHARACTERS_PER_PIECE, _ITEMS_PER_PIECE = 1 << 20, 50_000
_MOST_KEPT, _MOST_SHOWN = 2000, 24


class NoveltyResult(Struct, frozen=True):
    """Result for one text.

    Attributes:
        split: First split that contains exactly this item; None if no split does, or if the text is
            not an item.
        line: Line number in the corpus, from 1.
        copied: Longest stretch that also occurs in train; None if it was not searched.
        is_item: Whether the text was searched as an item: a line that reached its end token, or any
            text where lines have no end token.
        has_ended: Whether the text reached its end token; only then can an item be new.
    """

    split: Split | None = None
    line: int | None = None
    copied: str | None = None
    is_item: bool = True
    has_ended: bool = True


class _Run(NamedTuple):
    """State of a comparison: length of the longest suffix in train, and the longest stretch."""

    n_end: int
    longest: str


class Novelty:
    """Search for generated texts in one corpus, with stored results.

    Attributes:
        findings: Results by text and whether it reached its end token.
    """

    def __init__(self, text: PreparedText) -> None:
        self.text = text
        self.findings: dict[tuple[str, bool], NoveltyResult] = {}
        self._runs: dict[str, _Run] = {}

    def search(self, text: str, has_ended: bool) -> Iterator[None]:
        """Search for a text piece by piece; after the last piece the result is in ``findings``."""
        split, line = None, None
        is_item = self.text.is_item(has_ended)
        if is_item:
            split = yield from self._split_of(text)
            if split is not None:
                line = yield from self._line_of(text)
        copied = yield from self._longest_copied(text)
        if len(self.findings) >= _MOST_KEPT:
            self.findings.clear()
        self.findings[text, has_ended] = NoveltyResult(split, line, copied, is_item, has_ended)

    def _split_of(self, item: str) -> Generator[None, None, Split | None]:
        for split in SPLITS:
            items = self.text.items[split]
            for begin in range(0, len(items), _ITEMS_PER_PIECE):
                try:
                    items.index(item, begin, begin + _ITEMS_PER_PIECE)
                except ValueError:
                    yield
                else:
                    return split
        return None

    def _line_of(self, item: str) -> Generator[None, None, int | None]:
        """Return the number of the first line that is this item, apart from trailing blanks."""
        text, begin = self.text.corpus.text, 0
        while _line_at(text, begin) != item:
            at = yield from _found(text, f"\n{item}", begin)
            if at < 0:
                return None
            begin = at + 1
        n_before = 0
        for start in range(0, begin, _CHARACTERS_PER_PIECE):
            n_before += text.count("\n", start, min(begin, start + _CHARACTERS_PER_PIECE))
            yield
        return n_before + 1

    @cached_property
    def _train(self) -> str | None:
        if self.text.n_characters("train") > LARGEST_TEXT:
            return None
        return "\n".join(self.text.items["train"])

    def _longest_copied(self, text: str) -> Generator[None, None, str | None]:
        train = self._train
        if train is None:
            return None
        known = next((n for n in range(len(text), 0, -1) if text[:n] in self._runs), 0)
        begin = max(known, len(text) - MOST_TOKENS)
        run = self._runs.get(text[:begin], _Run(0, ""))
        for n in range(begin + 1, len(text) + 1):
            n_end = yield from _longest_end(train, text[max(0, n - run.n_end - 1) : n])
            longest = max(run.longest, text[n - n_end : n], key=len)
            run = self._runs[text[:n]] = _Run(n_end, longest)
        if len(self._runs) > _MOST_KEPT:
            self._runs = {text: run}
        return run.longest


def _longest_end(train: str, text: str) -> Generator[None, None, int]:
    """Return the length of the longest suffix of a text that occurs in train.

    Every shorter suffix occurs too, so a binary search finds it.
    """
    low, high = 0, len(text)
    length = high
    while low < high:
        stands = (yield from _found(train, text[len(text) - length :])) >= 0
        low, high = (length, high) if stands else (low, length - 1)
        length = (low + high + 1) // 2
    return low


def _line_at(text: str, begin: int) -> str:
    end = text.find("\n", begin)
    return text[begin : end if end >= 0 else len(text)].rstrip()


def _found(text: str, part: str, start: int = 0) -> Generator[None, None, int]:
    """Return ``text.find(part, start)``, searched in pieces."""
    for begin in range(start, len(text), _CHARACTERS_PER_PIECE):
        at = text.find(part, begin, begin + _CHARACTERS_PER_PIECE + len(part) - 1)
        if at >= 0:
            return at
        yield
    return -1


def describe_novelty(finding: NoveltyResult) -> str:
    """Return where an item occurs, as text; empty if the text is not an item."""
    if finding.split is None:
        return describe_not_found(finding.has_ended) if finding.is_item else ""
    line = (
        f" (line {number_format.format_count(finding.line)})"
        if finding.line and finding.split == "train"
        else ""
    )
    return f"in {finding.split}{line}"


def describe_not_found(has_ended: bool) -> str:
    """Return the text for an item in no split; without an end token it may be part of a line."""
    return "new" if has_ended else "not a whole line"


def describe_copied(finding: NoveltyResult, n_characters: int) -> str:
    """Return the longest copied stretch as text; empty if everything or almost nothing is copied.

    Args:
        finding: Result for the text.
        n_characters: Length of the text.
    """
    if finding.copied is None:
        return "the text is too large to search for copied stretches"
    n_copied = len(finding.copied)
    if finding.split == "train" or n_copied < 2:
        return ""
    shown = "".join(token_glyph(token) for token in finding.copied[-_MOST_SHOWN:])
    shown = f"…{shown}" if n_copied > _MOST_SHOWN else shown
    if finding.is_item:
        inside = ", inside a longer one" if n_copied == n_characters else ""
        return f"longest stretch copied: {shown} ({n_copied:,} of {n_characters:,}{inside})"
    return f"longest run copied: {n_copied:,} characters, {shown}"

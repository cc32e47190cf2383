"""Train, validation and test splits of lists and streams."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from seqlm import errors

Split: TypeAlias = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Shares: TypeAlias = tuple[int, int, int]

_MIN_LINES = 10  # per split, if there are several splits
_MIN_TOKENS = 100


def parse_shares(text: str) -> Shares:
    """Parse percentages such as ``80/10/10``.

    Raises:
        RequestError: The percentages do not sum to 100, or the training share is 0.
    """
    train, val, test = map(int, text.split("/"))
    if train + val + test != 100 or not train:
        raise errors.RequestError(
            f"data.split={text} must sum to 100 with a training share above 0, e.g. 80/10/10", text
        )
    return train, val, test


def split_lines(lines: Sequence[str], shares: Shares, seed: int) -> Mapping[Split, tuple[str, ...]]:
    """Shuffle lines with ``random.Random(seed)`` and split them at the percentages.

    Shares 80/10/10 and seed 42 give the splits of the makemore lectures, which shuffle with
    ``random.seed(42)`` and split at ``int(0.8 * n)`` and ``int(0.9 * n)``.
    """
    shuffled = list(lines)
    random.Random(seed).shuffle(shuffled)
    first, second = _split_indexes(len(shuffled), shares)
    return {
        "train": tuple(shuffled[:first]),
        "val": tuple(shuffled[first:second]),
        "test": tuple(shuffled[second:]),
    }


def split_stream(
    text: str, shares: Shares, safe_split_point: Callable[[str, int], int]
) -> Mapping[Split, tuple[str, ...]]:
    """Split a long text in order, into at most one piece per split.

    Args:
        text: The whole text.
        shares: Percentages.
        safe_split_point: Function from the text and an index to the first index from there on at
            which a split leaves all tokens unchanged.
    """
    first, second = (safe_split_point(text, at) for at in _split_indexes(len(text), shares))
    pieces = text[:first], text[first:second], text[second:]
    return {split: (piece,) if piece else () for split, piece in zip(SPLITS, pieces, strict=True)}


def raise_if_too_short(
    n: int, unit: str, shares: Shares, name: str, n_with_duplicates: int = 0
) -> None:
    """Raise RequestError if a text is too short for its splits.

    A single split needs one line or two tokens. Several splits need ten lines or a hundred tokens
    each, and enough that the smallest split is not empty.

    Args:
        n: Number of lines, or of tokens of a stream.
        unit: Plural noun of the counted unit; "lines" for a list.
        shares: Percentages.
        name: Name of the corpus, for the message.
        n_with_duplicates: Number of lines before duplicates were removed, for the message.
    """
    n_splits = sum(share > 0 for share in shares)
    if n_splits == 1:
        needed = 1 if unit == "lines" else 2
    else:
        each, least = (_MIN_LINES, 1) if unit == "lines" else (_MIN_TOKENS, 2)
        smallest = min(share for share in shares if share)
        needed = max(each * n_splits, -(-100 * least // smallest))
    if n < needed:
        count = {1: "one split needs", 2: "two splits need", 3: "three splits need"}[n_splits]
        hint = "Add text, or set data.split=100/0/0." if n_splits > 1 else "Add text."
        noun = unit if n != 1 else unit.removesuffix("s")
        has = f"{n:,} {noun}"
        if n < n_with_duplicates:
            has = f"{n_with_duplicates:,} lines, but only {n:,} distinct {noun}"
            hint = f"{hint[:-1]}, or data.deduplicate=false to keep duplicates."
        raise errors.RequestError(f"{name} has {has}; {count} {needed:,}. {hint}", n)


def _split_indexes(n: int, shares: Shares) -> tuple[int, int]:
    return n * shares[0] // 100, n * (shares[0] + shares[1]) // 100

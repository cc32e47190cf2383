"""Which part of a text trains, which validates, which is kept for the end."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from seqlm import errors

Split: TypeAlias = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Shares: TypeAlias = tuple[int, int, int]

_LEAST_LINES = 10  # for each split where there are several
_LEAST_TOKENS = 100


def parse_shares(text: str) -> Shares:
    """The percentages of ``80/10/10``.

    Raises:
        RequestError: They do not add up to 100, or leave nothing to train on.
    """
    train, val, test = map(int, text.split("/"))
    if train + val + test != 100 or not train:
        raise errors.RequestError(
            f"data.split={text} must add up to 100 with something to train on, e.g. 80/10/10", text
        )
    return train, val, test


def split_lines(lines: Sequence[str], shares: Shares, seed: int) -> Mapping[Split, tuple[str, ...]]:
    """Shuffle the lines with ``random.Random(seed)`` and cut them at the percentages.

    With shares 80/10/10 and seed 42 these are the splits of the lectures on names, which shuffle
    with ``random.seed(42)`` and cut at ``int(0.8 * n)`` and ``int(0.9 * n)``.
    """
    shuffled = list(lines)
    random.Random(seed).shuffle(shuffled)
    first, second = _cuts(len(shuffled), shares)
    return {
        "train": tuple(shuffled[:first]),
        "val": tuple(shuffled[first:second]),
        "test": tuple(shuffled[second:]),
    }


def split_stream(
    text: str, shares: Shares, cut: Callable[[str, int], int]
) -> Mapping[Split, tuple[str, ...]]:
    """Cut a long text, in order, into one piece for each split that has a share.

    Args:
        text: All of it.
        shares: In percent.
        cut: The first place from a given one on where the text may be cut.
    """
    first, second = (cut(text, at) for at in _cuts(len(text), shares))
    pieces = text[:first], text[first:second], text[second:]
    return {split: (piece,) if piece else () for split, piece in zip(SPLITS, pieces, strict=True)}


def raise_if_too_short(n: int, unit: str, shares: Shares, name: str) -> None:
    """Raise RequestError where ``n`` lines, or tokens of a stream, are too few for the splits asked for.

    A single split takes any two tokens. Several need ten lines or a hundred tokens each, and enough
    that the smallest share is not rounded down to nothing.
    """
    n_splits = sum(share > 0 for share in shares)
    if n_splits == 1:
        needed = 1 if unit == "lines" else 2
    else:
        each, least = (_LEAST_LINES, 1) if unit == "lines" else (_LEAST_TOKENS, 2)
        smallest = min(share for share in shares if share)
        needed = max(each * n_splits, -(-100 * least // smallest))
    if n < needed:
        count = {1: "one split needs", 2: "two splits need", 3: "three splits need"}[n_splits]
        hint = "Add text, or set data.split=100/0/0." if n_splits > 1 else "Add text."
        kind = unit if n != 1 else unit.removesuffix("s")
        raise errors.RequestError(f"{name} has {n:,} {kind}; {count} {needed:,}. {hint}", n)


def _cuts(n: int, shares: Shares) -> tuple[int, int]:
    return n * shares[0] // 100, n * (shares[0] + shares[1]) // 100

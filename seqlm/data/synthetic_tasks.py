"""Texts made by a rule, to see whether a model finds the rule: a greeting, counting, recall."""

import random

from seqlm import errors

HELLO = "Hello, RNN!"
N_NUMBERS = 128
SYMBOLS = "abcdefgh"

_RECALL_LINES = 20_000
_RECALL_BYTES = 4_000_000
_RECALL_SEED = 0


def hello() -> bytes:
    """One short line, to be learned by heart."""
    return f"{HELLO}\n".encode()


def counting(length: int) -> bytes:
    """Every run of ``length`` consecutive numbers from 0 to 127, one a line.

    Raises:
        RequestError: There are not so many numbers.
    """
    if length > N_NUMBERS:
        raise errors.RequestError(
            f"data.length={length} is more than counting's {N_NUMBERS} numbers: take"
            f" {N_NUMBERS} or less",
            length,
        )
    runs = (range(first, first + length) for first in range(N_NUMBERS - length + 1))
    return "".join(" ".join(map(str, run)) + "\n" for run in runs).encode()


def recall(length: int) -> bytes:
    """Lines of ``length`` random symbols, then the first of them again: it has to be kept in mind.

    20,000 lines, fewer where they are so long that they would make more than 4 MB.
    """
    n_lines = min(_RECALL_LINES, _RECALL_BYTES // (2 * length + 2))
    generator = random.Random(_RECALL_SEED)
    lines = (_to_recall(length, generator) for _ in range(n_lines))
    return "".join(f"{line}\n" for line in lines).encode()


def _to_recall(length: int, generator: random.Random) -> str:
    # Of a seeded generator only random() is promised to give the same numbers in every Python.
    drawn = [SYMBOLS[int(generator.random() * len(SYMBOLS))] for _ in range(length)]
    return " ".join([*drawn, drawn[0]])

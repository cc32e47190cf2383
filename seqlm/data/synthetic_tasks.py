"""Synthetic corpora that follow a simple rule: one line to memorize, counting, recall."""

import random

from seqlm import errors

HELLO = "Hello, RNN!"
N_NUMBERS = 128
SYMBOLS = "abcdefgh"

_RECALL_LINES = 20_000
_RECALL_BYTES = 4_000_000
_RECALL_SEED = 0


def hello() -> bytes:
    """Return one short line, for a model to memorize."""
    return f"{HELLO}\n".encode()


def counting(length: int) -> bytes:
    """Return every run of ``length`` consecutive numbers between 0 and 127, one run per line.

    Raises:
        RequestError: ``length`` is more than 128.
    """
    if length > N_NUMBERS:
        raise errors.RequestError(
            f"data.length={length} is more than counting's {N_NUMBERS} numbers; allowed: at most"
            f" {N_NUMBERS}",
            length,
        )
    runs = (range(first, first + length) for first in range(N_NUMBERS - length + 1))
    return "".join(" ".join(map(str, run)) + "\n" for run in runs).encode()


def recall(length: int) -> bytes:
    """Return lines of ``length`` random symbols followed by the first symbol, to test memory.

    There are 20,000 lines, or fewer if the text would exceed 4 MB.
    """
    n_lines = min(_RECALL_LINES, _RECALL_BYTES // (2 * length + 2))
    generator = random.Random(_RECALL_SEED)
    lines = (_sample_line(length, generator) for _ in range(n_lines))
    return "".join(f"{line}\n" for line in lines).encode()


def _sample_line(length: int, generator: random.Random) -> str:
    # Only random() of a seeded generator gives the same numbers in every version of Python.
    symbols = [SYMBOLS[int(generator.random() * len(SYMBOLS))] for _ in range(length)]
    return " ".join([*symbols, symbols[0]])

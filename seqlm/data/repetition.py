"""Repetition: the part of the validation text that also occurs in the training text."""

_STRETCH = 50  # characters; shorter stretches also repeat in text that nobody copied
_SHORTEST = 20
_MAX_BLOCKS = 200_000
_MAX_CHECKED = 1_000_000
_N_PARTS = 20


def repeated_share(val: str, train: str) -> float:
    """Return the share of ``val`` in long stretches that also occur in ``train``.

    A stretch has at least 50 characters, in a short text a quarter of ``val`` but at least 20. Blocks
    of that length at regular places of ``train`` are looked up at each place of ``val`` and extended
    in both directions as far as both texts agree, so a stretch is certain to be found if it is twice
    as long as a block. Of a long ``val``, twenty parts of together a million characters are checked.

    Args:
        val: Validation text.
        train: Training text.
    """
    size = min(_STRETCH, max(_SHORTEST, len(val) // 4))
    every = max(size, len(train) // _MAX_BLOCKS)
    blocks = {train[at : at + size]: at for at in range(0, len(train) - size + 1, every)}
    parts = _parts(val)
    n_repeated = sum(_n_repeated(part, train, blocks, size) for part in parts)
    return n_repeated / max(1, sum(map(len, parts)))


def _parts(val: str) -> list[str]:
    if len(val) <= _MAX_CHECKED:
        return [val]
    size = _MAX_CHECKED // _N_PARTS
    last = len(val) - size
    return [val[at : at + size] for at in (i * last // (_N_PARTS - 1) for i in range(_N_PARTS))]


def _n_repeated(val: str, train: str, blocks: dict[str, int], size: int) -> int:
    n_repeated = at = done = 0
    while at <= len(val) - size:
        found = blocks.get(val[at : at + size])
        if found is None:
            at += 1
            continue
        start = at - _common_suffix(val[done:at], train[max(0, found - (at - done)) : found])
        at += size + _common_prefix(val, at + size, train, found + size)
        n_repeated += at - start
        done = at
    return n_repeated


def _common_suffix(a: str, b: str) -> int:
    n = min(len(a), len(b))
    return next((i for i in range(n) if a[-1 - i] != b[-1 - i]), n)


def _common_prefix(a: str, a_from: int, b: str, b_from: int) -> int:
    """Return the number of equal characters from two places on; compares in growing pieces."""
    n, step = 0, 64
    while step:
        piece = a[a_from + n : a_from + n + step]
        if piece and piece == b[b_from + n : b_from + n + step]:
            n, step = n + len(piece), step * 2
        else:
            step //= 2
    return n

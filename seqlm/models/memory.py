"""Memory that a model needs, estimated before anything is allocated."""

import os
from contextlib import suppress
from pathlib import Path

from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.model_configs import ModelConfig
from seqlm.errors import RequestError

FLOAT_BYTES = 4
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_GIGABYTE = 10**9


def total_bytes() -> int:
    """Return the memory of this machine in bytes, or the limit of its container if that is lower."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or the word "max"
            sizes.append(int(Path(path).read_text()))
    return min(sizes)


def raise_if_weights_too_large(config: ModelConfig, n_vocab: int, has_end: bool) -> None:
    """Raise RequestError if loading the weights of a model needs more memory than there is.

    Args:
        config: The model configuration.
        n_vocab: V.
        has_end: True if items end with an end token.
    """
    n_parameters = count_parameters(config, n_vocab, has_end)
    # The weights of the file and those of the model are in memory at the same time.
    raise_if_too_large(2 * FLOAT_BYTES * n_parameters, f"a model of {n_parameters:,} parameters")


def raise_if_too_large(n_bytes: int, what: str, advice: str = "") -> None:
    """Raise RequestError if something needs more memory than this machine has.

    Args:
        n_bytes: Estimated size in bytes.
        what: Noun phrase of what needs it.
        advice: The settings that reduce the size.
    """
    total = total_bytes()
    if n_bytes > total:
        needs, has = (f"{size / _GIGABYTE:,.0f}" for size in (n_bytes, total))
        remedy = f": {advice}" if advice else ""
        raise RequestError(f"{what} needs about {needs} GB, this machine has {has} GB{remedy}")

"""Checks of a request that read only the files of a run, so that they come before torch is loaded.

The worker repeats each of them, because the run may change in between.
"""

from collections.abc import Iterable
from pathlib import Path

from seqlm.data.corpus_registry import corpus_modes
from seqlm.errors import RequestError
from seqlm.runs.directory import RunDirectory

POINTERS = ("best", "latest")
_MAX_DIGITS = 20


def saved_steps(checkpoints: Path) -> list[int]:
    """Return the steps whose weights are saved, in order."""
    names = (folder.name for folder in checkpoints.glob("step-*"))
    return sorted(int(name.removeprefix("step-")) for name in names if is_step(name))


def is_step(name: str) -> bool:
    """Return True if a directory name is that of a checkpoint: ``step-N``."""
    digits = name.removeprefix("step-")
    is_number = digits.isascii() and digits.isdecimal()
    return digits != name and is_number and len(digits) < _MAX_DIGITS


def check_weights(run: RunDirectory, weights: str) -> None:
    """Check the name of weights of a run that no worker has opened.

    Raises:
        RequestError: The name is neither ``live``, ``best``, ``latest`` nor a saved step.
    """
    steps = [str(step) for step in saved_steps(run.checkpoints_path)]
    if weights not in ("live", *POINTERS, *steps):
        saved = [pointer for pointer in POINTERS if (run.checkpoints_path / pointer).is_file()]
        raise unknown_weights(weights, [*saved, *steps])


def unknown_weights(weights: str, saved: Iterable[str]) -> RequestError:
    """Return the error for weights that are not saved."""
    names = ", ".join(saved)
    known = f"one of: {names}" if names else "nothing is saved yet"
    return RequestError(f"no saved weights {weights!r}; {known}", weights)


def check_reset_every(run: RunDirectory, reset_every: int | None) -> None:
    """Check that a run reads a stream, if its hidden state is to be reset within it.

    Raises:
        RequestError: The run is known to read lines.
    """
    if reset_every is not None and corpus_modes(run.manifest().config.data) == ("lines",):
        raise reset_needs_stream(reset_every)


def reset_needs_stream(reset_every: int) -> RequestError:
    """Return the error for a reset within lines."""
    return RequestError(
        "reset_every needs data.mode=stream; in lines the state is always reset for each line",
        reset_every,
    )

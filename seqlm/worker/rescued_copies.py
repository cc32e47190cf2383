"""Copies of runs that were saved elsewhere because their own folder could not be written."""

import contextlib
from pathlib import Path

from seqlm.errors import SeqlmError
from seqlm.runs.directory import RunDirectory
from seqlm.runs.summary import summarize
from seqlm.worker.transport import socket_directory


def rescue_folder() -> Path:
    """Return the folder of the copies, beside the sockets of the workers.

    Raises:
        SeqlmError: The folder of the sockets cannot be used.
    """
    return socket_directory() / "rescued"


def later_copy_note(run: RunDirectory) -> str:
    """Return a note on a copy of a run that is further than the run itself; empty if there is none."""
    try:
        created_t, step = run.manifest().created_t, summarize(run).summary.steps
        paths = list(rescue_folder().glob(f"{run.name}-step-*"))
    except (SeqlmError, OSError):
        return ""
    latest: tuple[int, Path] | None = None
    for path in paths:
        with contextlib.suppress(SeqlmError, OSError):  # another copy may be whole
            copy = RunDirectory(path)
            is_same_run = copy.manifest().created_t == created_t
            copied_step = summarize(copy).summary.steps
            if is_same_run and copied_step >= step and (latest is None or copied_step > latest[0]):
                latest = copied_step, path
    if latest is None:
        return ""
    return (
        f"step {latest[0]:,} of {run.name} was saved in {latest[1]}; to go on from there, stop this"
        f" one and run: seqlm resume {latest[1]}"
    )

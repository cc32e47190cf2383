"""Lines of the log of a worker, which may be on a full disk."""

import contextlib
import sys
import traceback


def write_log(message: str) -> None:
    """Write a line to the log; skip it if the disk is full."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{message}\n")


def write_traceback(error: BaseException) -> None:
    """Write a traceback to the log; skip it if the disk is full."""
    with contextlib.suppress(OSError):
        traceback.print_exception(error)

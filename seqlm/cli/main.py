"""Entry point of ``seqlm``; exit status 0 success, 1 failure, 2 invalid request, 130 interrupted."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from seqlm.errors import SeqlmError
from seqlm.sanitize import one_line

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit. SIGTERM, as ``timeout`` and batch systems send it, acts as Ctrl+C."""
    _open_closed_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run the command; print an error as one line, or with ``SEQLM_DEBUG=1`` as a traceback."""
    from seqlm.cli.parser import parse

    try:
        return _run_guarded(lambda: parse(arguments).execute())
    except (SeqlmError, OSError, TimeoutError) as error:
        if os.environ.get("SEQLM_DEBUG") == "1":
            raise
        sys.stderr.write(f"seqlm: error: {one_line(error)}\n")
        return getattr(error, "exit_status", 1)
    except Exception as error:  # a bug
        from seqlm.crash_report import format_crash_report

        sys.stderr.write(format_crash_report("seqlm", error))
        return 1


def _run_guarded(execute: Callable[[], int]) -> int:
    try:
        return execute()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has closed the pipe, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _open_closed_streams() -> None:
    """Connect closed standard streams to the null device; no other file may take their number."""
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, fd)
            if null != fd:
                os.close(null)
            setattr(sys, name, os.fdopen(fd, mode))

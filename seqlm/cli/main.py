"""From arguments to an exit status: 0 done, 1 the work failed, 2 the request was wrong, 130 stopped."""

import os
import sys
from collections.abc import Callable, Sequence

from seqlm.errors import SeqlmError, one_line

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run the command; an error is one line on standard error, with ``SEQLM_DEBUG=1`` a traceback."""
    from seqlm.cli.parser import parse

    try:
        return _guarded(lambda: parse(arguments).follow())
    except (SeqlmError, OSError, TimeoutError) as error:
        if os.environ.get("SEQLM_DEBUG") == "1":
            raise
        sys.stderr.write(f"seqlm: error: {one_line(error)}\n")
        return getattr(error, "exit_status", 1)
    except Exception as error:  # nobody expected it
        from seqlm.crash_report import last_words

        sys.stderr.write(last_words("seqlm", error))
        return 1


def _guarded(follow: Callable[[], int]) -> int:
    try:
        return follow()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left, as `head` does. Nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

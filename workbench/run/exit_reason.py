"""What is known about the end of a worker."""

import signal

from seqlm.worker.client import Connection

WITHOUT_A_WORD = "ended without a word"


def exit_reason(connection: Connection | None) -> str:
    """What is known about the end of a worker, in words that follow "the trainer"."""
    process = connection.process if connection is not None else None
    if process is None:
        return WITHOUT_A_WORD
    status = process.poll()
    if status is None:
        return "closed its connection"
    if status >= 0:
        return f"ended (exit status {status})"
    often = ": often memory" if -status == signal.SIGKILL else ""
    return f"was killed (signal {-status}{often})"

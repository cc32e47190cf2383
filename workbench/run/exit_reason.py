"""Reason why a worker ended."""

from seqlm.worker.client import Connection, describe_exit

WITHOUT_A_WORD = "ended without a word"


def exit_reason(connection: Connection | None) -> str:
    """Return why a worker ended, as words that follow "the trainer"."""
    process = connection.process if connection is not None else None
    return WITHOUT_A_WORD if process is None else describe_exit(process.poll())

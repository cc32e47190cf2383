"""What can go wrong, in words: every error says what was wrong, the value, and what would be right."""

import difflib
from collections.abc import Iterable


class SeqlmError(Exception):
    """The work failed; the message is one line that a person can act on."""

    exit_status = 1


class RequestError(SeqlmError):
    """The request itself was wrong: nothing was started and nothing was left behind.

    Args:
        message: What was wrong and what would be right, in one line.
        value: The offending value as it was given.
    """

    exit_status = 2

    def __init__(self, message: str, value: object = None) -> None:
        super().__init__(message)
        self.value = value


def unknown(what: str, value: str, known: Iterable[str]) -> RequestError:
    """The error for a name that is not in a list; it offers the nearest name, then the list."""
    names = sorted(known)
    nearest = difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f" Nearest: {nearest[0]}." if nearest else ""
    listed = f" One of: {', '.join(names)}." if 0 < len(names) <= 30 else ""
    return RequestError(f"{value!r} is not {what}.{hint}{listed}", value)


def first_line(error: BaseException) -> str:
    """An error as one line. A system's error says what it is about; a library's may go on for pages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def one_line(error: BaseException) -> str:
    """All of an error's words on one line, with nothing that a terminal would obey."""
    words = " ".join(str(error).split()) or type(error).__name__
    return "".join(c if c.isprintable() else "\ufffd" for c in words)

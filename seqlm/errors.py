"""Exceptions with one-line messages: the problem, the value, and the allowed values."""

import difflib
from collections.abc import Iterable

_MAX_LISTED = 30


class SeqlmError(Exception):
    """An operation that failed; the message is one line that a user can act on."""

    exit_status = 1


class RequestError(SeqlmError):
    """An invalid request: nothing was started or changed.

    Args:
        message: The problem and the allowed values, in one line.
        value: The invalid value as it was given.
    """

    exit_status = 2

    def __init__(self, message: str, value: object = None) -> None:
        super().__init__(message)
        self.value = value


def unknown(kind: str, value: str, known: Iterable[str], see: str = "") -> RequestError:
    """Return the error for an unknown name; the message offers the nearest name and the list.

    Args:
        kind: The expected kind of name with its article, e.g. ``a preset``.
        value: The unknown name.
        known: The known names.
        see: The command that lists the names, for a list that is too long for a message.
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f" Nearest: {nearest[0]}." if nearest else ""
    listed = f" One of: {', '.join(names)}." if 0 < len(names) <= _MAX_LISTED else ""
    if see and not listed:
        listed = f" All names: {see}"
    return RequestError(f"{value!r} is not {kind}.{hint}{listed}", value)


def invalid_value(name: str, text: str, allowed: str, value: object = None) -> RequestError:
    """Return the error for a value that is not allowed.

    Args:
        name: The name of the setting or argument.
        text: The value as it is shown.
        allowed: The allowed values in words, e.g. ``allowed: 1 to 8,192``.
        value: The value as it was given.
    """
    return RequestError(f"{name}={text} is not valid; {allowed}", value)

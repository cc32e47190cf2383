"""One message, one line of JSON, both ways. NaN and infinity are the strings nan, inf and -inf."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from seqlm.errors import SeqlmError

T = TypeVar("T")
MAX_LINE_BYTES = 64 * 2**20


class MessageError(SeqlmError):
    """A line is not a message of the kind that was expected."""


def encode(message: Any) -> bytes:
    """``message`` as one line of JSON, its newline included.

    Raises:
        MessageError: A text in it is not valid Unicode, e.g. a file name in another encoding.
    """
    try:
        line = msgspec.json.encode(message)
    except UnicodeEncodeError as error:
        raise MessageError("a text in the message is not valid Unicode") from error
    if b"null" in line:  # the library writes what is not finite as null, as it does None
        line = msgspec.json.encode(_spelled(msgspec.to_builtins(message)))
    return line + b"\n"


def decoder(message_type: Any) -> "msgspec.json.Decoder[Any]":
    """A decoder of lines that hold one of ``message_type``; numbers may be spelled out."""
    return msgspec.json.Decoder(message_type, strict=False)


def decode(line: bytes, reader: "msgspec.json.Decoder[T]") -> T:
    """The message on a line.

    Raises:
        MessageError: Says what does not fit; the line itself is not repeated.
    """
    try:
        return reader.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"not a message: {error}") from error


def as_json(value: Any) -> bytes:
    """Any plain value as JSON for a person's ``--json``: what is not finite becomes null."""
    return msgspec.json.encode(value)


def float32_digits(values: list[float]) -> list[float]:
    """Float32 numbers as the shortest decimals (nine digits) that still give each back exactly."""
    return [float(f"{value:.9g}") for value in values]


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: _spelled(inner) for key, inner in value.items()}
    if not isinstance(value, list | tuple) or _is_plain(value):
        return value
    return [_spelled(inner) for inner in value]


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether there is nothing to spell in a list; it may be one of millions of numbers."""
    kinds = set(map(type, values))
    return kinds <= {str, int} or (kinds == {float} and math.isfinite(sum(values)))

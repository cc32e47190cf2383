"""JSON encoding of messages, one per line; NaN and infinity are the strings nan, inf and -inf."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from seqlm.errors import SeqlmError

T = TypeVar("T")
MAX_LINE_BYTES = 64 * 2**20


class MessageError(SeqlmError):
    """Error for a line that is not a message of the expected type."""


def encode(message: Any) -> bytes:
    """Return ``message`` as one line of JSON with its newline.

    Raises:
        MessageError: A text in the message is not valid Unicode, e.g. a file name.
    """
    try:
        line = msgspec.json.encode(message)
    except UnicodeEncodeError as error:
        raise MessageError("a text in the message is not valid Unicode") from error
    if b"null" in line:  # msgspec writes NaN and infinity as null, like None
        line = msgspec.json.encode(_with_spelled_floats(msgspec.to_builtins(message)))
    return line + b"\n"


def decoder(message_type: Any) -> "msgspec.json.Decoder[Any]":
    """Return a decoder for lines of ``message_type``; numbers may be strings such as nan."""
    return msgspec.json.Decoder(message_type, strict=False)


def decode(line: bytes, reader: "msgspec.json.Decoder[T]") -> T:
    """Decode the message on a line.

    Raises:
        MessageError: The line does not match the type; the line itself is not repeated.
    """
    try:
        return reader.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"not a message: {error}") from error


def as_json(value: Any) -> bytes:
    """Return a value as JSON for ``--json``; NaN and infinity become null."""
    return msgspec.json.encode(value)


def float32_digits(values: list[float]) -> list[float]:
    """Round float32 numbers to nine significant digits, which restore each number exactly."""
    return [float(f"{value:.9g}") for value in values]


def _with_spelled_floats(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: _with_spelled_floats(inner) for key, inner in value.items()}
    if not isinstance(value, list | tuple) or _is_plain(value):
        return value
    return [_with_spelled_floats(inner) for inner in value]


def _is_plain(values: Sequence[Any]) -> bool:
    """Return True if a list needs no conversion; it may hold millions of numbers."""
    kinds = set(map(type, values))
    return kinds <= {str, int} or (kinds == {float} and math.isfinite(sum(values)))

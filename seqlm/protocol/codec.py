"""JSON encoding of messages, one per line; NaN and infinity are the strings nan, inf and -inf."""

import math
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from seqlm.errors import SeqlmError

T = TypeVar("T")
MAX_LINE_BYTES = 64 * 2**20
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_WRONG_TYPE = re.compile(r"Expected `([a-z |]+)`, got `([a-z]+)`")
_PLACE = re.compile(r" - at `(?:key in )?`?\$\.?([^`]*)`$")
_FIELD = re.compile(r"(missing required|unknown) field `([^`]*)`")


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
        raise MessageError(describe_problem(error)) from error


def describe_problem(error: Exception) -> str:
    """Return in words what is wrong with a JSON text that does not match its type.

    The text itself is not repeated, except for the name of a field.
    """
    text = str(error)
    place = _PLACE.search(text)
    name = place[1].replace("[...]", "") if place else ""
    if found := _FIELD.search(text):
        field = ".".join(filter(None, (name, found[2])))
        return f"{'it lacks the field' if found[1][0] == 'm' else 'unknown field'} {field}"
    if place is None and not _WRONG_TYPE.match(text):
        return "it is not valid JSON"
    subject = f"the value of {name}" if name else "the value"
    if (found := _WRONG_TYPE.match(text)) is None:
        return f"{subject} is not allowed"
    expected = " or ".join(_KINDS.get(kind, kind) for kind in found[1].split(" | "))
    return f"{subject} is {_KINDS.get(found[2], found[2])}; expected: {expected}"


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

"""Safe reading and decoding of text files.

The input is not trusted: a path may be a device or a pipe, and a file may be binary or in another
encoding. Each such case raises an error of one line.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from seqlm import errors

Progress: TypeAlias = Callable[[int, int], None]
"""Callback with the number of bytes read so far and the total number of bytes."""

MAX_FILE_BYTES = 256_000_000
MAX_UNDECODABLE_SHARE = 0.1
_PIECE_BYTES = 1 << 20
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
# A byte that is not UTF-8 becomes a private-use character, which UTF-8 can encode, unlike a surrogate.
_FIRST_PRIVATE = 0x10F800
_PRIVATE_BYTE = re.compile("[\U0010f880-\U0010f8ff]")
_BOM = b"\xef\xbb\xbf"


def describe_path(name: str) -> str:
    """Return a path as printable text on one line, for messages."""
    return name if name.isprintable() else ascii(name)


def read_file(path: Path, progress: Progress | None = None) -> bytes:
    """Return all bytes of a regular file.

    Raises:
        RequestError: The file is missing, not readable, not a regular file, larger than
            ``MAX_FILE_BYTES``, or binary.
    """
    name = describe_path(path.name or str(path))
    descriptor = _open(path, name)
    try:
        size = _checked_size(os.fstat(descriptor), name)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return read_limited(file, name, MAX_FILE_BYTES, size, progress)
    finally:
        os.close(descriptor)


def _open(path: Path, name: str) -> int:
    try:
        # Without O_NONBLOCK, opening a pipe without a writer would block forever.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise errors.RequestError(
            f"no file {describe_path(str(path))}; data.corpus must be the path of a text file, or a"
            " corpus that `seqlm data list` shows",
            str(path),
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise errors.RequestError(
            f"{name} cannot be read: {reason}. Give a readable text file.", str(path)
        ) from None


def _checked_size(status: os.stat_result, name: str) -> int:
    if stat.S_ISDIR(status.st_mode):
        raise errors.RequestError(f"{name} is a folder. Give the path of one text file.", name)
    if not stat.S_ISREG(status.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(status.st_mode) else "a device or socket"
        raise errors.RequestError(
            f"{name} is {kind}, not a regular file. Save its text to a file first.", name
        )
    if status.st_size > MAX_FILE_BYTES:
        raise _too_large(name, f"{status.st_size / 1e6:,.0f} MB", MAX_FILE_BYTES)
    return status.st_size


def read_limited(
    file: BinaryIO, name: str, limit: int, total: int = 0, progress: Progress | None = None
) -> bytes:
    """Read a binary stream to its end, in pieces.

    Args:
        file: Open binary stream.
        name: Name of the stream in error messages.
        limit: Maximum number of bytes.
        total: Expected number of bytes, for ``progress``; 0 if unknown.
        progress: Called after each piece.

    Raises:
        RequestError: The stream has more than ``limit`` bytes, or its content is binary.
    """
    read = bytearray()
    for piece in _read_pieces(file, name):
        raise_if_binary(piece, name, len(read))
        read += piece
        if len(read) > limit:
            raise _too_large(name, f"more than {limit / 1e6:,.0f} MB", limit)
        if progress is not None:
            progress(len(read), max(total, len(read)))
    return bytes(read)


def _read_pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    while True:
        try:
            piece = file.read(_PIECE_BYTES)
        except OSError as error:
            raise errors.RequestError(
                f"{name} cannot be read: {error.strerror}. Give another text file.", name
            ) from None
        if not piece:
            return
        yield piece


def raise_if_binary(piece: bytes, name: str, offset: int = 0) -> None:
    """Raise RequestError if the bytes have a NUL byte, and so are not text."""
    at = piece.find(0)
    if at < 0:
        return
    utf16 = offset == 0 and piece[:2] in (b"\xff\xfe", b"\xfe\xff")
    kind = "UTF-16 text" if utf16 else "a binary file"
    raise errors.RequestError(
        f"{name} is {kind} (byte 0x00 at {offset + at:,}). Give text saved as UTF-8.", name
    )


def bytes_of(text: str) -> bytes:
    """Return the bytes of a text; restore the bytes that :func:`decode` kept with ``keep_bytes``."""
    if text.isascii():
        return text.encode()
    escaped = _PRIVATE_BYTE.sub(lambda kept: chr(ord(kept[0]) - _FIRST_PRIVATE + 0xDC00), text)
    return escaped.encode(errors="surrogateescape")


def decode(raw: bytes, name: str, *, keep_bytes: bool = False) -> tuple[str, int]:
    """Decode UTF-8 bytes; each byte that is not UTF-8 becomes U+FFFD.

    A byte order mark is removed, and a carriage return before a line feed too.

    Args:
        raw: The bytes.
        name: Name of the text in error messages.
        keep_bytes: Whether bytes that are not UTF-8 become private-use characters, which
            :func:`bytes_of` converts back. Their number is then not limited.

    Returns:
        The text, and the number of bytes that are not UTF-8.

    Raises:
        RequestError: The bytes are binary, or more than ``MAX_UNDECODABLE_SHARE`` of them are not
            UTF-8.
    """
    raise_if_binary(raw, name)
    body = raw.removeprefix(_BOM)
    try:
        return body.decode().replace("\r\n", "\n"), 0
    except UnicodeDecodeError as error:
        byte, offset = body[error.start], error.start + len(raw) - len(body)
    # Each byte that is not UTF-8 becomes one lone surrogate, which never occurs in valid UTF-8.
    escaped = body.decode(errors="surrogateescape")
    if keep_bytes:
        text, n_bad = _ESCAPED_BYTE.subn(_to_private_use, escaped)
        return text.replace("\r\n", "\n"), n_bad
    text, n_bad = _ESCAPED_BYTE.subn("\ufffd", escaped)
    if n_bad > MAX_UNDECODABLE_SHARE * len(body):
        raise errors.RequestError(
            f"{name} is not text: {n_bad / len(body):.0%} of its bytes are not UTF-8 "
            f"(first: byte 0x{byte:02x} at {offset:,}). Give text saved as UTF-8,"
            " or set data.tokenizer=byte.",
            name,
        )
    return text.replace("\r\n", "\n"), n_bad


def _to_private_use(escaped: re.Match[str]) -> str:
    return chr(ord(escaped[0]) - 0xDC00 + _FIRST_PRIVATE)


def _too_large(name: str, size: str, limit: int) -> errors.RequestError:
    return errors.RequestError(
        f"{name} has {size}; allowed: at most {limit / 1e6:,.0f} MB. Give a smaller file.", name
    )

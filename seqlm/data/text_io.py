"""Bytes from outside, made into text or refused in one clear line.

What is read here is not trusted: it may be a device, a pipe, a film or another encoding.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from seqlm import errors

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes there are."""

MAX_FILE_BYTES = 256_000_000
MAX_UNDECODABLE_SHARE = 0.1
_PIECE_BYTES = 1 << 20
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
# A byte that is no UTF-8, kept as a character for private use: unlike a lone surrogate it can be sent.
_FIRST_KEPT = 0x10F800
_KEPT_BYTE = re.compile("[\U0010f880-\U0010f8ff]")
_BOM = b"\xef\xbb\xbf"


def describe_path(name: str) -> str:
    """A name that fits in a one-line message, whatever characters it holds."""
    return name if name.isprintable() else ascii(name)


def read_file(path: Path, progress: Progress | None = None) -> bytes:
    """All bytes of a regular file of at most ``MAX_FILE_BYTES``.

    Raises:
        RequestError: Missing, not readable, no regular file, too large, or binary.
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
        # O_NONBLOCK: opening a pipe that nobody writes to would otherwise wait for ever.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise errors.RequestError(
            f"no file {describe_path(str(path))}; data.corpus is the path of a text file, or a name of:"
            " seqlm data list",
            str(path),
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise errors.RequestError(
            f"{name} cannot be read: {reason}. Give a text file that you may read.", str(path)
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
    """What a binary stream holds, in pieces; refuses more than ``limit`` bytes and binary content.

    Args:
        file: An open binary stream.
        name: How errors call it.
        limit: The largest number of bytes accepted.
        total: The bytes expected, for ``progress``; 0 where that is unknown.
        progress: Told after each piece.
    """
    read = bytearray()
    for piece in _pieces(file, name):
        raise_if_binary(piece, name, len(read))
        read += piece
        if len(read) > limit:
            raise _too_large(name, f"more than {limit / 1e6:,.0f} MB", limit)
        if progress is not None:
            progress(len(read), max(total, len(read)))
    return bytes(read)


def _pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
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
    """Raise RequestError where a NUL byte tells that this is not text."""
    at = piece.find(0)
    if at < 0:
        return
    utf16 = offset == 0 and piece[:2] in (b"\xff\xfe", b"\xfe\xff")
    what = "UTF-16 text" if utf16 else "a binary file"
    raise errors.RequestError(
        f"{name} is {what} (byte 0x00 at {offset + at:,}). Give text saved as UTF-8.", name
    )


def bytes_of(text: str) -> bytes:
    """The bytes of a text, those that were kept by :func:`decode` included."""
    if text.isascii():
        return text.encode()
    escaped = _KEPT_BYTE.sub(lambda kept: chr(ord(kept[0]) - _FIRST_KEPT + 0xDC00), text)
    return escaped.encode(errors="surrogateescape")


def decode(raw: bytes, name: str, *, keep_bytes: bool = False) -> tuple[str, int]:
    """The text of ``raw`` and how many of its bytes are not UTF-8; each of them becomes U+FFFD.

    A byte order mark is dropped, and a line feed alone ends a line even where a carriage
    return stood before it.

    Args:
        raw: The bytes.
        name: How errors call them.
        keep_bytes: Whether bytes that are not UTF-8 are kept for :func:`bytes_of`, however many.

    Raises:
        RequestError: Binary, or more than ``MAX_UNDECODABLE_SHARE`` of the bytes are not UTF-8.
    """
    raise_if_binary(raw, name)
    body = raw.removeprefix(_BOM)
    try:
        return body.decode().replace("\r\n", "\n"), 0
    except UnicodeDecodeError as error:
        byte, offset = body[error.start], error.start + len(raw) - len(body)
    # Every byte that is not UTF-8 becomes one lone surrogate, which UTF-8 itself cannot hold.
    escaped = body.decode(errors="surrogateescape")
    if keep_bytes:
        text, n_bad = _ESCAPED_BYTE.subn(_kept, escaped)
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


def _kept(escaped: re.Match[str]) -> str:
    return chr(ord(escaped[0]) - 0xDC00 + _FIRST_KEPT)


def _too_large(name: str, size: str, limit: int) -> errors.RequestError:
    return errors.RequestError(
        f"{name} has {size}; at most {limit / 1e6:,.0f} MB are read. Cut it to a part.", name
    )

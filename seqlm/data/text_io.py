"""Safe reading of files.

The input is not trusted: a path may be a device or a pipe, or grow while it is read. Each such case
raises an error of one line.
"""

import os
import stat
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, TypeAlias

from seqlm import errors

Progress: TypeAlias = Callable[[int, int], None]
"""Callback with the number of bytes read so far and the total number of bytes."""

MAX_FILE_BYTES = 256_000_000
_PIECE_BYTES = 1 << 20


def describe_path(name: str) -> str:
    """Return a path as printable text on one line, for messages."""
    return name if name.isprintable() else ascii(name)


def read_file(path: Path, progress: Progress | None = None) -> bytes:
    """Return all bytes of a regular file.

    Raises:
        RequestError: The file is missing, not readable, not a regular file, or larger than
            ``MAX_FILE_BYTES``.
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
        raise errors.RequestError(f"{name} is a folder. Give the path of a file.", name)
    if not stat.S_ISREG(status.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(status.st_mode) else "a device or socket"
        raise errors.RequestError(
            f"{name} is {kind}, not a regular file. Save its text to a file first.", name
        )
    if status.st_size > MAX_FILE_BYTES:
        raise too_large(name, f"{status.st_size / 1e6:,.0f} MB", MAX_FILE_BYTES)
    return status.st_size


def read_limited(
    file: BinaryIO | BufferedIOBase,
    name: str,
    limit: int,
    total: int = 0,
    progress: Progress | None = None,
) -> bytes:
    """Read a binary stream to its end, in pieces.

    Args:
        file: Open binary stream.
        name: Name of the stream in error messages.
        limit: Maximum number of bytes.
        total: Expected number of bytes, for ``progress``; 0 if unknown.
        progress: Called after each piece.

    Raises:
        RequestError: The stream cannot be read, or has more than ``limit`` bytes.
    """
    read = bytearray()
    for piece in _read_pieces(file, name):
        read += piece
        if len(read) > limit:
            raise too_large(name, f"more than {limit / 1e6:,.0f} MB", limit)
        if progress is not None:
            progress(len(read), max(total, len(read)))
    return bytes(read)


def _read_pieces(file: BinaryIO | BufferedIOBase, name: str) -> Iterator[bytes]:
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


def too_large(name: str, size: str, limit: int) -> errors.RequestError:
    """Return the error for a text that is larger than the limit, in bytes."""
    return errors.RequestError(
        f"{name} has {size}; allowed: at most {limit / 1e6:,.0f} MB. Give a smaller file.", name
    )

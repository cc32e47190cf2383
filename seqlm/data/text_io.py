"""Safe reading of files.

The input is not trusted: a path may be a device or a pipe, or grow while it is read. Each such case
raises an error of one line.
"""

import os
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, TypeAlias

from seqlm import errors
from seqlm.error_text import cause_of
from seqlm.regular_file import NotAllowedError, open_regular

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
    with os.fdopen(_open(path, name), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise too_large(name, f"{size / 1e6:,.0f} MB", MAX_FILE_BYTES)
        return read_limited(file, name, MAX_FILE_BYTES, size, progress)


def _open(path: Path, name: str) -> int:
    try:
        return open_regular(path, follows_links=True)
    except FileNotFoundError:
        raise errors.RequestError(
            f"no file {describe_path(str(path))}; data.corpus must be the path of a text file, or a"
            " corpus that `seqlm data list` shows",
            str(path),
        ) from None
    except NotAllowedError as error:
        raise errors.RequestError(
            f"{name} {error.problem}. Give the path of a text file.", str(path)
        ) from None
    except (OSError, ValueError) as error:
        reason = cause_of(error) if isinstance(error, OSError) else str(error)
        raise errors.RequestError(
            f"{name} cannot be read: {reason}. Give a readable text file.", str(path)
        ) from None


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
                f"{name} cannot be read: {cause_of(error)}. Give another text file.", name
            ) from None
        if not piece:
            return
        yield piece


def too_large(name: str, size: str, limit: int) -> errors.RequestError:
    """Return the error for a text that is larger than the limit, in bytes."""
    return errors.RequestError(
        f"{name} has {size}; allowed: at most {limit / 1e6:,.0f} MB. Give a smaller file.", name
    )

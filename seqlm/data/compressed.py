"""Expansion of compressed files, bounded, because a small file can expand to any size."""

import io
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import PurePosixPath
from typing import NamedTuple, cast

from seqlm import errors
from seqlm.data.text_io import describe_path, read_limited

MAX_MEMBERS = 10_000


class NamedBytes(NamedTuple):
    """Bytes of a file, with the name of the file for messages."""

    name: str
    raw: bytes


def _gzip(raw: bytes) -> BufferedIOBase:
    import gzip

    return gzip.GzipFile(fileobj=io.BytesIO(raw))


def _bz2(raw: bytes) -> BufferedIOBase:
    import bz2

    return bz2.BZ2File(io.BytesIO(raw))


def _xz(raw: bytes) -> BufferedIOBase:
    import lzma

    return lzma.LZMAFile(io.BytesIO(raw))


_OPENERS: dict[str, Callable[[bytes], BufferedIOBase]] = {".gz": _gzip, ".bz2": _bz2, ".xz": _xz}
SUFFIXES = (*_OPENERS, ".zip")
"""Endings of the names of compressed files."""


def expand(file: NamedBytes, limit: int) -> list[NamedBytes]:
    """Expand a file if the end of its name says that it is compressed.

    Of an archive, the ``.txt`` files are taken; if there are none, all files.

    Args:
        file: The file.
        limit: Maximum size after the expansion, in bytes.

    Raises:
        RequestError: The file is damaged or encrypted, or expands to more than ``limit`` bytes.
    """
    import lzma
    import zipfile

    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix not in SUFFIXES:
        return [file]
    try:
        if suffix == ".zip":
            return list(_members(file, limit))
        with _OPENERS[suffix](file.raw) as opened:
            return [NamedBytes(file.name, read_limited(opened, file.name, limit))]
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        raise errors.RequestError(
            f"{file.name} is not a complete {suffix} file. Expand it with another program, or give"
            " the text itself.",
            file.name,
        ) from None
    except (RuntimeError, NotImplementedError):
        raise errors.RequestError(
            f"{file.name} is encrypted or compressed in a way that is not supported. Give the text"
            " itself.",
            file.name,
        ) from None


def _members(file: NamedBytes, limit: int) -> Iterator[NamedBytes]:
    """Yield the text files of a zip archive, by name."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(file.raw)) as archive:
        names = sorted(one.filename for one in archive.infolist() if not one.is_dir())
        shown = [name for name in names if not is_hidden(PurePosixPath(name))]
        chosen = [name for name in shown if name.lower().endswith(".txt")] or shown
        if not chosen:
            raise errors.RequestError(
                f"{file.name} has no text: all its files are hidden, or it is empty.", file.name
            )
        if len(chosen) > MAX_MEMBERS:
            raise errors.RequestError(
                f"{file.name} has {len(chosen):,} files; allowed: at most {MAX_MEMBERS:,}.",
                len(chosen),
            )
        n_bytes = 0
        for name in chosen:
            label = f"{file.name}/{describe_path(name)}"
            with archive.open(name) as opened:
                member = cast(BufferedIOBase, opened)
                raw = read_limited(member, label, limit - n_bytes)
            n_bytes += len(raw)
            yield NamedBytes(label, raw)


def is_hidden(path: PurePosixPath) -> bool:
    """Return whether a file, or a folder above it, is hidden or made by the system."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)

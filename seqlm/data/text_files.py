"""Files of a corpus: one file, several files, the text files of a folder, or those of a pattern."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from seqlm import errors
from seqlm.data import text_io
from seqlm.data.compressed import SUFFIXES, NamedBytes, expand, is_hidden
from seqlm.data.text_io import Progress, describe_path

MAX_FILES = 10_000
SEPARATOR = os.pathsep
"""Sign between the paths of several files in ``data.corpus``."""
_PATTERN_SIGNS = frozenset("*?[")
TEXT_SUFFIXES = tuple(f".txt{suffix}" for suffix in ("", *SUFFIXES))
"""Endings of the names of the files that are read from a folder."""


def is_path(corpus: str) -> bool:
    """Return whether ``data.corpus`` is a path and not just a name."""
    path = _expanded(corpus)
    return bool(path.suffix) or len(path.parts) > 1 or os.path.lexists(path)


def display_name(corpus: str) -> str:
    """Return the name of a corpus for messages: the last part of its path."""
    paths = _paths(corpus)
    more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
    return describe_path(paths[0].name or str(paths[0])) + more


def find_files(corpus: str) -> list[Path]:
    """Return the files that ``data.corpus`` names, sorted within each folder and pattern.

    Raises:
        RequestError: A folder or a pattern has no files, or there are more than ``MAX_FILES``.
    """
    found = [file for path in _paths(corpus) for file in _files_of(path)]
    if len(found) > MAX_FILES:
        raise errors.RequestError(
            f"{display_name(corpus)} has {len(found):,} files; allowed: at most {MAX_FILES:,}",
            len(found),
        )
    return found


def read_files(paths: list[Path], name: str, progress: Progress | None = None) -> list[NamedBytes]:
    """Read files, and expand those that are compressed.

    Args:
        paths: The files.
        name: Name of all files together, for messages.
        progress: Called after each piece with the bytes read and the total size.

    Raises:
        RequestError: A file cannot be read, or all together are larger than
            ``text_io.MAX_FILE_BYTES``.
    """
    return list(_read(paths, name, progress))


def _read(paths: list[Path], name: str, progress: Progress | None) -> Iterator[NamedBytes]:
    total = sum(map(_size, paths))
    n_read, room = 0, text_io.MAX_FILE_BYTES
    for path in paths:

        def report(n_bytes: int, size: int, before: int = n_read) -> None:
            if progress is not None:
                progress(before + n_bytes, max(total, before + size))

        raw = text_io.read_file(path, report)
        n_read += len(raw)
        if n_read > text_io.MAX_FILE_BYTES:
            raise text_io.too_large(name, f"{total / 1e6:,.0f} MB", text_io.MAX_FILE_BYTES)
        for file in expand(NamedBytes(describe_path(path.name), raw), room):
            room -= len(file.raw)
            yield file


def _size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it cannot be read."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _paths(corpus: str) -> list[Path]:
    """Return the paths in ``data.corpus``; a path that exists is not split."""
    whole = _expanded(corpus)
    if SEPARATOR not in corpus or os.path.lexists(whole):
        return [whole]
    return [_expanded(part) for part in corpus.split(SEPARATOR) if part] or [whole]


def is_folder(path: Path) -> bool:
    """Return whether a path is an accessible folder."""
    try:
        return path.is_dir()
    except OSError:  # e.g. a name that is too long
        return False


def _files_of(path: Path) -> list[Path]:
    if is_folder(path):
        return _checked(path, sorted(_text_files(path)), "no .txt files")
    if _PATTERN_SIGNS.isdisjoint(str(path)) or os.path.lexists(path):
        return [path]
    return _checked(path, sorted(_matching(path)), "no files")


def _text_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        shown = PurePosixPath(path.relative_to(folder))
        if (
            path.name.lower().endswith(TEXT_SUFFIXES)
            and not is_hidden(shown)
            and not is_folder(path)
        ):
            yield path


def _matching(pattern: Path) -> Iterator[Path]:
    import glob

    for found in glob.iglob(str(pattern), recursive=True):  # noqa: PTH207  # from any folder
        if not is_folder(path := Path(found)):
            yield path


def _checked(path: Path, files: list[Path], problem: str) -> list[Path]:
    if files:
        return files
    raise errors.RequestError(
        f"{describe_path(path.name or str(path))} has {problem}. Name the files, or give a pattern in"
        " quotation marks, e.g. 'texts/*.md'.",
        str(path),
    )


def _expanded(corpus: str) -> Path:
    try:
        return Path(corpus).expanduser()
    except RuntimeError:
        return Path(corpus)  # no user has this name: the ~ is part of the file name

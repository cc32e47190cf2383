"""Opening of regular files only: no pipe, device or folder, and no link unless it is allowed."""

import errno
import os
import stat
from pathlib import Path


class NotAllowedError(OSError):
    """Error: a path is not a regular file, or the file is too large.

    Args:
        problem: What is wrong, e.g. ``is a pipe, not a regular file``; ``strerror`` is a clause of it.
        path: The path.
    """

    def __init__(self, problem: str, path: Path) -> None:
        super().__init__(errno.EINVAL, f"it {problem}", str(path))
        self.problem = problem


def open_regular(
    path: Path,
    flags: int = os.O_RDONLY,
    max_bytes: int | None = None,
    *,
    follows_links: bool = False,
) -> int:
    """Open a regular file without waiting, and return its descriptor.

    Args:
        path: The file.
        flags: Flags of :func:`os.open`; a file that this creates is readable by its owner alone.
        max_bytes: The largest allowed size; None for any.
        follows_links: Whether the last part of the path may be a link.

    Raises:
        NotAllowedError: The path is a link, a folder, a pipe or a device, or the file is too large.
        OSError: The file does not exist or cannot be opened.
    """
    # Without O_NONBLOCK, opening a pipe without a writer would wait forever.
    safe = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follows_links else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags | safe, 0o600)
    except OSError as error:
        raise _reason(path, error, follows_links) from error
    try:
        _check(path, os.fstat(fd), max_bytes)
    except BaseException:
        os.close(fd)
        raise
    return fd


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of at most ``max_bytes``; see :func:`open_regular`.

    Raises:
        NotAllowedError: The path is a link, a folder, a pipe or a device, or the file is too large.
        OSError: The file cannot be read.
    """
    with os.fdopen(open_regular(path, max_bytes=max_bytes), "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:  # it grew meanwhile
        raise _too_large(path, len(content), max_bytes)
    return content


def find_link(folder: Path, depth: int = 3) -> Path | None:
    """Return the first symbolic link in a folder, as deep as a run directory goes; None without one.

    Raises:
        OSError: The folder cannot be read.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                return folder / entry.name
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                link = find_link(folder / entry.name, depth - 1)
                if link is not None:
                    return link
    return None


def _check(path: Path, status: os.stat_result, max_bytes: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAllowedError(f"is {_kind(status.st_mode)}, not a regular file", path)
    if max_bytes is not None and status.st_size > max_bytes:
        raise _too_large(path, status.st_size, max_bytes)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"


def _too_large(path: Path, n_bytes: int, max_bytes: int) -> NotAllowedError:
    return NotAllowedError(f"has {n_bytes:,} bytes; allowed: at most {max_bytes:,}", path)


def _reason(path: Path, error: OSError, follows_links: bool) -> OSError:
    """Return the error for a path that cannot be opened, in words where the system has none."""
    if error.errno == errno.ELOOP and not follows_links:
        return NotAllowedError("is a link, which is not followed", path)
    if error.errno in (errno.EISDIR, errno.ENXIO):
        return NotAllowedError(f"is {_kind(path.stat().st_mode)}, not a regular file", path)
    return error

"""Text of errors in one line; errors of the operating system in words, with the remedy."""

import errno
import os

_MAX_SHOWN_PATH = 160
_CAUSES = {
    errno.ENOSPC: "disk full",
    errno.EDQUOT: "disk quota used up",
    errno.EROFS: "read-only file system",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOENT: "no such file or folder",
    errno.ESTALE: "the folder is gone",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EISDIR: "this is a folder, not a file",
    errno.ENAMETOOLONG: "the path is too long",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files on this machine",
    errno.ENOMEM: "not enough memory",
    errno.ELOOP: "symbolic links that lead back to themselves",
}
_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
}


def cause_of(error: OSError) -> str:
    """Return what is wrong in a few words, e.g. ``disk full``."""
    known = _CAUSES.get(error.errno or 0)
    return known or error.strerror or str(error) or type(error).__name__


def describe_os_error(error: OSError) -> str:
    """Return one sentence: the path, what is wrong there, and the remedy if there is a certain one."""
    if error.errno is None:  # a timeout or a message of this program
        return str(error) or type(error).__name__
    path = f"{shorten_path(os.fsdecode(error.filename))}: " if error.filename else ""
    remedy = f"; {_REMEDIES[error.errno]}" if error.errno in _REMEDIES else ""
    return f"{path}{cause_of(error)}{remedy}"


def shorten_path(path: str) -> str:
    """Return a path without its middle part if it is long."""
    half = _MAX_SHOWN_PATH // 2
    return path if len(path) <= _MAX_SHOWN_PATH else f"{path[:half]}…{path[-half:]}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error message; messages of a library can be pages long."""
    if isinstance(error, OSError):
        return describe_os_error(error)
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

"""Identity of a run: its event log as an open file, which no run of the same name can replace."""

import os
from pathlib import Path


def is_in_place(path: Path, fd: int) -> bool:
    """Return False if a file was deleted or moved, or another one now has its path.

    Args:
        path: The path at which the file was opened.
        fd: The open file. While it is open, no other file can have its identity.
    """
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # not known: the disk has an error
        return True


class LogIdentity:
    """The event log of one run, held open from the first time that it exists.

    Args:
        path: The log.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._fd = path, -1

    @property
    def is_lost(self) -> bool:
        """True if the run was deleted, moved, or replaced by a run of the same name.

        While the folder of all runs is missing too, e.g. because a disk was removed, the run may come
        back.
        """
        if self._fd < 0:
            self._open()
            return False
        return not is_in_place(self._path, self._fd) and self._path.parents[1].is_dir()

    def _open(self) -> None:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return  # there is no log yet

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

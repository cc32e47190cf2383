"""Paths of the user's data and of the files shipped with the program; creates no folders."""

import errno
import os
from pathlib import Path

from seqlm.error_text import cause_of, shorten_path
from seqlm.errors import RequestError

_PACKAGE = Path(__file__).resolve().parent


def home() -> Path:
    """Return the data folder: ``$SEQLM_HOME``, or the user's data folder."""
    chosen = os.environ.get("SEQLM_HOME")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111 (keeps an unknown ~user)
    from platformdirs import user_data_path  # imported here, as most starts do not need it

    return user_data_path("seqlm", appauthor=False)


def runs_dir() -> Path:
    """Return the folder with one folder per run."""
    return home() / "runs"


def create_runs_dir() -> Path:
    """Create the folder of the runs if needed, and return it.

    Raises:
        RequestError: It cannot be created; names the remedy.
    """
    try:
        runs_dir().mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unusable_home(error) from error
    return runs_dir()


def unusable_home(error: OSError) -> RequestError:
    """Return the error for a data folder that cannot be used, with the remedy."""
    path = str(home())
    is_file = os.path.isfile(path)  # noqa: PTH113 (that of a path fails if the path is too long)
    cause = "this is a file, not a folder" if is_file else cause_of(error)
    room = "free some space, or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return RequestError(
        f"the data folder {shorten_path(path)} cannot be used: {cause};"
        f" {room}set SEQLM_HOME to a folder that you can write",
        path,
    )


def corpora_dir() -> Path:
    """Return the folder with the copies of the texts that runs were trained on."""
    return home() / "corpora"


def asset_path(relative_path: str) -> Path:
    """Return the path of a shipped file, e.g. ``data/names.txt``.

    The folder of the checkout comes first: an editable install copies the assets once, and later
    edits must not be hidden by that copy.
    """
    checkout = _PACKAGE.parent / "assets" / relative_path
    return checkout if checkout.exists() else _PACKAGE / "_assets" / relative_path

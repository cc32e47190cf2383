"""Paths of the user's data and of the files shipped with the program; creates no folders."""

import os
from pathlib import Path

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

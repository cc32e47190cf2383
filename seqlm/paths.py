"""Where a user's runs and copies of corpora lie. Looking never makes a folder."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def home() -> Path:
    """The folder of everything this program keeps: ``$SEQLM_HOME``, else the user's data folder."""
    chosen = os.environ.get("SEQLM_HOME")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111 (an unknown ~user stays)
    from platformdirs import user_data_path  # here, as most starts set or need nothing of it

    return user_data_path("seqlm", appauthor=False)


def runs_dir() -> Path:
    """The folder that holds one folder for each run."""
    return home() / "runs"


def corpora_dir() -> Path:
    """The folder that holds copies of texts that runs were trained on."""
    return home() / "corpora"


def asset_path(relative_path: str) -> Path:
    """The path of a shipped file, e.g. ``data/names.txt``.

    The checkout's own folder comes first: an editable install copies assets when it is made, and
    an edit must not be answered from that copy.
    """
    checkout = _PACKAGE.parent / "assets" / relative_path
    return checkout if checkout.exists() else _PACKAGE / "_assets" / relative_path

"""Where the files shipped with the program lie, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(relative_path: str) -> Path:
    """The path of a shipped file, e.g. ``data/names.txt``.

    The checkout's own folder comes first: an editable install copies assets when it is made, and
    an edit must not be answered from that copy.
    """
    checkout = _PACKAGE.parent / "assets" / relative_path
    return checkout if checkout.exists() else _PACKAGE / "_assets" / relative_path

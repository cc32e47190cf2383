"""What the terminal can show: which colours, which signs, or nothing at all."""

import os
import sys
from collections.abc import Mapping, MutableMapping

from seqlm.errors import RequestError

_UNABLE = (None, "", "dumb", "unknown")
_MANY_COLOURS = ("256color", "truecolor", "direct", "kitty", "ghostty", "alacritty", "iterm")
_LIGHT_GROUNDS = ("7", "15")
_COERCED = "C.UTF-8"  # Python itself sets LC_CTYPE so where LANG is C


def check_terminal(environment: Mapping[str, str], instead: str) -> None:
    """See that there is a screen to draw on and a keyboard to read.

    Textual draws on standard error and reads standard input; without either it would spin.

    Args:
        environment: The variables of the process.
        instead: The command that needs no screen.

    Raises:
        RequestError: There is none; says what to use instead.
    """
    for fd, name in ((0, "stdin"), (2, "stderr")):
        if not os.isatty(fd):
            raise RequestError(f"no terminal on {name}; use: {instead}", name)
    term = environment.get("TERM")
    if term in _UNABLE:
        raise RequestError(f"TERM={term or 'not set'} cannot draw a screen; use: {instead}", term)


def drop_stale_size_env(environment: MutableMapping[str, str]) -> None:
    """Drop what a shell said of the size: Textual believes it, and it is wrong after the first resize.

    Args:
        environment: The variables of the process; kept as they are where the terminal knows no size.
    """
    if all(os.get_terminal_size(2)):
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)


def needs_ascii(environment: Mapping[str, str]) -> bool:
    """The Linux console's font has no braille, and a terminal of another encoding no signs at all.

    The locale is asked too: Python takes one that is plain C, or not installed, for UTF-8.
    """
    of_signs = environment.get("LC_CTYPE", "")
    usual = environment.get("LANG", "") if of_signs in ("", _COERCED) else of_signs
    said = environment.get("LC_ALL") or usual
    codeset = said.partition(".")[2].partition("@")[0] or "utf8"
    encodings = {_plain(codeset), _plain(sys.stderr.encoding or "")}
    return environment.get("TERM") == "linux" or said in ("C", "POSIX") or encodings != {"utf8"}


def _plain(encoding: str) -> str:
    return encoding.lower().replace("-", "").replace("_", "")


def palette_name(environment: Mapping[str, str]) -> str:
    """The palette that suits the terminal, by what it says of itself.

    ``NO_COLOR`` (no-color.org) asks for none; ``COLORFGBG`` tells a light ground, where it is set.
    """
    if environment.get("NO_COLOR"):
        return "none"
    term = environment.get("TERM", "").lower()
    if not environment.get("COLORTERM") and not any(name in term for name in _MANY_COLOURS):
        return "16"
    return "light" if environment.get("COLORFGBG", "").split(";")[-1] in _LIGHT_GROUNDS else "dark"

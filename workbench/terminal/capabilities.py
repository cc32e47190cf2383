"""Capabilities of the terminal: colors, character set, and whether it can show a screen at all."""

import os
import sys
from collections.abc import Mapping, MutableMapping

from seqlm.errors import RequestError

_UNABLE = (None, "", "dumb", "unknown")
_MANY_COLORS = ("256color", "truecolor", "direct", "kitty", "ghostty", "alacritty", "iterm")
_LIGHT_BACKGROUNDS = ("7", "15")
_COERCED = "C.UTF-8"  # Python itself sets LC_CTYPE so where LANG is C


def check_terminal(environment: Mapping[str, str], instead: str) -> None:
    """Check that there is a terminal to draw on and to read keys from.

    Textual draws on standard error and reads standard input; without either it would loop forever.

    Args:
        environment: Environment variables of the process.
        instead: Command that needs no terminal.

    Raises:
        RequestError: No terminal, or one that cannot draw a screen.
    """
    for fd, name in ((0, "stdin"), (2, "stderr")):
        if not os.isatty(fd):
            raise RequestError(f"no terminal on {name}; use: {instead}", name)
    term = environment.get("TERM")
    if term in _UNABLE:
        raise RequestError(f"TERM={term or 'not set'} cannot draw a screen; use: {instead}", term)


def drop_stale_size_env(environment: MutableMapping[str, str]) -> None:
    """Remove ``COLUMNS`` and ``LINES``: Textual trusts them, but a resize makes them wrong.

    Args:
        environment: Environment variables of the process; unchanged where the terminal reports no
            size.
    """
    if all(os.get_terminal_size(2)):
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)


def needs_ascii(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal shows ASCII characters only.

    The font of the Linux console has no braille, and a terminal with another encoding than UTF-8 has
    none of the other characters. The locale counts too: Python treats a plain C locale, or one that
    is not installed, as UTF-8.
    """
    ctype = environment.get("LC_CTYPE", "")
    default = environment.get("LANG", "") if ctype in ("", _COERCED) else ctype
    locale = environment.get("LC_ALL") or default
    codeset = locale.partition(".")[2].partition("@")[0] or "utf8"
    encodings = {_normalize(codeset), _normalize(sys.stderr.encoding or "")}
    return environment.get("TERM") == "linux" or locale in ("C", "POSIX") or encodings != {"utf8"}


def _normalize(encoding: str) -> str:
    return encoding.lower().replace("-", "").replace("_", "")


def palette_name(environment: Mapping[str, str]) -> str:
    """Return the name of the palette that suits the terminal.

    ``NO_COLOR`` (no-color.org) turns colors off; ``COLORFGBG``, where it is set, tells a light
    background.
    """
    if environment.get("NO_COLOR"):
        return "none"
    term = environment.get("TERM", "").lower()
    if not environment.get("COLORTERM") and not any(name in term for name in _MANY_COLORS):
        return "16"
    return (
        "light" if environment.get("COLORFGBG", "").split(";")[-1] in _LIGHT_BACKGROUNDS else "dark"
    )

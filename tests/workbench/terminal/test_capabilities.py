"""Capabilities of the terminal: character set and palette."""

import io
import sys

import pytest

from workbench.render.palette import PALETTES
from workbench.terminal.capabilities import needs_ascii, palette_name


class Stderr(io.StringIO):
    """Standard error in an encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("environment", "encoding", "is_needed"),
    [
        ({"TERM": "xterm"}, "utf-8", False),
        ({"LANG": "de_DE.UTF-8"}, "UTF-8", False),
        ({"LANG": "C.utf8"}, "utf-8", False),
        ({"LANG": "sr_RS.UTF-8@latin"}, "utf-8", False),
        ({"TERM": "linux", "LANG": "de_DE.UTF-8"}, "utf-8", True),
        ({"LANG": "C"}, "utf-8", True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", True),  # set by Python for LANG=C
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, "utf-8", True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "utf-8", False),
        ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", True),
        ({"LC_CTYPE": "de_DE.ISO-8859-15@euro"}, "utf-8", True),
        ({"LANG": "de_DE"}, "iso8859-1", True),
        ({}, "ascii", True),
    ],
)
def test_ascii_only_where_the_terminal_has_no_utf8(
    environment: dict[str, str], encoding: str, is_needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Stderr(encoding))
    assert needs_ascii(environment) == is_needed


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;0"}, "dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ({"TERM": "xterm-kitty"}, "dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "dark"),
    ],
)
def test_the_palette_follows_the_environment(environment: dict[str, str], name: str) -> None:
    assert palette_name(environment) == name
    assert name in PALETTES

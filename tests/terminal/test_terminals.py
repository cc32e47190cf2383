"""Terminals of every kind: the colours and signs they know, how they are left, and coming back."""

import re
from collections.abc import Callable

import pytest
from escapes import kinds_of_colour, told
from workbench_program import ESC, UP, Workbench

Start = Callable[..., Workbench]
FULL = ("names-mlp", "uniform", "quit")

EVERYWHERE = ("1", "2", "\r", ESC, "3", "4", ":", ESC, "?", ESC, "z", "z", "2" + UP * 60 + "\r", ESC)
"""Panes, a field, the palette, the help, a zoom, the list of presets."""


def look_everywhere(program: Workbench) -> bytes:
    """Open everything that can be opened, and leave; every byte that was written."""
    program.wait_for(*FULL)
    for keys in EVERYWHERE:
        program.press(keys)
    program.settled()
    assert program.leave() == 0
    found = told(bytes(program.output))
    assert found.unexpected == []
    assert found.is_restored
    return bytes(program.output)


@pytest.mark.parametrize(
    ("term", "colorterm", "words", "kinds"),
    [
        ("xterm-256color", "truecolor", [], {"truecolor"}),
        ("xterm-256color", None, [], {"256"}),
        ("screen-256color", None, [], {"256"}),
        ("xterm", None, [], {"16"}),
        ("screen", None, [], {"16"}),
        ("linux", None, [], {"16"}),
        ("xterm-256color", "truecolor", ["--palette", "16"], {"16"}),
        ("xterm-256color", "truecolor", ["--palette", "none"], set()),
        ("xterm-256color", None, ["--light"], {"256"}),
    ],
)
def test_no_more_colours_than_a_terminal_has(
    term: str, colorterm: str | None, words: list[str], kinds: set[str], start: Start
) -> None:
    program = start(*words, environment={"TERM": term, "COLORTERM": colorterm})
    assert kinds_of_colour(look_everywhere(program)) == kinds


def test_no_colour_where_none_is_wanted(start: Start) -> None:
    program = start(environment={"NO_COLOR": "1"})
    assert kinds_of_colour(look_everywhere(program)) == set()


@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ([], b"48;2;16;20;24"),
        (["--palette", "light"], b"48;2;251;251;248"),
        (["--light"], b"48;2;251;251;248"),
        (["--palette", "colour-blind"], b"38;2;86;180;233"),
    ],
)
def test_palettes(words: list[str], ground: bytes, start: Start) -> None:
    assert ground in look_everywhere(start(*words))


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--ascii"], {}),
        ([], {"TERM": "linux"}),
        ([], {"LC_ALL": "C", "LANG": None}),
        ([], {"LANG": "POSIX"}),
        ([], {"LANG": "de_DE.ISO-8859-1"}),
        ([], {"PYTHONIOENCODING": "ascii"}),
    ],
)
def test_ascii_alone(words: list[str], environment: dict[str, str | None], start: Start) -> None:
    output = look_everywhere(start(*words, environment=environment))
    assert output.isascii()
    assert not re.search(rb"\\[xuU][0-9a-f]{2}", output)

"""What a terminal may be told: the sequences of the screen itself, and characters that steer nothing."""

import re
import unicodedata
from collections.abc import Iterator

MODES = (7, 25, 1000, 1003, 1004, 1006, 1015, 1016, 1049, 2004, 2026, 2048)
"""Wrapping, cursor, mouse, focus, alternate screen, bracketed paste, whole frames, told sizes."""

_ALLOWED = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\x1b\[\d+;\d+H"  # the cursor's place
    rf"|\x1b\[\?(?:{'|'.join(map(str, MODES))})[hl]"
    r"|\x1b\[\?(?:2026|2048)\$p"  # are these modes there?
    r"|\x1b\[>\d+u|\x1b\[<u"  # kitty's keyboard protocol, on and off
    r"|\x1b\]22;[a-z-]+\x07"  # the pointer's shape
    r"|\r?\n"
)
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_COLOUR = re.compile(rb"\x1b\[([0-9;]*)m")


def unexpected(output: bytes) -> list[str]:
    """What a terminal was told that this program never means to tell one, with what stands around it.

    Raises:
        UnicodeDecodeError: The bytes are not UTF-8.
    """
    text = output.decode()
    found: list[str] = []
    at = 0
    for match in _ALLOWED.finditer(text):
        found += _steering(text, at, match.start())
        at = match.end()
    return found + _steering(text, at, len(text))


def _steering(text: str, begin: int, end: int) -> list[str]:
    return [
        f"{char!r} in {text[max(0, i - 20) : i + 40]!r}"
        for i, char in enumerate(text[begin:end], begin)
        if unicodedata.category(char) in _STEERING
    ]


def colours(output: bytes) -> Iterator[list[int]]:
    """The numbers of each SGR sequence."""
    for match in _COLOUR.finditer(output):
        yield [int(number or 0) for number in match.group(1).split(b";")]


def kinds_of_colour(output: bytes) -> set[str]:
    """Which kinds of colour were set: ``16``, ``256`` or ``truecolor``; none where none was."""
    kinds: set[str] = set()
    for numbers in colours(output):
        while numbers:
            first = numbers.pop(0)
            if first in (38, 48, 58):
                kinds.add({5: "256", 2: "truecolor"}[numbers[0]])
                del numbers[: {5: 2, 2: 4}[numbers[0]]]
            elif 30 <= first <= 37 or 40 <= first <= 47 or 90 <= first <= 107:
                kinds.add("16")
    return kinds


def is_restored(output: bytes) -> bool:
    """Whether a terminal that was told all this is as it was before: every mode set is reset."""
    text = output.decode(errors="replace")
    last = {
        int(mode): on == "h" for mode, on in re.findall(r"\x1b\[\?(\d+)([hl])", text) if mode != "7"
    }
    on = {mode for mode, is_on in last.items() if is_on}
    wraps = re.findall(r"\x1b\[\?7([hl])", text)
    keyboard = text.count("\x1b[>") == text.count("\x1b[<u")
    return on <= {25} and last.get(25, True) and wraps[-1:] in ([], ["h"]) and keyboard

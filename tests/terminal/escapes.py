"""Allowed terminal output: the escape sequences of the screen, and printable characters."""

import re
import unicodedata
from collections.abc import Iterator

MODES = (7, 25, 1000, 1003, 1004, 1006, 1015, 1016, 1049, 2004, 2026, 2048)
"""Wrapping, cursor, mouse, focus, alternate screen, bracketed paste, synchronized output, resize."""

_ALLOWED = re.compile(
    r"\x1b\[[0-9;]*m"  # colors
    r"|\x1b\[\d+;\d+H"  # cursor position
    rf"|\x1b\[\?(?P<mode>{'|'.join(map(str, MODES))})(?P<on>[hl])"
    r"|\x1b\[\?(?:2026|2048)\$p"  # queries of supported modes
    r"|\x1b\[>\d+u|\x1b\[<u"  # kitty's keyboard protocol, on and off
    r"|\x1b\]22;[a-z-]+\x07"  # shape of the mouse pointer
    r"|(?P<clipboard>\x1b\]52;c;[A-Za-z0-9+/=]*\x07)"
    r"|\r?\n"
)
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SGR = re.compile(rb"\x1b\[([0-9;]*)m")


class OutputRecord:
    """Record of the terminal output so far, fed in pieces.

    Args:
        clipboard: True if text may be copied.

    Attributes:
        unexpected: Output that this program must never write, with the text around it.
        modes: Each mode that was set or reset, and True if it is set now.
        n_keyboards: Number of keyboard protocols that are still enabled.
    """

    def __init__(self, clipboard: bool = False) -> None:
        self.unexpected: list[str] = []
        self.modes: dict[int, bool] = {}
        self.n_keyboards = 0
        self._clipboard = clipboard

    def feed(self, output: bytes) -> None:
        """Apply a piece that ends before an escape sequence or at the end of the output.

        Raises:
            UnicodeDecodeError: The bytes are not UTF-8.
        """
        text = output.decode()
        at = 0
        for match in _ALLOWED.finditer(text):
            if match["clipboard"] and not self._clipboard:
                continue
            self._add_unexpected(text, at, match.start())
            at = match.end()
            if match["mode"]:
                self.modes[int(match["mode"])] = match["on"] == "h"
        self._add_unexpected(text, at, len(text))
        self.n_keyboards += text.count("\x1b[>") - text.count("\x1b[<u")

    @property
    def is_restored(self) -> bool:
        """True if the terminal is restored: lines wrap, the cursor is visible, all else is off."""
        usual = {7: True, 25: True}
        kept = all(on == usual.get(mode, False) for mode, on in self.modes.items())
        return kept and self.n_keyboards == 0

    def _add_unexpected(self, text: str, begin: int, end: int) -> None:
        self.unexpected += [
            f"{char!r} in {text[max(0, i - 20) : i + 40]!r}"
            for i, char in enumerate(text[begin:end], begin)
            if unicodedata.category(char) in _STEERING
        ]


def record_output(output: bytes, clipboard: bool = False) -> OutputRecord:
    """Return the record of a complete terminal output."""
    record = OutputRecord(clipboard)
    record.feed(output)
    return record


def sgr_numbers(output: bytes) -> Iterator[list[int]]:
    """Yield the numbers of each SGR sequence."""
    for match in _SGR.finditer(output):
        yield [int(number or 0) for number in match.group(1).split(b";")]


def color_kinds(output: bytes) -> set[str]:
    """Return the kinds of color that were set: ``16``, ``256`` or ``truecolor``."""
    kinds: set[str] = set()
    for numbers in sgr_numbers(output):
        while numbers:
            first = numbers.pop(0)
            if first in (38, 48, 58):
                kinds.add({5: "256", 2: "truecolor"}[numbers[0]])
                del numbers[: {5: 2, 2: 4}[numbers[0]]]
            elif 30 <= first <= 37 or 40 <= first <= 47 or 90 <= first <= 107:
                kinds.add("16")
    return kinds

"""Difference between frames: only changed cells are sent to the terminal.

Textual redraws whole strips, and the whole screen after a layout change. Over SSH each byte counts,
so Textual's output is drawn into a grid first, and only the cells that differ from the terminal's
content are sent.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len

# Styled text up to a reset (most of the output), a cursor position, a style alone, or a new line.
_OUTPUT = re.compile(
    r"(?:\x1b\[([\d;]+)m)?([^\x1b\r\n]+)(\x1b\[0m)?"
    r"|\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\r?\n"
)
_NOT_DRAWING = re.compile(r"(?:\x1b\[\?\d+(?:[hl]|\$p)|\x1b\[[<>]\d*u|\x1b\][^\x07]*\x07)*")
_SCREENS = "\x1b[?1049"
# Characters that take one cell in every terminal.
_NARROW = re.compile(
    "[ -~\xa0-\u02ff\u0370-\u058f\u2010-\u2027\u2030-\u205e\u2070-\u20a0\u2190-\u2319\u231c-\u2328"
    "\u2400-\u2426\u2460-\u25fc\u2710-\u2727\u2758-\u2794\u2798-\u27af\u27c0-\u2b1a]*"
)
_GAP = 8  # resending so many equal cells costs no more than moving the cursor
_PLAIN, _UNKNOWN = "", "?"


class Row:
    """Cells of one row: characters, and styles as the numbers of an SGR sequence.

    The second cell of a wide character is empty.
    """

    __slots__ = ("glyphs", "styles")

    def __init__(self, glyphs: list[str], styles: list[str]) -> None:
        self.glyphs, self.styles = glyphs, styles

    def copy(self) -> "Row":
        """Return a copy of the row."""
        return Row(self.glyphs[:], self.styles[:])

    @property
    def is_narrow(self) -> bool:
        """True if every character certainly takes one cell."""
        return _NARROW.fullmatch("".join(self.glyphs)) is not None

    def put(self, x: int, text: str, style: str) -> int:
        """Write text from cell `x` on; return the cell after the text."""
        if text.isascii() or _NARROW.fullmatch(text):
            end = x + len(text)
            self._clear(x, end)
            self.glyphs[x:end] = text
            self.styles[x:end] = [style] * len(text)
            return end
        for char in text:
            x = self._put_one(x, char, style)
        return x

    def changed(self, before: "Row") -> Iterator[tuple[int, int]]:
        """Yield the spans of changed cells, each as its first cell and the cell after its last."""
        if not (self.is_narrow and before.is_narrow):
            yield from self._known()
            return
        first = last = -1
        for x in self._different(before):
            if first < 0 or x - last > _GAP or _UNKNOWN in self.styles[last:x]:
                if first >= 0:
                    yield first, last + 1
                first = x
            last = x
        if first >= 0:
            yield first, last + 1

    def _different(self, before: "Row") -> list[int]:
        n = len(before.glyphs)
        cells = zip(self.glyphs, before.glyphs, self.styles, before.styles, strict=False)
        found = [x for x, (a, b, c, d) in enumerate(cells) if a != b or c != d]
        return [*found, *(x for x in range(n, len(self.glyphs)) if self.styles[x] != _UNKNOWN)]

    def _known(self) -> Iterator[tuple[int, int]]:
        first = 0
        for x, style in enumerate([*self.styles, _UNKNOWN]):
            if style == _UNKNOWN:
                if x > first:
                    yield first, x
                first = x + 1

    def _put_one(self, x: int, char: str, style: str) -> int:
        n_cells = cell_len(char)
        if n_cells == 0:
            if 0 < x <= len(self.glyphs):
                self.glyphs[x - 1] += char
            return x
        self._clear(x, x + n_cells)
        self.glyphs[x : x + n_cells] = [char, *[""] * (n_cells - 1)]
        self.styles[x : x + n_cells] = [style] * n_cells
        return x + n_cells

    def _clear(self, x: int, end: int) -> None:
        """Prepare the cells from `x` to `end`; half of a cut wide character becomes a space."""
        missing = end - len(self.glyphs)
        if missing > 0:
            self.glyphs += [" "] * missing
            self.styles += [_UNKNOWN] * missing
        if x > 0 and self.glyphs[x] == "":
            self.glyphs[x - 1] = " "
        if end < len(self.glyphs) and self.glyphs[end] == "":
            self.glyphs[end] = " "


class FrameDiff:
    """Model of the terminal's content, used to compute the changes."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._cursor = (0, 0)

    def invalidate(self) -> None:
        """Forget the terminal's content: the next frame is sent whole."""
        self._rows.clear()

    def diff(self, output: str) -> str:
        """Return the bytes to send for this output; output that cannot be parsed is returned whole."""
        if _NOT_DRAWING.fullmatch(output):
            if _SCREENS in output:
                self.invalidate()
            return output
        before: dict[int, Row] = {}
        place = self._draw(output, before)
        if place is None:
            self.invalidate()
            return output
        return self._changes(before, place)

    def _draw(self, output: str, before: dict[int, Row]) -> tuple[int, int] | None:
        """Draw into the grid, keep the previous rows in `before`, and return the cursor's position.

        Returns None for output that cannot be parsed.
        """
        x = y = end = 0
        style, row = _PLAIN, None
        for match in _OUTPUT.finditer(output):
            if match.start() != end:
                return None
            end = match.end()
            own, text, reset, line, column, alone = match.groups()
            if text is not None:
                row = row or self._row(y, before)
                style = _joined(style, own) if own else style
                x = row.put(x, text, style)
                style = _PLAIN if reset else style
            elif line is not None:
                x, y, row = int(column) - 1, int(line) - 1, None
            elif alone is not None:
                style = _joined(style, alone)
            else:
                x, y, row = 0, y + 1, None
        return (x, y) if end == len(output) else None

    def _row(self, y: int, before: dict[int, Row]) -> Row:
        row = self._rows.setdefault(y, Row([], []))
        if y not in before:
            before[y] = row.copy()
        return row

    def _changes(self, before: dict[int, Row], place: tuple[int, int]) -> str:
        sent: list[str] = []
        pen = _PLAIN
        for y in sorted(before):
            row = self._rows[y]
            if row.glyphs == before[y].glyphs and row.styles == before[y].styles:
                continue
            for first, end in row.changed(before[y]):
                sent.append(_to(first, y))
                pen = _write(row, first, end, pen, sent)
        if sent:
            sent.append(_sgr(pen, _PLAIN))
        if sent or place != self._cursor:
            sent.append(_to(*place))
        self._cursor = place
        return "".join(sent)


def _write(row: Row, first: int, end: int, pen: str, sent: list[str]) -> str:
    """Append a span of cells to `sent`; return the style that the terminal then has."""
    while first < end:
        style, after = row.styles[first], first + 1
        while after < end and row.styles[after] == style:
            after += 1
        sent += (_sgr(pen, style), *row.glyphs[first:after])
        pen, first = style, after
    return pen


def _joined(style: str, sgr: str) -> str:
    if sgr in ("", "0"):
        return _PLAIN
    return f"{style};{sgr}" if style else sgr


def _to(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


class _Style(NamedTuple):
    """Parsed SGR sequence: attributes such as bold, and two colors, each as its numbers."""

    attributes: tuple[str, ...]
    foreground: str
    background: str


@lru_cache(maxsize=4096)
def _sgr(pen: str, style: str) -> str:
    """Return the shortest sequence that changes one style into another."""
    if pen == style:
        return ""
    old, new = _style(pen), _style(style)
    if not style:
        return "\x1b[0m"
    if not set(old.attributes) <= set(new.attributes):
        return f"\x1b[0;{style}m"
    codes = [code for code in new.attributes if code not in old.attributes]
    codes += [new.foreground or "39"] if new.foreground != old.foreground else []
    codes += [new.background or "49"] if new.background != old.background else []
    return f"\x1b[{';'.join(codes)}m" if codes else ""


@lru_cache(maxsize=4096)
def _style(sgr: str) -> _Style:
    numbers = sgr.split(";") if sgr else []
    attributes: list[str] = []
    foreground = background = ""
    while numbers:
        n_numbers = {"5": 3, "2": 5}.get(numbers[1], 1) if _has_color_space(numbers) else 1
        code, numbers = ";".join(numbers[:n_numbers]), numbers[n_numbers:]
        first = code.partition(";")[0]
        if first == "38" or first in _FOREGROUNDS:
            foreground = code
        elif first == "48" or first in _BACKGROUNDS:
            background = code
        else:
            attributes.append(code)
    return _Style(tuple(attributes), foreground, background)


def _has_color_space(numbers: list[str]) -> bool:
    return numbers[0] in ("38", "48", "58") and len(numbers) > 1


_FOREGROUNDS = {str(n) for n in (*range(30, 38), *range(90, 98))}
_BACKGROUNDS = {str(n) for n in (*range(40, 48), *range(100, 108))}

"""Only the cells that change are sent: a screen drawn anew, mostly the same, costs next to nothing.

Textual redraws whole strips, and everything where a layout changes. Over SSH each byte counts, so what
it writes is drawn in a grid first, and what differs from what the terminal shows goes on.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len

# Text in its style up to the reset, which most of it is; a place; a style or a new line alone.
_DRAWN = re.compile(
    r"(?:\x1b\[([\d;]+)m)?([^\x1b\r\n]+)(\x1b\[0m)?"
    r"|\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\r?\n"
)
_ASIDE = re.compile(r"(?:\x1b\[\?\d+(?:[hl]|\$p)|\x1b\[[<>]\d*u|\x1b\][^\x07]*\x07)*")
_SCREENS = "\x1b[?1049"
# Characters that every terminal gives one cell.
_NARROW = re.compile(
    "[ -~\xa0-\u02ff\u0370-\u058f\u2010-\u2027\u2030-\u205e\u2070-\u20a0\u2190-\u2319\u231c-\u2328"
    "\u2400-\u2426\u2460-\u25fc\u2710-\u2727\u2758-\u2794\u2798-\u27af\u27c0-\u2b1a]*"
)
_GAP = 8  # equal cells between two changes that cost no more than to go to the second
_PLAIN, _UNKNOWN = "", "?"


class Row:
    """The cells of a row: their characters and their styles, as the numbers of an SGR sequence.

    The second cell of a wide character is empty.
    """

    __slots__ = ("glyphs", "styles")

    def __init__(self, glyphs: list[str], styles: list[str]) -> None:
        self.glyphs, self.styles = glyphs, styles

    def copy(self) -> "Row":
        """The same cells, to be changed."""
        return Row(self.glyphs[:], self.styles[:])

    @property
    def is_narrow(self) -> bool:
        """Whether each character surely has one cell, so that the next one's place is sure."""
        return _NARROW.fullmatch("".join(self.glyphs)) is not None

    def put(self, x: int, text: str, style: str) -> int:
        """Writes text from a cell on; returns the cell after it."""
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
        """The spans of cells, each as its first cell and the one after its last, that are to be sent."""
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
        """Makes room for what is written: half a wide character left over is a blank."""
        missing = end - len(self.glyphs)
        if missing > 0:
            self.glyphs += [" "] * missing
            self.styles += [_UNKNOWN] * missing
        if x > 0 and self.glyphs[x] == "":
            self.glyphs[x - 1] = " "
        if end < len(self.glyphs) and self.glyphs[end] == "":
            self.glyphs[end] = " "


class FrameDiff:
    """Knows what a terminal shows."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._place = (0, 0)

    def invalidate(self) -> None:
        """The terminal may show anything now: what is drawn next is sent whole."""
        self._rows.clear()

    def diff(self, drawn: str) -> str:
        """What has to be sent for what is drawn. Where that is no drawing, all of it."""
        if _ASIDE.fullmatch(drawn):
            if _SCREENS in drawn:
                self.invalidate()
            return drawn
        before: dict[int, Row] = {}
        place = self._draw(drawn, before)
        if place is None:
            self.invalidate()
            return drawn
        return self._changes(before, place)

    def _draw(self, drawn: str, before: dict[int, Row]) -> tuple[int, int] | None:
        """Draws in the grid and keeps the rows as they were; returns where the cursor is left."""
        x = y = end = 0
        style, row = _PLAIN, None
        for match in _DRAWN.finditer(drawn):
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
        return (x, y) if end == len(drawn) else None

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
        if sent or place != self._place:
            sent.append(_to(*place))
        self._place = place
        return "".join(sent)


def _write(row: Row, first: int, end: int, pen: str, sent: list[str]) -> str:
    """Sends a span of cells; returns the style that the terminal writes in now."""
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
    """What an SGR sequence sets: weight and the like, and two colours, each as its numbers."""

    ways: tuple[str, ...]
    ink: str
    ground: str


@lru_cache(maxsize=4096)
def _sgr(pen: str, style: str) -> str:
    """The shortest way from one style to another."""
    if pen == style:
        return ""
    old, new = _style(pen), _style(style)
    if not style:
        return "\x1b[0m"
    if not set(old.ways) <= set(new.ways):
        return f"\x1b[0;{style}m"
    codes = [way for way in new.ways if way not in old.ways]
    codes += [new.ink or "39"] if new.ink != old.ink else []
    codes += [new.ground or "49"] if new.ground != old.ground else []
    return f"\x1b[{';'.join(codes)}m" if codes else ""


@lru_cache(maxsize=4096)
def _style(sgr: str) -> _Style:
    numbers = sgr.split(";") if sgr else []
    ways: list[str] = []
    ink = ground = ""
    while numbers:
        n_numbers = {"5": 3, "2": 5}.get(numbers[1], 1) if _is_mixed(numbers) else 1
        code, numbers = ";".join(numbers[:n_numbers]), numbers[n_numbers:]
        first = code.partition(";")[0]
        if first == "38" or first in _INKS:
            ink = code
        elif first == "48" or first in _GROUNDS:
            ground = code
        else:
            ways.append(code)
    return _Style(tuple(ways), ink, ground)


def _is_mixed(numbers: list[str]) -> bool:
    return numbers[0] in ("38", "48", "58") and len(numbers) > 1


_INKS = {str(n) for n in (*range(30, 38), *range(90, 98))}
_GROUNDS = {str(n) for n in (*range(40, 48), *range(100, 108))}

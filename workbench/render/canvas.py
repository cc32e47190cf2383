"""Canvas of braille dots: 2 x 4 dots in each terminal cell."""

import math
from collections.abc import Iterable

_BRAILLE_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # [y][x] in a cell
_ASCII_BITS = ((0x01,), (0x02,))
_ASCII_SIGNS = " '.:"


class BrailleCanvas:
    """Canvas of dots, read back as characters.

    Dot (0, 0) is at the top left. With `ascii_only` a cell has one column of two dots, drawn as
    ``'``, ``.`` and ``:``. Dots outside the canvas are ignored.

    Attributes:
        width: Width in dots.
        height: Height in dots.
        dots_across: Horizontal dots of one cell.
        dots_down: Vertical dots of one cell.
    """

    def __init__(self, width_cells: int, height_cells: int, ascii_only: bool = False) -> None:
        """Create an empty canvas of this size in cells."""
        self._bits = _ASCII_BITS if ascii_only else _BRAILLE_BITS
        self._ascii_only = ascii_only
        self.dots_across, self.dots_down = dots_per_cell(ascii_only)
        self.width = max(0, width_cells) * self.dots_across
        self.height = max(0, height_cells) * self.dots_down
        self._cells = [bytearray(max(0, width_cells)) for _ in range(max(0, height_cells))]

    def set(self, x: int, y: int) -> None:
        """Set one dot."""
        if 0 <= x < self.width and 0 <= y < self.height:
            column, dot_x = divmod(x, self.dots_across)
            row, dot_y = divmod(y, self.dots_down)
            self._cells[row][column] |= self._bits[dot_y][dot_x]

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a line between two points, given in dots; NaN draws nothing."""
        ends = self._clipped(x0, y0, x1, y1)
        if ends is None:
            return
        x0, y0, x1, y1 = ends
        dx, dy = x1 - x0, y1 - y0
        if abs(dy) > abs(dx):
            self._steep_line(x0, y0, dx, dy)
            return
        n_steps = math.ceil(abs(dx)) or 1
        for i in range(n_steps + 1):
            share = i / n_steps
            self.set(int(x0 + dx * share + 0.5), int(y0 + dy * share + 0.5))

    def _steep_line(self, x0: float, y0: float, dx: float, dy: float) -> None:
        """Draw a steep line with one dot in each row; most lines of a noisy curve are steep."""
        across, down, bits = self.dots_across, self.dots_down, self._bits
        per_row = dx / dy
        begin, end = sorted((int(y0 + 0.5), int(y0 + dy + 0.5)))
        to_right, last = x0 - y0 * per_row + 0.5, self.width - 1
        for y in range(begin, min(end, self.height - 1) + 1):
            x = int(to_right + y * per_row)
            x = 0 if x < 0 else last if x > last else x
            self._cells[y // down][x // across] |= bits[y % down][x % across]

    def polyline(self, points: Iterable[tuple[float, float]]) -> None:
        """Draw a line through all points, with a gap at points that are not finite."""
        last: tuple[float, float] | None = None
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                last = None
                continue
            from_x, from_y = last if last is not None else (x, y)
            self.line(from_x, from_y, x, y)
            last = (x, y)

    def char(self, column: int, row: int) -> str:
        """Return the character of one cell, a space where no dot is set."""
        bits = self._cells[row][column]
        if self._ascii_only:
            return _ASCII_SIGNS[bits]
        return chr(0x2800 + bits) if bits else " "

    def drawn(self) -> Iterable[tuple[int, int, str]]:
        """Yield (column, row, character) of each cell that has a dot."""
        for row, cells in enumerate(self._cells):
            if any(cells):
                for column, bits in enumerate(cells):
                    if bits:
                        yield column, row, self.char(column, row)

    def rows(self) -> list[str]:
        """Return the whole canvas, one string a row."""
        return [
            "".join(self.char(column, row) for column in range(len(cells)))
            for row, cells in enumerate(self._cells)
        ]

    def _clipped(
        self, x0: float, y0: float, x1: float, y1: float
    ) -> tuple[float, float, float, float] | None:
        """Clip a line to the canvas (Liang and Barsky 1984), so that far points cost nothing."""
        right, bottom = self.width - 1, self.height - 1
        if 0 <= x0 <= right and 0 <= x1 <= right and 0 <= y0 <= bottom and 0 <= y1 <= bottom:
            return x0, y0, x1, y1
        if not all(map(math.isfinite, (x0, y0, x1, y1))):
            return None
        dx, dy = x1 - x0, y1 - y0
        first, last = 0.0, 1.0
        sides = (
            (-dx, x0),
            (dx, right - x0),
            (-dy, y0),
            (dy, bottom - y0),
        )
        for speed, room in sides:
            if speed == 0:
                if room < 0:
                    return None
            elif speed < 0:
                first = max(first, room / speed)
            else:
                last = min(last, room / speed)
        if first > last:
            return None
        return x0 + dx * first, y0 + dy * first, x0 + dx * last, y0 + dy * last


def dots_per_cell(ascii_only: bool) -> tuple[int, int]:
    """Return the dots across and down one terminal cell."""
    bits = _ASCII_BITS if ascii_only else _BRAILLE_BITS
    return len(bits[0]), len(bits)

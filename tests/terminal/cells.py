"""Screen content after terminal output, without colors. Much faster than a full emulator."""

import codecs
import re

from wcwidth import wcwidth

_TOLD = re.compile(
    r"(?P<place>\x1b\[(?P<row>\d+);(?P<column>\d+)H)"
    r"|\x1b\[[0-9;?<>=$]*[A-Za-z~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|(?P<end>\r?\n|\r)"
    r"|(?P<text>[^\x1b\r\n]+)"
)
_UNFINISHED = re.compile(r"\x1b[^A-Za-z~\x07]*\Z|\r\Z")


class Cells:
    """Rows of cells and the cursor position. Lines do not wrap.

    Args:
        columns: Cells in a row.
        rows: Rows.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._left, self._x, self._y = "", 0, 0
        self._cells: list[list[str]] = []
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the cells inside the new size keep their content."""
        self._cells = [
            [*row[:columns], *[" "] * (columns - len(row))] for row in self._cells[:rows]
        ]
        self._cells += [[" "] * columns for _ in range(rows - len(self._cells))]

    def feed(self, output: bytes) -> None:
        """Apply the output of a program."""
        told = self._left + self._decoder.decode(output)
        unfinished = _UNFINISHED.search(told)
        end = unfinished.start() if unfinished else len(told)
        self._left = told[end:]
        for match in _TOLD.finditer(told, 0, end):
            if text := match["text"]:
                self._write(text)
            elif match["place"]:
                self._y, self._x = int(match["row"]) - 1, int(match["column"]) - 1
            elif match["end"]:
                self._x, self._y = 0, self._y + (match["end"] != "\r")

    @property
    def text(self) -> str:
        """Content of the screen, row by row."""
        return "\n".join("".join(row) for row in self._cells)

    def _write(self, text: str) -> None:
        if self._y >= len(self._cells):
            return
        row, x = self._cells[self._y], self._x
        if text.isascii():
            shown = text[: max(0, len(row) - x)]
            row[x : x + len(shown)] = shown
            self._x += len(text)
            return
        for char in text:
            self._put(row, char)

    def _put(self, row: list[str], char: str) -> None:
        width, x = max(0, wcwidth(char)), self._x
        if width == 0 and 0 < x <= len(row):
            row[x - 1] += char
        elif x + width <= len(row):
            row[x : x + width] = [char, *[""] * (width - 1)]
        self._x += width

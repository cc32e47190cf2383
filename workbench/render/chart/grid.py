"""A grid of cells, each with one character and one role."""

from itertools import groupby

from rich.cells import cell_len

from workbench.render.chart.spec import Role, Row
from workbench.render.sanitize import REPLACEMENT


class Grid:
    """Cells with a character and a role each; every character is one cell wide."""

    def __init__(self, width: int, height: int) -> None:
        """Makes a grid of spaces."""
        self.width, self.height = width, height
        self.chars = [[" "] * width for _ in range(height)]
        self.roles: list[list[Role]] = [["plain"] * width for _ in range(height)]

    def put(self, column: int, row: int, char: str, role: Role) -> None:
        """Writes one cell; outside the grid nothing happens."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self.chars[row][column] = char
            self.roles[row][column] = role

    def write(self, column: int, row: int, text: str, role: Role) -> None:
        """Writes text into neighbouring cells, one character each."""
        for offset, char in enumerate(narrow(text)):
            self.put(column + offset, row, char, role)

    def row(self, row: int) -> Row:
        """Returns one row as segments, neighbours of one role joined."""
        text, at = "".join(self.chars[row]), 0
        joined: Row = []
        for role, run in groupby(self.roles[row]):
            end = at + len(list(run))
            joined.append((text[at:end], role))
            at = end
        return joined


def narrow(text: str) -> str:
    """Returns the text with each character that is not exactly one cell wide replaced."""
    return "".join(char if cell_len(char) == 1 else REPLACEMENT for char in text)

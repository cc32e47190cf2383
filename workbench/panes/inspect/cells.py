"""Cells of numbers and matrices: signed values as shades with their sign, or as short numbers."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len

from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row, StyledSpan

WIDE, NARROW = 5, 2
_SHADES, _ASCII_SHADES = "·░▒▓█", ".:*%#"
_SHADE_FROM = (0.05, 0.25, 0.5, 0.75)


def format_signed(value: float) -> str:
    """Return a signed number in four characters: ``+.52``, ``-1.3``, ``+24.``, ``+3e4``."""
    if not math.isfinite(value):
        return " NaN" if math.isnan(value) else f"{value:+.0f}".rjust(4)
    size = abs(value)
    if size < 0.005:
        return "   0"
    if size < 0.995:
        return f"{value:+.2f}".replace("0.", ".")
    if size < 9.95:
        return f"{value:+.1f}"
    if size < 999.5:
        return f"{value:+.0f}".rjust(4)
    return f"{value:+.0e}".replace("e+0", "e").replace("e+", "e")[:4]


def format_share(value: float) -> str:
    """Return a number from 0 to 1 in four characters: ``.52``, `` 1.0``."""
    return "1.0" if value >= 0.995 else "0" if value < 0.005 else f"{value:.2f}".lstrip("0")


def largest_size(rows: Sequence[Sequence[float]]) -> float:
    """Return the largest finite absolute value; 1 where all are 0."""
    return max((abs(v) for row in rows for v in row if math.isfinite(v)), default=0.0) or 1.0


def shade(value: float, scale: float, ascii_only: bool) -> str:
    """Return the character for the size of a value; ``×`` for one that is not finite."""
    if not math.isfinite(value):
        return "x" if ascii_only else "×"
    shades = _ASCII_SHADES if ascii_only else _SHADES
    return shades[sum(abs(value) / scale >= share for share in _SHADE_FROM)]


def signed_cell(value: float, scale: float, is_wide: bool, ascii_only: bool) -> StyledSpan:
    """Return a signed value as a short number, or as its sign and a shade."""
    role = "positive" if value > 0 else "negative" if value < 0 else "guide"
    if is_wide:
        return f"{format_signed(value)} ".rjust(WIDE), role
    sign = shade(value, scale, ascii_only)
    if abs(value) < scale * _SHADE_FROM[0]:
        return f" {sign}", "guide"
    return ("+" if value > 0 else "-") + sign, role


def share_cell(value: float, scale: float, is_wide: bool, ascii_only: bool) -> StyledSpan:
    """Return a number from 0 to 1 as a short number, or as a shade."""
    if is_wide:
        return f"{format_share(value)} ".rjust(WIDE), "train" if value >= 0.005 else "guide"
    sign = shade(value, scale, ascii_only)
    return sign * 2 if sign == "█" else f" {sign}", "train" if value >= 0.05 * scale else "guide"


def signed_cells(
    values: Sequence[float], scale: float, n_cells: int, at: int, ascii_only: bool
) -> Row:
    """Return as many values as fit, with the one at an index among them and marked.

    Args:
        values: The values.
        scale: Absolute value of the darkest shade.
        n_cells: Width in cells.
        at: Index to show; -1 to mark none.
        ascii_only: Whether only ASCII characters are drawn.
    """
    is_wide = len(values) * WIDE <= n_cells
    shown = window(len(values), n_cells // (WIDE if is_wide else NARROW), max(0, at))
    cells = []
    for index in shown:
        text, role = signed_cell(values[index], scale, is_wide, ascii_only)
        cells.append((text, f"{role} reverse bold" if index == at else role))
    return cells


def window(n: int, room: int, at: int) -> range:
    """Return the indices of at most ``room`` of n things, around the one at an index."""
    room = max(1, room)
    first = max(0, min(at - room // 2, n - room))
    return range(first, min(n, first + room))


class Matrix(NamedTuple):
    """Matrix with labels and a cursor.

    Attributes:
        rows: Values; a shorter row ends earlier.
        row_labels: Label of each row.
        column_labels: Label of each column.
        scale: Absolute value of the darkest shade.
        at: Row and column of the cursor.
        is_signed: Whether values have signs; else they are shares.
    """

    rows: Sequence[Sequence[float]]
    row_labels: Sequence[str]
    column_labels: Sequence[str]
    scale: float
    at: tuple[int, int]
    is_signed: bool = True


def matrix_rows(
    matrix: Matrix, width: int, height: int, ascii_only: bool, max_label: int = 12
) -> list[Row]:
    """Return the labels of the columns and the rows around the cursor, with numbers if they fit."""
    row_at, column_at = matrix.at
    shown_rows = window(len(matrix.rows), height - 1, row_at)
    labels = [matrix.row_labels[i] for i in shown_rows]
    n_label = min(max_label, max([1, *map(cell_len, labels)]))
    room = width - n_label - 2
    is_wide = len(matrix.column_labels) * WIDE <= room
    size = WIDE if is_wide else NARROW
    columns = window(len(matrix.column_labels), room // size, column_at)
    head: list[StyledSpan] = [(" " * (n_label + 2), "guide")]
    head += _column_labels(matrix.column_labels, columns, is_wide, column_at)
    cell = signed_cell if matrix.is_signed else share_cell
    found: list[Row] = [head]
    for i, label in zip(shown_rows, labels, strict=True):
        role = "plain reverse bold" if i == row_at else "label"
        row: list[StyledSpan] = [(fit(label, n_label, "right"), role), ("  ", "guide")]
        for j in columns[: max(0, len(matrix.rows[i]) - columns.start)]:
            text, of = cell(matrix.rows[i][j], matrix.scale, is_wide, ascii_only)
            row.append((text, f"{of} reverse bold" if (i, j) == matrix.at else of))
        found.append(row)
    return found


def _column_labels(labels: Sequence[str], columns: range, is_wide: bool, at: int) -> Row:
    """Return the labels of the columns; of numbers without room only every fifth one."""
    if not is_wide and labels[-1].isdecimal():
        marks = [labels[j] if j % 5 == 0 else "" for j in columns]
        marks[0] = marks[0] or " "
        starts = [i for i, mark in enumerate(marks) if mark] + [len(marks)]
        sizes = [(marks[i], NARROW * (following - i)) for i, following in pairwise(starts)]
        return [(fit(mark, n_cells), "label") for mark, n_cells in sizes]
    row: list[StyledSpan] = []
    for j in columns:
        label = fit(labels[j], WIDE - 1 if is_wide else NARROW, "right") + " " * is_wide
        row.append((label, "plain reverse bold" if j == at else "label"))
    return row


def shade_legend(rows: Sequence[Row], scale: float, width: int, ascii_only: bool) -> list[Row]:
    """Return the smallest value of each shade, if the rows have shades."""
    shades = _ASCII_SHADES if ascii_only else _SHADES
    steps = zip(shades[1:], _SHADE_FROM, strict=True)
    if not any(
        span[0][-1:] in shades[1:] for row in rows for span in row if len(span[0]) == NARROW
    ):
        return []
    text = "shades from " + "  ".join(f"{s} {share * scale:.2g}" for s, share in steps)
    return [cut_row([(text, "guide")], width)]


def hidden_text(n: int, shown: range, what: str) -> str:
    """Return how many of n things are shown; empty if all are."""
    if len(shown) >= n:
        return ""
    return f"{what} {shown.start + 1:,} to {shown.stop:,} of {n:,}"


def beside(left: Sequence[Row], right: Sequence[Row], n_left: int, gap: str = "  ") -> list[Row]:
    """Return rows side by side; the left ones are padded to ``n_left`` cells."""
    found: list[Row] = []
    for i in range(max(len(left), len(right))):
        row = cut_row(left[i] if i < len(left) else [], n_left)
        found.append([*row, (gap, "guide"), *(right[i] if i < len(right) else [])])
    return found


def cut_row(row: Row, n_cells: int) -> list[StyledSpan]:
    """Return a row cut or padded to exactly ``n_cells`` cells."""
    found, room = [], n_cells
    for text, role in row:
        if room <= 0:
            break
        size = cell_len(text)
        found.append((text if size <= room else fit(text, room), role))
        room -= min(size, room)
    return [*found, (" " * room, "plain")] if room > 0 else found


def wrapped(text: str, width: int, role: str = "plain", max_rows: int = 3) -> list[Row]:
    """Return a sentence in at most ``max_rows`` rows."""
    from textwrap import wrap

    lines = wrap(text, max(8, width))
    if len(lines) > max_rows:
        lines[max_rows - 1] = fit(f"{lines[max_rows - 1]} {lines[max_rows]}", width)
    return [[(line, role)] for line in lines[:max_rows]]

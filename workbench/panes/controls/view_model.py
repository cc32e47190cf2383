"""Everything one frame of the Controls pane shows, as plain data, and where its rows stand."""

from itertools import groupby
from textwrap import wrap
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from workbench.panes.controls.rows import ControlRow, ControlsState, SettingsGroup

Part: TypeAlias = Literal["params", "waits", "both", "words", "rule", "line"]

_WIDE_FROM = 60
_FOUR: tuple[Part, ...] = ("words", "words", "words", "words")
_PARTS: tuple[tuple[int, tuple[Part, ...], tuple[Part, ...]], ...] = (
    (24, ("params", "waits", *_FOUR, "rule", "line"), ("both", *_FOUR[1:], "rule", "line")),
    (16, ("params", "waits", *_FOUR[2:], "rule", "line"), ("both", *_FOUR[2:], "rule", "line")),
    (12, ("waits", "words", "line"), ("both", "words", "line")),
    (8, ("waits", "words"), ("both", "words")),
    (5, ("words",), ("words",)),
)
"""Parts of the footer by minimum height: in a narrow and in a wide pane."""


class ControlsViewModel(Struct, frozen=True):
    """One frame of the Controls pane.

    Attributes:
        content: Settings, model size and recipe.
        cursor: Index of the row under the cursor.
        top: Number of lines above the visible part.
        refusal: Error message of the row under the cursor; else empty.
        is_editing: True while the input field is open.
        band: Background color of the row under the cursor; empty for none.
    """

    content: ControlsState = ControlsState()
    cursor: int = 0
    top: int = 0
    refusal: str = ""
    is_editing: bool = False
    band: str = ""

    @property
    def rows(self) -> tuple[ControlRow, ...]:
        """Rows of the settings."""
        return self.content.rows

    @property
    def row(self) -> ControlRow | None:
        """Row under the cursor."""
        return self.rows[self.cursor] if self.rows else None


class ControlsLine(NamedTuple):
    """Line of the list: a heading, the row of this index, or a line of its error."""

    kind: Literal["heading", "row", "refusal"]
    row: int = -1
    words: str = ""
    section: SettingsGroup | None = None


def lines_of(view: ControlsViewModel, width: int) -> list[ControlsLine]:
    """Return all lines of the list with headings."""
    lines: list[ControlsLine] = []
    for section, rows in groupby(enumerate(view.rows), key=lambda pair: pair[1].section):
        if section:
            lines.append(ControlsLine("heading", section=section))
        for index, _ in rows:
            lines.append(ControlsLine("row", index))
            if index == view.cursor and view.refusal:
                lines += [
                    ControlsLine("refusal", index, words) for words in _wrapped(view.refusal, width)
                ]
    return lines


def parts_under(width: int, height: int) -> tuple[Part, ...]:
    """Return the parts of the footer, row by row."""
    found = next((parts for least, *parts in _PARTS if height >= least), [(), ()])
    return found[width >= _WIDE_FROM]


def n_list_lines(width: int, height: int) -> int:
    """Lines left for the list."""
    return height - len(parts_under(width, height))


def scrolled_to_cursor(view: ControlsViewModel, width: int, height: int) -> ControlsViewModel:
    """Scroll as little as the row under the cursor and its error need."""
    lines, room = lines_of(view, width), max(1, n_list_lines(width, height))
    own = [i for i, line in enumerate(lines) if line.row == view.cursor]
    if not own:
        return replace(view, top=0)
    # The heading above a section's first row comes into view with it.
    first = own[0] - (own[0] > 0 and lines[own[0] - 1].kind == "heading" and room > 1)
    top = min(view.top, first)
    top = max(top, own[-1] - room + 1) if len(own) <= room else own[0]
    return replace(view, top=max(0, min(top, len(lines) - room)))


def scrolled(view: ControlsViewModel, by: int, width: int, height: int) -> ControlsViewModel:
    """Scroll by some lines; the cursor stays in the visible part."""
    lines, room = lines_of(view, width), max(1, n_list_lines(width, height))
    top = max(0, min(view.top + by, len(lines) - room))
    seen = [line.row for line in lines[top : top + room] if line.kind == "row"]
    cursor = min(max(view.cursor, seen[0]), seen[-1]) if seen else view.cursor
    kept = view.refusal if cursor == view.cursor else ""
    return replace(view, top=top, cursor=cursor, refusal=kept)


def overflow_text(view: ControlsViewModel, width: int, height: int) -> str:
    """Return the number of hidden settings above and below: ``↑ 3 ↓ 7 more settings``."""
    lines, end = lines_of(view, width), view.top + n_list_lines(width, height)
    hidden = (("↑", lines[: view.top]), ("↓", lines[end:]))
    counts = [(sign, sum(line.kind == "row" for line in part)) for sign, part in hidden]
    signs = " ".join(f"{sign} {n}" for sign, n in counts if n)
    more = "setting" if sum(n for _, n in counts) == 1 else "settings"
    return f"{signs} more {more}" if signs else ""


def place_of_cursor(view: ControlsViewModel, width: int) -> int:
    """Return the line of the row under the cursor."""
    lines = lines_of(view, width)
    own = (i for i, line in enumerate(lines) if line.kind == "row" and line.row == view.cursor)
    return next(own, 0) - view.top


def row_at(view: ControlsViewModel, y: int, width: int, height: int) -> int | None:
    """Return the index of the row on a line of the pane."""
    lines = lines_of(view, width)
    line = y + view.top
    if not 0 <= y < n_list_lines(width, height) or line >= len(lines):
        return None
    return lines[line].row if lines[line].kind == "row" else None


def _wrapped(words: str, width: int) -> list[str]:
    return wrap(f"✗ {words}", max(8, width - 3)) or [""]

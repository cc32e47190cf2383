"""One frame of the Controls pane as rows, for any size down to one cell."""

from typing import Literal

from workbench.panes.controls.footer import footer_rows
from workbench.panes.controls.rows import ControlRow, SettingsGroup
from workbench.panes.controls.summary import summary, value_pieces
from workbench.panes.controls.view_model import ControlsLine, ControlsView, lines_of, n_list_lines
from workbench.render.sanitize import fit, sanitize
from workbench.widgets.row_widget import Row, row_width

_LABEL, _NARROW_LABEL, _NARROW_BELOW = 17, 12, 34
_MOST_MARKS = 4


def controls_rows(view: ControlsView, width: int, height: int, band: str = "") -> list[Row]:
    """At most `height` rows of about `width` cells.

    Args:
        view: What they show.
        width: Cells; what goes over the edge is cut where it is drawn.
        height: Rows.
        band: The ground of the row under the cursor; empty for none.
    """
    if width < 1 or height < 1:
        return []
    if height == 1:
        return [summary(view.content, width, view.row)]
    n_list = n_list_lines(width, height)
    shown = lines_of(view, width)[view.top : view.top + n_list]
    rows = [_line(view, line, width, band) for line in shown]
    rows += [[]] * (n_list - len(rows))
    return [*rows, *footer_rows(view, width, height)]


def label_width(width: int) -> int:
    """Cells for the names of settings."""
    return _LABEL if width >= _NARROW_BELOW else min(_NARROW_LABEL, max(0, width // 2))


def action_at(view: ControlsView, column: int, width: int) -> Literal["less", "more", "edit"]:
    """What a click on the row under the cursor means: one of its two arrows, or its value."""
    begin = label_width(width)
    size = row_width(_value(view.row, width)) if view.row else 0
    if begin <= column < begin + 2:
        return "less"
    return "more" if begin + 2 + size <= column <= begin + 4 + size else "edit"


def _line(view: ControlsView, line: ControlsLine, width: int, band: str) -> Row:
    if line.section is not None:
        return _heading(line.section, width)
    if line.kind == "refusal":
        indent = "" if line.words.startswith("✗") else "  "
        return [(indent + sanitize(line.words), "error")]
    if line.row == view.cursor:
        return _setting_here(view, view.rows[line.row], width, band)
    return _setting(view, view.rows[line.row], width)


def _heading(section: SettingsGroup, width: int) -> Row:
    """What stands below, and whether it changes the run that goes: ``now``, or ``↻ new run``."""
    when, role = ("now", "label") if section.is_live else ("↻ new run", "guide")
    n = width - len(section.name) - len(when) - 9
    if n <= 0:
        return [(f"─ {section.name} ", "guide")]
    return [(f"─ {section.name} {'─' * n}", "guide"), (f" {when} ", role), ("───", "guide")]


def _setting(view: ControlsView, row: ControlRow, width: int) -> Row:
    name = fit(row.label, max(0, label_width(width) - 1))
    pieces = [(f"{name}   ", "label"), *_value(row, width)]
    mark, unit = _mark(view, row, width - row_width(pieces) - 1), _unit(row)
    if row_width(pieces) + len(unit) + 1 + len(mark[0]) <= width:
        pieces.append((unit, "guide"))
    return _beside(pieces, mark, width)


def _setting_here(view: ControlsView, row: ControlRow, width: int, band: str) -> Row:
    """The row under the cursor; the field that opens over its value needs no value below."""
    name = fit(row.label, max(0, label_width(width) - 1))
    pieces = [(f"{name} ", "plain bold"), ("◂ ", "train")]
    if not view.is_editing:
        pieces += [(text, f"{role} bold") for text, role in _value(row, width)]
        pieces.append((" ▸", "train"))
        pieces = _beside(pieces, _mark(view, row, width - row_width(pieces) - 1), width)
    pieces.append((" " * (width - row_width(pieces)), "plain"))
    return [(text, f"{role} on {band}") for text, role in pieces] if band else pieces


def _unit(row: ControlRow) -> str:
    """What the number counts, where there is a number alone; that it does nothing, where it does."""
    if row.no_effect:
        return " (no effect)"
    is_alone = row.waiting_text is None and row.value_text[:1].isdigit()
    return f" {row.setting.unit}" if row.setting.unit and is_alone and row.kind != "text" else ""


def _value(row: ControlRow, width: int) -> list[tuple[str, str]]:
    """What is in force; with an arrow to what is asked for, where that waits."""
    return value_pieces(row, width - label_width(width) - (4 if row.live else 8))


def _mark(view: ControlsView, row: ControlRow, room: int) -> tuple[str, str]:
    """``▲1▲2``: changed while the run went; ``↻ r``: waits for a new run; ``↻``: would."""
    if row.marks:
        shown = [f"▲{number}" for number in row.marks[-_MOST_MARKS:]]
        while shown and len("".join(shown)) > room:
            del shown[0]
        return "".join(shown), "mark"
    if row.is_new_run:
        return view.content.keys.substitute_keys("↻ <run.new>"), "waiting"
    return "" if row.live else "↻  ", "guide"


def _beside(
    left: list[tuple[str, str]], right: tuple[str, str], width: int
) -> list[tuple[str, str]]:
    """A piece at the right end of a row, where there is room for it."""
    gap = width - row_width(left) - len(right[0])
    return [*left, (" " * gap, "plain"), right] if right[0] and gap > 0 else left

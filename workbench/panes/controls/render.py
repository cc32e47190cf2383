"""Rows of the Controls pane for any size: the list of settings, the footer, the collapsed row."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Literal

from rich.cells import cell_len

from seqlm.sanitize import sanitize
from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.panes.controls.rows import PRESET_KEY, ControlRow, ControlsState, SettingsGroup
from workbench.panes.controls.setting_text import explanation
from workbench.panes.controls.view_model import (
    ControlsLine,
    ControlsViewModel,
    lines_of,
    n_list_lines,
    parts_under,
    place_of_cursor,
)
from workbench.render.number_format import format_count
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row, row_width

_RATE = "train.learning_rate"
_FIRST = (_RATE, "train.batch")
_SHORT = {"train.batch": "batch", "model.kind": "model"}
_LABEL, _NARROW_LABEL, _NARROW_BELOW = 20, 12, 34
_MAX_MARKS = 4


def controls_rows(view: ControlsViewModel, width: int, height: int) -> list[Row]:
    """Return at most ``height`` rows of about ``width`` cells.

    Args:
        view: View model of the frame.
        width: Width in cells; the widget cuts longer rows.
        height: Number of rows.
    """
    if width < 1 or height < 1:
        return []
    if height == 1:
        return [summary_row(view.content, width, view.row)]
    n_list = n_list_lines(width, height)
    shown = lines_of(view, width)[view.top : view.top + n_list]
    rows = [_list_row(view, line, width, view.band) for line in shown]
    rows += [[]] * (n_list - len(rows))
    return [*rows, *footer_rows(view, width, height)]


def label_width(width: int) -> int:
    """Return the width of the column of setting labels in cells."""
    if width < _NARROW_BELOW:
        return min(_NARROW_LABEL, max(0, width // 2))
    return min(_LABEL, width // 2 + 1)


def value_place(view: ControlsViewModel, width: int, height: int) -> tuple[int, int, int]:
    """Return the column, the row and the right margin of the field over the value under the cursor."""
    x = min(label_width(width) + 2, max(0, width - 4))
    return x, place_of_cursor(view, width) if height > 1 else 0, 1


def selected_setting_text(view: ControlsViewModel, keys: KeyLabels) -> Sequence[tuple[str, str]]:
    """Return the label and the help of the setting under the cursor, for the help screen."""
    return [(view.row.label, explanation_text(view.row, keys))] if view.row else []


def action_at(view: ControlsViewModel, column: int, width: int) -> Literal["less", "more", "edit"]:
    """Return the action of a click on the current row: one of its two arrows, or its value."""
    begin = label_width(width)
    size = row_width(_value(view.row, width)) if view.row else 0
    if begin <= column < begin + 2:
        return "less"
    return "more" if begin + 2 + size <= column <= begin + 4 + size else "edit"


def _list_row(view: ControlsViewModel, line: ControlsLine, width: int, band: str) -> Row:
    if line.section is not None:
        return _heading(line.section, width)
    if line.kind == "refusal":
        indent = "" if line.words.startswith("✗") else "  "
        return [(indent + sanitize(line.words), "error")]
    if line.row == view.cursor:
        return _cursor_row(view, view.rows[line.row], width, band)
    return _setting_row(view, view.rows[line.row], width)


def _heading(section: SettingsGroup, width: int) -> Row:
    """Return the heading of a group: its name, and ``live`` or ``↻ new run``."""
    when, role = ("live", "label") if section.is_live else ("↻ new run", "guide")
    n = width - len(section.name) - len(when) - 9
    if n <= 0:
        return [(f"─ {section.name} ", "guide")]
    return [(f"─ {section.name} {'─' * n}", "guide"), (f" {when} ", role), ("───", "guide")]


def _setting_row(view: ControlsViewModel, row: ControlRow, width: int) -> Row:
    name = fit(row.label, max(0, label_width(width) - 1))
    pieces = [(f"{name}   ", "label"), *_value(row, width)]
    mark = _mark(view, row, width - row_width(pieces) - 1)
    room = width - row_width(pieces)
    pieces.append(_plan(row, room) or _note(row, room - len(mark[0]) - bool(mark[0])))
    return _right_aligned(pieces, mark, width)


def _cursor_row(view: ControlsViewModel, row: ControlRow, width: int, band: str) -> Row:
    """Return the row under the cursor, without its value while the input field covers it."""
    name = fit(row.label, max(0, label_width(width) - 1))
    pieces = [(f"{name} ", "plain bold"), ("◂ ", "train")]
    if not view.is_editing:
        pieces += [(text, f"{role} bold") for text, role in _value(row, width)]
        pieces.append((" ▸", "train"))
        pieces.append(_plan(row, width - row_width(pieces)) or ("", "mark"))
        pieces = _right_aligned(pieces, _mark(view, row, width - row_width(pieces) - 1), width)
    pieces.append((" " * (width - row_width(pieces)), "plain"))
    return [(text, f"{role} on {band}") for text, role in pieces] if band else pieces


def _plan(row: ControlRow, room: int) -> tuple[str, str] | None:
    """Return the plan for a setting in the longest form that fits; None without one."""
    marks = sum(map(len, (f" ▲{number}" for number in row.marks[-1:])))
    texts = row.plan if row.pending_text is None else ()
    return next(((f" {text}", "mark") for text in texts if cell_len(text) < room - marks), None)


def _note(row: ControlRow, room: int) -> tuple[str, str]:
    """Return the unit of the value, if it fits."""
    unit = _unit(row)
    return (unit if len(unit) <= room else "", "guide")


def _unit(row: ControlRow) -> str:
    """Return the unit of the value, or a note that the setting has no effect."""
    if row.no_effect:
        return " (no effect)"
    is_alone = row.pending_text is None and row.value_text[:1].isdigit()
    return f" {row.setting.unit}" if row.setting.unit and is_alone and row.kind != "text" else ""


def _value(row: ControlRow, width: int) -> list[tuple[str, str]]:
    """Return the current value, with an arrow to the pending value if there is one."""
    return value_spans(row, width - label_width(width) - (4 if row.live else 8))


def _mark(view: ControlsViewModel, row: ControlRow, room: int) -> tuple[str, str]:
    """Return the mark of a row.

    ``▲1▲2``: changed during the run; ``↻ r``: pending until a new run; ``↻``: needs a new run.
    """
    if row.marks:
        shown = [f"▲{number}" for number in row.marks[-_MAX_MARKS:]]
        while shown and len("".join(shown)) > room:
            del shown[0]
        return "".join(shown), "mark"
    if row.is_new_run:
        return view.content.keys.substitute_keys("↻ <run.new>"), "waiting"
    return "" if row.live else "↻  ", "guide"


def _right_aligned(
    left: list[tuple[str, str]], right: tuple[str, str], width: int
) -> list[tuple[str, str]]:
    """Append a span at the right end of a row if it fits."""
    gap = width - row_width(left) - len(right[0])
    return [*left, (" " * gap, "plain"), right] if right[0] and gap > 0 else left


def footer_rows(view: ControlsViewModel, width: int, height: int) -> list[Row]:
    """Return the footer of the list: model size, pending changes, setting help, recipe."""
    parts = parts_under(width, height)
    words = _explanation_rows(view, width, parts.count("words"))
    rows: list[Row] = []
    for part in parts:
        if part == "words":
            rows.append([(words.pop(0), "label")])
        elif part == "line":
            rows.append([(fit(view.content.line, width), "label")])
        else:
            rows.append(_notice(part, view.content, width))
    return rows


def _notice(part: str, content: ControlsState, width: int) -> Row:
    role = "waiting" if content.n_waiting else "label"
    size = _size(content)
    match part:
        case "params":
            return _ruled([size], role, width)
        case "both":
            return _ruled([size, _pending_text(content, width - len(size) - 7)], role, width)
        case "rule":
            return _ruled(
                [content.keys.substitute_keys("<copy.line> copies this recipe")], "label", width
            )
    return [(_pending_text(content, width), role)]


def _size(content: ControlsState) -> str:
    if content.learns_by_counting:
        return "counts, no parameters"
    now, then = content.n_parameters, content.n_asked
    if now is None:
        return ""
    arrow = f" → {format_count(then)}" if then is not None and then != now else ""
    return f"{format_count(now)}{arrow} params"


def _pending_text(content: ControlsState, width: int) -> str:
    """Return the number of pending changes and their keys, in the longest form that fits."""
    n = content.n_waiting
    if not n:
        return "No pending changes."
    changes = "1 pending change" if n == 1 else f"{n} pending changes"
    key, long = (
        ("<run.new> starts", " a new run")
        if content.needs_new_run
        else ("<run.space> continues", "")
    )
    texts = [
        content.keys.substitute_keys(text, CONTROLS_BINDINGS)
        for text in (
            f"{changes}: {key}{long}, <controls.undo> undoes",
            f"{changes}: {key}, <controls.undo> undoes",
            f"{n} pending: {key}, <controls.undo> undoes",
            f"{n} pending: {key}",
            changes,
        )
    ]
    return next((text for text in texts if cell_len(text) <= width), texts[-1])


def _ruled(words: list[str], role: str, width: int) -> Row:
    """Return texts inside a horizontal rule of the width of the pane."""
    row: list[tuple[str, str]] = []
    used = 0
    for text in filter(None, words):
        if used + len(text) + 4 <= width:
            row += [("─ ", "guide"), (f"{text} ", role)]
            used += len(text) + 3
    return [*row, ("─" * (width - 1 - used), "guide")]


def explanation_text(row: ControlRow, keys: KeyLabels) -> str:
    """Return the full help of the setting of a row."""
    is_preset = row.key == PRESET_KEY
    words = explanation(row.setting, row.no_effect, row.usual)
    words += f" Planned: {row.plan[0].lstrip('+ ').removeprefix('then ')}." if row.plan else ""
    return keys.substitute_keys(
        sanitize(f"{row.setting.help}." if is_preset else words), CONTROLS_BINDINGS
    )


def _explanation_rows(view: ControlsViewModel, width: int, n_rows: int) -> list[str]:
    """Return the help of the setting under the cursor, wrapped to a number of rows."""
    row, lines = view.row, list[str]()
    if row is not None and n_rows:
        lines = wrap(explanation_text(row, view.content.keys), max(8, width))
    if len(lines) > n_rows:
        lines = [*lines[: n_rows - 1], fit(" ".join(lines[n_rows - 1 :]), width)]
    return lines + [""] * (n_rows - len(lines))


def summary_row(content: ControlsState, width: int, first: ControlRow | None = None) -> Row:
    """Return learning rate, batch size and model in one row; pending changes come first.

    Args:
        content: Content of the pane.
        width: Width in cells.
        first: Row that comes first: the one under the cursor.
    """
    row: list[tuple[str, str]] = []
    used = 0
    for shown in _ordered(content, first):
        pieces = _summary_spans(shown, content.keys, is_first=not row)
        size = row_width(pieces)
        if row and used + size > width:
            break
        row += pieces
        used += size
    return row


def value_spans(row: ControlRow, room: int) -> list[tuple[str, str]]:
    """Return ``200``, ``200 → 300`` if 300 is pending, or ``→ 300`` if both do not fit."""
    old = format_value(row, row.value_text)
    if row.pending_text is None:
        return [(old, "plain")]
    new = (format_value(row, row.pending_text), "waiting bold")
    if cell_len(old) + 3 + cell_len(new[0]) > room:
        return [("→ ", "waiting"), new]
    return [(old, "plain"), (" → ", "waiting"), new]


def format_value(row: ControlRow, text: str) -> str:
    """Format a value: thousands separators for integers, a short exponent for small numbers."""
    if row.kind == "int" and text.isdecimal() and not row.key.endswith("seed"):
        return f"{int(text):,}"
    if row.kind == "float":
        return text.replace("e-0", "e-")
    return sanitize(text)


def _ordered(content: ControlsState, first: ControlRow | None) -> list[ControlRow]:
    rows = [row for row in content.rows if row.key != PRESET_KEY]
    trained = [row for row in rows if row.key in _FIRST and not row.no_effect]
    ordered = [first] if first is not None else []
    ordered += [row for row in trained if row.key == _RATE]
    ordered += [row for row in rows if row.pending_text is not None]
    ordered += trained
    ordered += [row for row in rows if row.key.startswith("model.")]
    ordered += [row for row in rows if row.live]
    return list({row.key: row for row in ordered}.values())


def _summary_spans(row: ControlRow, keys: KeyLabels, is_first: bool) -> list[tuple[str, str]]:
    name = _SHORT.get(row.key, row.label)
    pieces = [("" if is_first else " │ ", "guide"), (f"{name} ", "label"), *value_spans(row, 40)]
    if row.is_new_run:
        pieces.append((keys.substitute_keys(" ↻ <run.new>"), "waiting"))
    elif row.key == _RATE and is_first:
        pieces.append((keys.substitute_keys(" <rate.halve> <rate.double>"), "label"))
    return pieces

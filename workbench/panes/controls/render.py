"""Rows of the Controls pane for any size: the list of settings, the footer, the collapsed row."""

from textwrap import wrap
from typing import Literal

from rich.cells import cell_len

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
)
from workbench.render.number_format import format_count
from workbench.render.sanitize import fit, sanitize
from workbench.widgets.row_widget import Row, row_width

_RATE = "train.learning_rate"
_FIRST = (_RATE, "train.batch")
_SHORT = {"train.batch": "batch", "model.kind": "model"}
_LABEL, _NARROW_LABEL, _NARROW_BELOW = 17, 12, 34
_MOST_MARKS = 4


def controls_rows(view: ControlsViewModel, width: int, height: int) -> list[Row]:
    """Return at most ``height`` rows of about ``width`` cells.

    Args:
        view: What they show.
        width: Cells; what goes over the edge is cut where it is drawn.
        height: Rows.
    """
    if width < 1 or height < 1:
        return []
    if height == 1:
        return [summary(view.content, width, view.row)]
    n_list = n_list_lines(width, height)
    shown = lines_of(view, width)[view.top : view.top + n_list]
    rows = [_line(view, line, width, view.band) for line in shown]
    rows += [[]] * (n_list - len(rows))
    return [*rows, *footer_rows(view, width, height)]


def label_width(width: int) -> int:
    """Cells for the names of settings."""
    return _LABEL if width >= _NARROW_BELOW else min(_NARROW_LABEL, max(0, width // 2))


def action_at(view: ControlsViewModel, column: int, width: int) -> Literal["less", "more", "edit"]:
    """What a click on the row under the cursor means: one of its two arrows, or its value."""
    begin = label_width(width)
    size = row_width(_value(view.row, width)) if view.row else 0
    if begin <= column < begin + 2:
        return "less"
    return "more" if begin + 2 + size <= column <= begin + 4 + size else "edit"


def _line(view: ControlsViewModel, line: ControlsLine, width: int, band: str) -> Row:
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


def _setting(view: ControlsViewModel, row: ControlRow, width: int) -> Row:
    name = fit(row.label, max(0, label_width(width) - 1))
    pieces = [(f"{name}   ", "label"), *_value(row, width)]
    mark, unit = _mark(view, row, width - row_width(pieces) - 1), _unit(row)
    if row_width(pieces) + len(unit) + 1 + len(mark[0]) <= width:
        pieces.append((unit, "guide"))
    return _beside(pieces, mark, width)


def _setting_here(view: ControlsViewModel, row: ControlRow, width: int, band: str) -> Row:
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


def _mark(view: ControlsViewModel, row: ControlRow, room: int) -> tuple[str, str]:
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


def footer_rows(view: ControlsViewModel, width: int, height: int) -> list[Row]:
    """As many rows as :func:`parts_under` says."""
    parts = parts_under(width, height)
    words = _explained(view, width, parts.count("words"))
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
    match part:
        case "params":
            return _ruled([_size(content)], role, width)
        case "both":
            return _ruled([_size(content), _waits(content)], role, width)
        case "rule":
            return _ruled(
                [content.keys.substitute_keys("<copy.line> copies this line")], "label", width
            )
    return [(_waits(content), role)]


def _size(content: ControlsState) -> str:
    if content.learns_by_counting:
        return "a table of counts"
    now, then = content.n_parameters, content.n_asked
    if now is None:
        return ""
    arrow = f" → {format_count(then)}" if then is not None and then != now else ""
    return f"{format_count(now)}{arrow} params"


def _waits(content: ControlsState) -> str:
    n = content.n_waiting
    if not n:
        return "No value waits."
    waits, them = ("waits", "it") if n == 1 else ("wait", "them")
    does = "<run.new> starts" if content.needs_new_run else "<run.space> goes on with"
    return content.keys.substitute_keys(
        f"{n} {waits}: {does} {them}, <controls.undo> undoes", CONTROLS_BINDINGS
    )


def _ruled(words: list[str], role: str, width: int) -> Row:
    """Words within a line as long as the pane is wide."""
    row: list[tuple[str, str]] = []
    used = 0
    for text in filter(None, words):
        if used + len(text) + 4 <= width:
            row += [("─ ", "guide"), (f"{text} ", role)]
            used += len(text) + 3
    return [*row, ("─" * (width - 1 - used), "guide")]


def explanation_rows(row: ControlRow, keys: KeyLabels) -> str:
    """What the setting of a row does, in full."""
    is_preset = row.key == PRESET_KEY
    words = explanation(row.setting, row.no_effect, row.usual)
    return keys.substitute_keys(
        sanitize(f"{row.setting.help}." if is_preset else words), CONTROLS_BINDINGS
    )


def _explained(view: ControlsViewModel, width: int, n_rows: int) -> list[str]:
    """What the setting under the cursor does, in so many rows."""
    row, lines = view.row, list[str]()
    if row is not None and n_rows:
        lines = wrap(explanation_rows(row, view.content.keys), max(8, width))
    if len(lines) > n_rows:
        lines = [*lines[: n_rows - 1], fit(" ".join(lines[n_rows - 1 :]), width)]
    return lines + [""] * (n_rows - len(lines))


def summary(content: ControlsState, width: int, first: ControlRow | None = None) -> Row:
    """The learning rate, the batch, the model; what waits comes before what does not.

    Args:
        content: What the pane shows.
        width: Cells there are.
        first: What stands first whatever it is: the row under the cursor.
    """
    row: list[tuple[str, str]] = []
    used = 0
    for shown in _ordered(content, first):
        pieces = _pieces(shown, content.keys, is_first=not row)
        size = row_width(pieces)
        if row and used + size > width:
            break
        row += pieces
        used += size
    return row


def value_pieces(row: ControlRow, room: int) -> list[tuple[str, str]]:
    """``200``, or ``200 → 300`` where 300 waits; what is in force goes where there is no room."""
    old = shown_value(row, row.value_text)
    if row.waiting_text is None:
        return [(old, "plain")]
    new = (shown_value(row, row.waiting_text), "waiting bold")
    if cell_len(old) + 3 + cell_len(new[0]) > room:
        return [("→ ", "waiting"), new]
    return [(old, "plain"), (" → ", "waiting"), new]


def shown_value(row: ControlRow, text: str) -> str:
    """A value as it is read: whole numbers get their commas, small ones a short exponent."""
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
    ordered += [row for row in rows if row.waiting_text is not None]
    ordered += trained
    ordered += [row for row in rows if row.key.startswith("model.")]
    ordered += [row for row in rows if row.live]
    return list({row.key: row for row in ordered}.values())


def _pieces(row: ControlRow, keys: KeyLabels, is_first: bool) -> list[tuple[str, str]]:
    name = _SHORT.get(row.key, row.label)
    pieces = [("" if is_first else " │ ", "guide"), (f"{name} ", "label"), *value_pieces(row, 40)]
    if row.is_new_run:
        pieces.append((keys.substitute_keys(" ↻ <run.new>"), "waiting"))
    elif row.key == _RATE and is_first:
        pieces.append((keys.substitute_keys(" <rate.halve> <rate.double>"), "label"))
    return pieces

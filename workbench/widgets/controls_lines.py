"""One frame of the Controls pane as rows of text, for any size down to one cell."""

from textwrap import wrap
from typing import Literal

from rich.cells import cell_len
from rich.text import Text

from workbench.control_rows import PRESET_KEY, ControlRow
from workbench.render.text import clean, fit
from workbench.widgets.controls_view import (
    LABEL_WIDTH,
    ControlsView,
    Line,
    has_rule,
    lines_of,
    n_list_lines,
    n_word_lines,
)
from workbench.widgets.look import Look, beside, finished

_NARROW_LABEL = 12


def controls_rows(view: ControlsView, width: int, height: int) -> list[Text]:
    """Exactly `height` rows of `width` cells."""
    if width < 1 or height < 1:
        return []
    if height == 1:
        return [finished(summary_row(view, width), width, view.look)]
    n_list = n_list_lines(height)
    shown = lines_of(view, width)[view.top : view.top + n_list]
    rows = [_line(view, line, width) for line in shown]
    rows += [Text("")] * (n_list - len(rows))
    if has_rule(height):
        rows.append(_rule(view, width))
    rows += _words(view, width, n_word_lines(height))
    rows += [Text("")] * (height - len(rows))
    return [finished(row, width, view.look) for row in rows[:height]]


def summary_row(view: ControlsView, width: int) -> Text:
    """The pane in one row: the row under the cursor, what waits, then live values."""
    look = view.look
    others = sorted(
        (row for row in view.rows if row != view.row and row.key != PRESET_KEY),
        key=lambda row: (not row.is_new_run, not row.live),
    )
    text = Text()
    for row in filter(None, (view.row, *others)):
        part = Text(f" {row.label} ", look.palette.label) + _value(row, look)
        if text.cell_len + part.cell_len + 3 > width and text:
            break
        text.append(look.sign(" │") if text else "", look.palette.guide)
        text.append_text(part)
    return text


def label_width(width: int) -> int:
    """Cells for the names of settings."""
    return LABEL_WIDTH if width >= 34 else min(_NARROW_LABEL, max(0, width // 2))


def action_at(view: ControlsView, column: int, width: int) -> Literal["less", "more", "edit"]:
    """What a click on the row under the cursor means: one of its two arrows, or its value."""
    begin = label_width(width)
    size = _value(view.row, view.look).cell_len if view.row else 0
    if begin <= column < begin + 2:
        return "less"
    return "more" if begin + 2 + size <= column <= begin + 4 + size else "edit"


def value_text(row: ControlRow, text: str) -> str:
    """A value as it is read: whole numbers get their commas."""
    if row.kind == "int" and text.isdecimal():
        return f"{int(text):,}"
    return clean(text)


def explanation(row: ControlRow) -> str:
    """What a setting does, what it may be, and when a new value takes force."""
    if row.key == PRESET_KEY:
        return f"{row.help}. A new preset takes a new run."
    unit = f" {row.unit}" if row.unit else ""
    when = "live: in force at the next step" if row.live else "↻ takes a new run (r)"
    return f"{row.help}. {row.bounds}{unit}; default {row.default_text}; {when}."


def _line(view: ControlsView, line: Line, width: int) -> Text:
    look = view.look
    if line.kind == "heading":
        return _heading(line.words, width, look)
    if line.kind == "refusal":
        indent = " " if line.words.startswith("✗") else "   "
        return Text(look.sign(indent + clean(line.words)), look.palette.error)
    return _setting(view, line.row, width)


def _heading(words: str, width: int, look: Look) -> Text:
    line = look.sign("─")
    return Text(f" {line} {words} {line * max(0, width - len(words) - 5)}", look.palette.guide)


def _setting(view: ControlsView, index: int, width: int) -> Text:
    row, look, is_here = view.rows[index], view.look, index == view.cursor
    palette = look.palette
    label = fit(row.label, max(0, label_width(width) - 2))
    text = Text(" " + label + " ", f"bold {palette.plain}" if is_here else palette.label)
    text.append(look.sign("◂ ") if is_here else "  ", palette.train)
    if is_here and view.is_editing:
        return text
    text.append_text(_value(row, look, bold=is_here))
    if is_here:
        text.append(look.sign(" ▸"), palette.train)
    elif text.cell_len + len(_unit(row)) + 5 <= width:
        text.append(_unit(row), palette.guide)
    whole = beside(text, _mark(row, look), width)
    if is_here and palette.band:
        whole.stylize(f"on {palette.band}")
    return whole


def _unit(row: ControlRow) -> str:
    """What the number counts, where the label does not say it already and there is a number."""
    is_told = row.unit == row.label or row.value_text == "off"
    return "" if is_told or not row.unit else f" {row.unit}"


def _value(row: ControlRow, look: Look, bold: bool = False) -> Text:
    """What is in force; with an arrow to what is asked for, where that waits."""
    strong = "bold " if bold else ""
    text = Text(value_text(row, row.value_text), strong + look.palette.plain)
    if row.waiting_text is not None:
        text.append(look.sign(" → "), look.palette.waiting)
        text.append(value_text(row, row.waiting_text), f"bold {look.palette.waiting}")
    return text


def _mark(row: ControlRow, look: Look) -> Text:
    """``↻ r``: waits for a new run; ``↻``: would."""
    if row.is_new_run:
        return Text(look.sign("↻") + " r ", look.palette.waiting)
    return Text("" if row.live else look.sign("↻") + "   ", look.palette.guide)


def _rule(view: ControlsView, width: int) -> Text:
    """How many values wait, in the line between the list and the explanation."""
    look, n = view.look, view.n_waiting
    if not n:
        return _heading("no value waits", width, look)
    words = f"{n} {'waits' if n == 1 else 'wait'}: r starts {'it' if n == 1 else 'them'}, u undoes"
    line = look.sign("─")
    row = Text(f" {line} ", look.palette.guide).append(words, look.palette.waiting)
    return row.append(f" {line * max(0, width - cell_len(words) - 5)}", look.palette.guide)


def _words(view: ControlsView, width: int, n_rows: int) -> list[Text]:
    if view.row is None or n_rows < 1:
        return []
    look = view.look
    words = look.sign(clean(explanation(view.row)))
    lines = wrap(words, max(8, width - 2))
    if len(lines) > n_rows:
        rest = " ".join(lines[n_rows - 1 :])
        lines = [*lines[: n_rows - 1], fit(rest, width - 2, ascii_only=look.ascii_only)]
    rows = [Text(f" {line}", look.palette.label) for line in lines]
    return rows + [Text("")] * (n_rows - len(rows))

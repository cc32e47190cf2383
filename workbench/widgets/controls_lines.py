"""One frame of the Controls pane as rows of text, for any size down to one cell."""

from typing import Literal

from rich.text import Text

from workbench.control_rows import ControlRow, Section
from workbench.render.text import clean, fit
from workbench.widgets.controls_summary import painted, summary, value_pieces
from workbench.widgets.controls_under import rows_under
from workbench.widgets.controls_view import ControlsView, Line, lines_of, n_list_lines
from workbench.widgets.look import Look, beside, finished

_LABEL, _NARROW_LABEL, _NARROW_BELOW = 17, 12, 34
_MOST_MARKS = 4


def controls_rows(view: ControlsView, width: int, height: int) -> list[Text]:
    """Exactly `height` rows of `width` cells."""
    if width < 1 or height < 1:
        return []
    look = view.look
    if height == 1:
        return [finished(painted(summary(view.rows, width, view.row), look), width, look)]
    n_list = n_list_lines(width, height)
    shown = lines_of(view, width)[view.top : view.top + n_list]
    rows = [_line(view, line, width) for line in shown]
    rows += [Text("")] * (n_list - len(rows))
    rows += rows_under(view, width, height)
    return [finished(row, width, look) for row in rows[:height]]


def label_width(width: int) -> int:
    """Cells for the names of settings."""
    return _LABEL if width >= _NARROW_BELOW else min(_NARROW_LABEL, max(0, width // 2))


def action_at(view: ControlsView, column: int, width: int) -> Literal["less", "more", "edit"]:
    """What a click on the row under the cursor means: one of its two arrows, or its value."""
    begin = label_width(width)
    size = _value(view.row, view.look, width).cell_len if view.row else 0
    if begin <= column < begin + 2:
        return "less"
    return "more" if begin + 2 + size <= column <= begin + 4 + size else "edit"


def _line(view: ControlsView, line: Line, width: int) -> Text:
    look = view.look
    if line.section is not None:
        return _heading(line.section, width, look)
    if line.kind == "refusal":
        indent = "" if line.words.startswith("✗") else "  "
        return Text(look.sign(indent + clean(line.words)), look.palette.error)
    return _setting(view, line.row, width)


def _heading(section: Section, width: int, look: Look) -> Text:
    """What stands below, and whether it changes the run that goes: ``now``, or ``↻ new run``."""
    when, role = (
        ("now", look.palette.label) if section.is_live else ("↻ new run", look.palette.guide)
    )
    n = width - len(section.name) - len(when) - 9
    text = Text(look.sign(f"─ {section.name} {'─' * n}"), look.palette.guide)
    if n > 0:
        text.append(look.sign(f" {when} "), role)
    return text.append(look.sign("─" * (width - 1 - text.cell_len)), look.palette.guide)


def _setting(view: ControlsView, index: int, width: int) -> Text:
    row, look, is_here = view.rows[index], view.look, index == view.cursor
    palette = look.palette
    name = fit(row.label, max(0, label_width(width) - 1), ascii_only=look.ascii_only)
    text = Text(f"{name} ", f"bold {palette.plain}" if is_here else palette.label)
    text.append(look.sign("◂ ") if is_here else "  ", palette.train)
    if is_here and view.is_editing:
        return text
    text.append_text(_value(row, look, width, bold=is_here))
    if is_here:
        text.append(look.sign(" ▸"), palette.train)
    mark = _mark(row, look, width - text.cell_len - 1)
    if not is_here and text.cell_len + len(_unit(row)) + 1 + mark.cell_len <= width:
        text.append(_unit(row), palette.guide)
    whole = beside(text, mark, width)
    if is_here and palette.band:
        whole.stylize(f"on {palette.band}")
    return whole


def _unit(row: ControlRow) -> str:
    """What the number counts, where there is a number alone."""
    is_alone = row.waiting_text is None and row.value_text[:1].isdigit()
    return f" {row.setting.unit}" if row.setting.unit and is_alone and row.kind != "text" else ""


def _value(row: ControlRow, look: Look, width: int, bold: bool = False) -> Text:
    """What is in force; with an arrow to what is asked for, where that waits."""
    room = width - label_width(width) - 8
    return painted(value_pieces(row, room), look, "bold" if bold else "")


def _mark(row: ControlRow, look: Look, room: int) -> Text:
    """``▲1▲2``: changed while the run went; ``↻ r``: waits for a new run; ``↻``: would."""
    if row.marks:
        shown = [f"▲{number}" for number in row.marks[-_MOST_MARKS:]]
        while shown and len("".join(shown)) > room:
            del shown[0]
        return Text(look.sign("".join(shown)), look.palette.mark)
    if row.is_new_run:
        return Text(look.sign("↻") + " r", look.palette.waiting)
    return Text("" if row.live else look.sign("↻") + "  ", look.palette.guide)

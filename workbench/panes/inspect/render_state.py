"""State view: the units of one activation along the text, with what each unit responds to."""

from collections.abc import Sequence

from seqlm.protocol.view_results import StateView, UnitDescription
from workbench.panes.inspect.cells import (
    NARROW,
    WIDE,
    cut_row,
    hidden_text,
    largest_size,
    shade_legend,
    signed_cell,
    window,
    wrapped,
)
from workbench.panes.inspect.move import row_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row, StyledSpan

_DESCRIPTION, _NARROW_DESCRIPTION = 34, 24


def state_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return one row for each unit around the cursor, and the selected value in one sentence."""
    result: StateView = model.result
    if not result.units:
        return [[("This activation has no units.", "label")]]
    at = row_at(model)
    n_label = 5 + (_DESCRIPTION if width >= 100 else _NARROW_DESCRIPTION) + 5
    scale = largest_size(result.values)
    sentence = wrapped(_sentence(model, result, result.units[at]), width, "plain", 2)
    shown = window(len(result.units), height - len(sentence) - 3, at)
    room = width - n_label - 2
    is_wide = len(result.values) * WIDE <= room
    columns = window(len(result.values), room // (WIDE if is_wide else NARROW), model.at)
    about = f"{result.name}  {hidden_text(len(result.units), shown, 'units')}"
    rows = [_unit_row(model, result, i, columns, is_wide, n_label, scale) for i in shown]
    return [
        cut_row([(about, "plain bold"), (_parts(result), "label")], width),
        _heading(model, columns, is_wide, n_label),
        *rows,
        *sentence,
        *shade_legend(rows, scale, width, model.ascii_only),
    ]


def _parts(result: StateView) -> str:
    index = result.names.index(result.name) + 1 if result.name in result.names else 0
    return f"  activation {index} of {len(result.names)}"


def _heading(model: InspectViewModel, columns: range, is_wide: bool, n_label: int) -> Row:
    size = WIDE if is_wide else NARROW
    head = f"  {'unit':<5}{'responds to':<{n_label - 12}}score"
    row: list[StyledSpan] = [(fit(head, n_label), "guide"), ("  ", "guide")]
    glyphs = model.glyphs()
    for t in columns:
        label = fit(glyphs[t], size - 1 if is_wide else size, "right") + " " * is_wide
        row.append((label, "plain reverse bold" if t == model.at else "label"))
    return row


def _unit_row(
    model: InspectViewModel,
    result: StateView,
    index: int,
    columns: range,
    is_wide: bool,
    n_label: int,
    scale: float,
) -> Row:
    unit = result.units[index]
    is_at = index == row_at(model)
    mark = "▸" if is_at else " "
    name = fit(describe(unit), n_label - 12)
    role = "plain bold" if is_at else "plain" if unit.description else "guide"
    score = f"{unit.score:.2f}" if unit.score else ""
    row: list[StyledSpan] = [
        (f"{mark} {unit.unit:<4} {name}{score:>5}  ", role),
    ]
    for t in columns:
        text, of = signed_cell(result.values[t][unit.unit], scale, is_wide, model.ascii_only)
        row.append((text, f"{of} reverse bold" if is_at and t == model.at else of))
    return row


def describe(unit: UnitDescription) -> str:
    """Return what a unit responds to; low means that its value is low there."""
    if not unit.description:
        return "no plain description" if unit.score else "…"
    return f"{'low: ' if unit.is_negative else ''}{unit.description}"


def _sentence(model: InspectViewModel, result: StateView, unit: UnitDescription) -> str:
    value = result.values[model.at][unit.unit]
    token = model.glyphs()[model.at]
    place = f"{result.name}.{unit.unit} = {value:+.3f} after reading {token}"
    if not unit.score:
        return f"{place}; the units are compared with plain descriptions now."
    if not unit.description:
        return f"{place}; no description of the list fits this unit (best score {unit.score:.2f})."
    level = "low" if unit.is_negative else "high"
    score = f"(score {unit.score:.2f})"
    return f"{place}; on validation data the unit is {level} for: {unit.description} {score}."

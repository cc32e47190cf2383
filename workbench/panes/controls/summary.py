"""The settings in one row: what matters of them, as much as there is room for."""

from rich.cells import cell_len

from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.controls.rows import PRESET_KEY, ControlRow
from workbench.panes.controls.rows_state import ControlsState
from workbench.render.sanitize import sanitize
from workbench.widgets.row_widget import Row, row_width

_RATE = "train.learning_rate"
_FIRST = (_RATE, "train.batch")
_SHORT = {"train.batch": "batch", "model.kind": "model"}


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

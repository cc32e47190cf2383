"""What stands under the list of settings: the size of the model, what waits, help, the run's line."""

from textwrap import wrap

from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.panes.controls.rows import PRESET_KEY, ControlRow
from workbench.panes.controls.rows_state import ControlsState
from workbench.panes.controls.setting_text import explanation
from workbench.panes.controls.view_model import ControlsView, parts_under
from workbench.render.number_format import format_count
from workbench.render.sanitize import fit, sanitize
from workbench.widgets.row_widget import Row


def footer_rows(view: ControlsView, width: int, height: int) -> list[Row]:
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


def _explained(view: ControlsView, width: int, n_rows: int) -> list[str]:
    """What the setting under the cursor does, in so many rows."""
    row, lines = view.row, list[str]()
    if row is not None and n_rows:
        lines = wrap(explanation_rows(row, view.content.keys), max(8, width))
    if len(lines) > n_rows:
        lines = [*lines[: n_rows - 1], fit(" ".join(lines[n_rows - 1 :]), width)]
    return lines + [""] * (n_rows - len(lines))

"""What stands under the list of settings: the size of the model, what waits, help, the run's line."""

from textwrap import wrap

from rich.text import Text

from workbench.control_rows import PRESET_KEY, ControlRow
from workbench.control_words import explanation
from workbench.render.figures import count
from workbench.render.text import clean, fit
from workbench.shown_controls import ShownControls
from workbench.widgets.controls_view import ControlsView, parts_under
from workbench.widgets.look import Look


def rows_under(view: ControlsView, width: int, height: int) -> list[Text]:
    """As many rows as :func:`parts_under` says."""
    parts, look = parts_under(width, height), view.look
    words = _explained(view.row, width, parts.count("words"), look)
    rows = []
    for part in parts:
        if part == "words":
            rows.append(words.pop(0))
        elif part == "line":
            line = fit(view.content.line, width, ascii_only=look.ascii_only)
            rows.append(Text(line, look.palette.label))
        else:
            rows.append(_notice(part, view.content, width, look))
    return rows


def _notice(part: str, content: ShownControls, width: int, look: Look) -> Text:
    style = look.palette.waiting if content.n_waiting else look.palette.label
    match part:
        case "params":
            return _ruled([_size(content)], style, width, look)
        case "both":
            return _ruled([_size(content), _waits(content)], style, width, look)
        case "rule":
            return _ruled(["C copies this line"], look.palette.label, width, look)
    return Text(look.sign(_waits(content)), style)


def _size(content: ShownControls) -> str:
    now, then = content.n_parameters, content.n_asked
    if now is None:
        return ""
    arrow = f" → {count(then)}" if then is not None and then != now else ""
    return f"{count(now)}{arrow} params"


def _waits(content: ShownControls) -> str:
    n = content.n_waiting
    if not n:
        return "No value waits."
    waits, them = ("waits", "it") if n == 1 else ("wait", "them")
    does = f"r starts {them}" if content.needs_new_run else f"space goes on with {them}"
    return f"{n} {waits}: {does}, u undoes"


def _ruled(words: list[str], style: str, width: int, look: Look) -> Text:
    """Words within a line as long as the pane is wide."""
    row = Text()
    for text in filter(None, words):
        if row.cell_len + len(text) + 4 <= width:
            row.append(look.sign("─ "), look.palette.guide)
            row.append(look.sign(f"{text} "), style)
    return row.append(look.sign("─" * (width - 1 - row.cell_len)), look.palette.guide)


def _explained(row: ControlRow | None, width: int, n_rows: int, look: Look) -> list[Text]:
    """What the setting under the cursor does, in so many rows."""
    lines: list[str] = []
    if row is not None and n_rows:
        is_preset = row.key == PRESET_KEY
        words = f"{row.setting.help}." if is_preset else explanation(row.setting)
        lines = wrap(look.sign(clean(words)), max(8, width))
    if len(lines) > n_rows:
        rest = " ".join(lines[n_rows - 1 :])
        lines = [*lines[: n_rows - 1], fit(rest, width, ascii_only=look.ascii_only)]
    return [Text(line, look.palette.label) for line in lines] + [Text("")] * (n_rows - len(lines))

"""Rows of the Inspect pane: what is shown of which weights, the cuts, the text, and the view."""

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from workbench.panes.inspect.cells import window
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.pane_view import PaneView, available_views, view_title
from workbench.render.number_format import format_count, format_loss
from workbench.render.sanitize import fit
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row, StyledSpan

_WITH_STRIP = ("network", "state", "attention")
_MAX_TOKEN = 12


def inspect_rows(
    model: InspectViewModel, view: PaneView[InspectViewModel], width: int, height: int
) -> Sequence[Row | Text]:
    """Return the rows of the pane."""
    notes = [*cut_rows(model, width), *_error_rows(model, width)]
    if model.source is None:
        return [*notes, *_plain_rows(model.no_model, width)]
    if model.shown is None:
        waiting = "" if model.error else f"Computing the view {model.view_name}."
        return [*notes, *_plain_rows(waiting, width)]
    above: list[Row] = [_about_row(model, width), *notes]
    if model.view_name in _WITH_STRIP:
        above.append(strip_row(model, width))
    is_first_row_covered = bool(model.typing_error)  # by the open field
    if height < len(above) + view.min_rows and not is_first_row_covered:
        above = above[1:]
    return [*above, *view.render(model, width, max(0, height - len(above)))]


def _plain_rows(text: str, width: int) -> list[Row]:
    return [[(line, "label")] for line in wrap(text, max(8, width))]


def _error_rows(model: InspectViewModel, width: int) -> list[Row]:
    error = model.typing_error or model.error
    return [[(line, "error")] for line in wrap(error, max(8, width))[:2]]


def _about_row(model: InspectViewModel, width: int) -> Row:
    """Return the step of the weights, the text and its loss, in the longest form that fits."""
    shown = model.shown
    assert shown is not None
    assert model.source is not None
    step = f"step {format_count(shown.step)}"
    step = model.source.label if model.source.step == shown.step else step
    origin = "typed text" if model.typed is not None else "text of Generate"
    origin = "first validation line" if shown.has_own_text else origin
    origin = f"{origin}: {model.joined_glyphs()}"
    loss = "" if shown.loss is None else f"loss {format_loss(shown.loss, 3)} nats per token"
    room = width - cell_len(step) - cell_len(loss) - 6
    parts = [step, fit(origin, room).rstrip() if room > 8 else "", loss]
    return [(" · ".join(filter(None, parts)), "label")]


def cut_rows(model: InspectViewModel, width: int) -> list[Row]:
    """Return which activations are set to zero, and the loss with and without that."""
    if not model.without:
        return []
    names = ", ".join(model.without)
    shown = model.shown
    tail = ""
    if shown is not None and tuple(shown.without) == model.without and shown.loss is not None:
        loss, whole = format_loss(shown.loss, 3), format_loss(shown.full_loss, 3)
        tail = f"; loss {loss}, whole model {whole}"
    undo = f" ({model.key('whole')} undoes)"
    room = width - cell_len(tail) - cell_len("! without ")
    undo = undo if cell_len(names) + cell_len(undo) <= room else ""
    names = fit(names, min(cell_len(names), max(8, room - cell_len(undo))))
    return [[(f"! without {names}{tail}{undo}", "warning bold")]]


def strip_row(model: InspectViewModel, width: int) -> Row:
    """Return the tokens of the text around the cursor, with the cursor in brackets."""
    glyphs = [fit(g, min(_MAX_TOKEN, max(1, cell_len(g)))) for g in model.glyphs()]
    size = max(map(cell_len, glyphs), default=1) + 2
    # While the answer about another position is on its way the old one stays marked.
    at = model.result.position if model.view_name == "network" else model.at
    shown = window(len(glyphs), (width - 12) // size, at)
    row: list[StyledSpan] = [("text ", "guide")]
    for i in shown:
        if i == at:
            row += [("[", "train bold"), (glyphs[i], "train bold reverse"), ("]", "train bold")]
        else:
            row.append((f" {glyphs[i]} ", "plain"))
    if shown.start:
        row.insert(1, ("…", "guide"))
    if shown.stop < len(glyphs):
        row.append(("…", "guide"))
    return row


def no_model_text(state: AppState) -> str:
    """Return why no model can be asked, and what to press."""
    if state.loading_message:
        return state.loading_message
    if state.run.status == "starting":
        return "Starting the trainer. The model appears here after the first steps."
    if state.is_loading_model:
        return f"Loading the model of {state.run.run}."
    if state.run.status == "untrained":
        press = state.keys.substitute_keys("No model yet: press <run.space> to train ")
        return f"{press}{state.title}. This pane then shows the inside of the model, live."
    return state.keys.substitute_keys(
        "No model is loaded. <run.space> resumes the run, <run.new> starts a new one."
    )


def views_title(
    views: Sequence[PaneView[InspectViewModel]], model: InspectViewModel, width: int
) -> str:
    """Return the names of the views with the current one in capitals, or its name and number."""
    names = [
        view.name.upper() if view.name == model.view_name else view.name
        for view in available_views(views, model)
    ]
    found = "  ".join(names)
    return found if len(found) <= width else view_title(views, model, model.view_name, width)

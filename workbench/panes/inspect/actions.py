"""Effect of each key of the Inspect pane on its view model, by the name of the binding."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.inspect.views import INSPECT_VIEWS, InspectView
from workbench.panes.pane_view import next_view_name

Effect: TypeAlias = Callable[[InspectView, InspectViewModel], InspectViewModel]
"""Function from the current view and a view model to the next view model."""

_MOVES = {
    "right": (1, 0),
    "left": (-1, 0),
    "down": (0, 1),
    "up": (0, -1),
    "page_down": (0, 10),
    "page_up": (0, -10),
    "first": (-1_000_000, 0),
    "last": (1_000_000, 0),
}
"""Columns to the right and rows down by which each key moves the cursor."""
_ADDED = 100.0


def is_action_available(
    view: InspectView, model: InspectViewModel, action: str, is_editing: bool
) -> bool:
    """Return whether an action has an effect now.

    Args:
        view: Current view.
        model: View model.
        action: Name of an action of the pane, or of an entry of the table of actions.
        is_editing: Whether the field of the text is open.
    """
    if is_editing or action in ("cancel", "submit"):
        return is_editing and action in ("cancel", "submit")
    if action in ("view", "view_before", "edit"):
        return model.source is not None
    if action == "whole":
        return bool(model.without)
    if action not in ACTIONS:
        return True
    has_part = action not in ("part", "part_before") or view.next_part is not None
    has_softmax = action not in ("max", "add") or view.name == "network"
    return model.shown is not None and has_part and has_softmax and _can_cut(view, model, action)


def _can_cut(view: InspectView, model: InspectViewModel, action: str) -> bool:
    return action != "cut" or view.cut_name(model) is not None


def _move(dx: int, dy: int, view: InspectView, model: InspectViewModel) -> InspectViewModel:
    return view.move(model, dx, dy)


def _show_view(by: int, _: InspectView, model: InspectViewModel) -> InspectViewModel:
    name = next_view_name(INSPECT_VIEWS, model, model.view_name, by)
    return replace(model, view_name=name, error="")


def _show_part(by: int, view: InspectView, model: InspectViewModel) -> InspectViewModel:
    return model if view.next_part is None else view.next_part(model, by)


def toggle_cut(view: InspectView, model: InspectViewModel) -> InspectViewModel:
    """Set the selected activation to zero, or undo this."""
    name = view.cut_name(model)
    if name is None:
        return model
    kept = tuple(cut for cut in model.without if cut != name)
    added = (*model.without, name) if kept == model.without else kept
    return replace(model, without=added, error="")


ACTIONS: Mapping[str, Effect] = {
    **{key: partial(_move, *by) for key, by in _MOVES.items()},
    "view": partial(_show_view, 1),
    "view_before": partial(_show_view, -1),
    "part": partial(_show_part, 1),
    "part_before": partial(_show_part, -1),
    "cut": toggle_cut,
    "whole": lambda _, model: replace(model, without=(), error=""),
    "max": lambda _, model: replace(model, subtracts_max=not model.subtracts_max),
    "add": lambda _, model: replace(model, added_to_logits=_ADDED - model.added_to_logits),
}
"""Effects of the keys; each is called only where :func:`is_action_available` allows it."""

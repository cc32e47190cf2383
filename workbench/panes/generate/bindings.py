"""Key bindings of the Generate pane and their availability."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_pane_binding
from workbench.panes.generate.view_model import VIEWS, GenerateView, ViewName

_TEXT: tuple[ViewName, ...] = ("next token", "stages", "tree")
_NOT_IN_GAME: tuple[ViewName, ...] = ("next token", "samples", "stages", "tree")
_CURSOR_KEYS = ("up", "down", "page_up", "page_down", "first", "last")
_VIEWS_OF: dict[str, tuple[ViewName, ...]] = {
    "take": ("next token", "stages"),
    "open": ("tree",),
    "guess": ("guess",),
    "drop": ("tree",),
    "keep": ("tree",),
    "fork": _TEXT,
    **dict.fromkeys(("draw", "back", "auto", "again", "undo", "redo"), _NOT_IN_GAME),
    **dict.fromkeys((*_CURSOR_KEYS, "edit"), _NOT_IN_GAME),
}
_ESCAPE_ACTIONS = ("cancel", "end_game", "stop_auto", "give_up", "leave")
_NEED_TEXT = ("fork", "drop", "keep")


def with_key_labels(view: GenerateView, text: str) -> str:
    """Replace each ``<id>`` of a binding in a text by the label of its key."""
    return view.appearance.keys.substitute_keys(text, GENERATE_BINDINGS)


def is_action_available(view: GenerateView, name: str, is_editing: bool = False) -> bool:
    """Return True if an action has an effect in this view; other keys are inactive.

    Args:
        view: Current view model.
        name: Name of an action of the pane, or of an entry of the presenter's table of actions.
        is_editing: True while the prompt field is open.
    """
    if name in _ESCAPE_ACTIONS:
        return name == _escape_action(view, is_editing)
    if name == "change_temperature":  # these keys never reach the global bindings of the same keys
        return not is_editing
    if view.is_guessing or is_editing:
        return name == "take" and is_editing
    has_text = view.has_sampled_text or len(view.text.branches) > 1
    return view.showing in _VIEWS_OF.get(name, VIEWS) and (has_text or name not in _NEED_TEXT)


def _escape_action(view: GenerateView, is_editing: bool) -> str:
    """Return the action of the escape key: the innermost mode is left first."""
    if is_editing:
        return "cancel"
    if view.is_guessing:
        return "end_game"
    if view.is_auto:
        return "stop_auto"
    if view.waited_s is not None:
        return "give_up"
    return "leave" if view.has_unsaved_branches or view.message is not None else ""


def action_availability(view: GenerateView) -> tuple[bool, ...]:
    """Return the availability of each action; if it changes, the footer has to be updated."""
    names = (*_ESCAPE_ACTIONS, "view", *_VIEWS_OF)
    return tuple(is_action_available(view, name) for name in names)


_key = partial(make_pane_binding, "generate")

GENERATE_BINDINGS: list[BindingType] = [
    _key("draw", "right,l", "next", "Sample the next token, or go to it if it exists already"),
    _key("back", "left,h", "back", "Go back one token; nothing is deleted"),
    _key("up", "up,k", "up", "Previous candidate, branch or sample", show=False, is_cursor=True),
    _key("down", "down,j", "down", "Next candidate, branch or sample", show=False, is_cursor=True),
    _key("page_up", "pageup", "page up", "Ten rows up", show=False, is_cursor=True),
    _key("page_down", "pagedown", "page down", "Ten rows down", show=False, is_cursor=True),
    _key(
        "first",
        "home",
        "first",
        "First row: the most probable candidate",
        show=False,
        is_cursor=True,
    ),
    _key(
        "last", "end", "last", "Last row: the least probable candidate", show=False, is_cursor=True
    ),
    _key("take", "enter", "pick", "Insert the selected candidate as a branch", action="take"),
    _key("open", "enter", "go there", "Show the token under the tree's cursor"),
    _key("guess", "enter,i", "guess", "Start guessing letters; <generate.end_game> stops"),
    _key("drop", "d", "delete", "Delete the branch; <generate.undo> restores it"),
    _key("keep", "m", "keep", "Keep the branch when the others are discarded, or undo this mark"),
    _key(
        "auto", "a", "auto", "Sample four tokens per second, or stop; any key stops", action="auto"
    ),
    _key("again", "n", "resample", "Sample this token again with another random number"),
    _key("fork", "b", "branch", "Start a branch here, with its own random numbers"),
    _key("undo", "u", "undo", "Undo the last change of the text"),
    _key("ten", "g", "ten samples", "Generate ten samples of the prompt", action="ten"),
    _key("redo", "U", "redo", "Redo the last undone change of the text", show=False),
    _key("edit", "i", "prompt", "Edit the prompt", action="edit"),
    _key("view", "v", "view", "Next view: next token, samples, stages, tree, guess"),
    _key("view_back", "V", "previous view", "Previous view", show=False),
    _key(
        "cooler",
        "[,(",
        "T ÷2",
        "Halve the temperature",
        show=False,
        action="change_temperature(0.5)",
    ),
    _key(
        "warmer",
        "],)",
        "T ×2",
        "Double the temperature",
        show=False,
        action="change_temperature(2.0)",
    ),
    _key("cancel", "escape", "cancel", "Close the field without changes", action="cancel"),
    _key("end_game", "escape", "stop guessing", "Stop guessing; letters are keys again"),
    _key("stop_auto", "escape", "stop", "Stop automatic sampling", action="stop_auto"),
    _key("give_up", "escape", "cancel", "Cancel the pending query"),
    _key(
        "leave",
        "escape",
        "live",
        "Discard this text and follow the live model, also from an earlier step",
        action="leave",
    ),
]

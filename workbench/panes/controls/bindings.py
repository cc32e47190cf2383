"""Key bindings of the Controls pane, with ids for the keymap file, and their availability."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_pane_binding
from workbench.panes.controls.value_editing import is_number
from workbench.panes.controls.view_model import ControlsViewModel


def is_action_available(view: ControlsViewModel, action: str) -> bool:
    """Return whether an action of the pane has an effect now."""
    setting = view.row.setting if view.row else None
    match action:
        case "leave":
            return view.is_editing or bool(view.refusal)
        case "undo":
            return view.content.can_undo
        case "redo":
            return view.content.can_redo
        case "find_rate":
            return setting is not None and not view.content.learns_by_counting
        case "less" | "more":
            return setting is not None and setting.kind != "text"
        case "halve" | "double":
            return setting is not None and is_number(setting)
    return True


def action_availability(view: ControlsViewModel) -> tuple[bool, ...]:
    """Return the availability of the actions that depend on the view model."""
    return tuple(
        is_action_available(view, name)
        for name in ("leave", "undo", "redo", "find_rate", "less", "halve")
    )


_key = partial(make_pane_binding, "controls")

CONTROLS_BINDINGS: list[BindingType] = [
    _key("up", "up,k", "up", "Previous row", show=False, is_cursor=True),
    _key("down", "down,j", "down", "Next row", show=False, is_cursor=True),
    _key("page_up", "pageup", "page up", "Ten rows up", show=False, is_cursor=True),
    _key("page_down", "pagedown", "page down", "Ten rows down", show=False, is_cursor=True),
    _key("first", "home", "first", "First row", show=False, is_cursor=True),
    _key("last", "end", "last", "Last row", show=False, is_cursor=True),
    _key("less", "left,h", "less", "Previous round value or previous choice"),
    _key("more", "right,l", "more", "Next round value or next choice"),
    _key("halve", "[,(", "÷2", "Halve the value"),
    _key("double", "],)", "×2", "Double the value"),
    _key(
        "edit",
        "enter",
        "edit",
        "Type a value (3e-4, *2, /10, off) or open the presets",
        action="edit",
    ),
    _key("find_rate", "f", "find lr", "Learning-rate search on a copy of the model"),
    _key("undo", "u", "undo", "Undo the last change of a setting"),
    _key("redo", "U", "redo", "Redo the change that was undone", show=False),
    _key("leave", "escape", "cancel", "Cancel: keep the old value"),
]

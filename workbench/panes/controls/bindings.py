"""The keys of the Controls pane, by names that a keymap can move."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_binding
from workbench.panes.controls.value_editing import is_number
from workbench.panes.controls.view_model import ControlsViewModel


def is_action_available(view: ControlsViewModel, action: str) -> bool:
    """Whether an action of the pane would do something now."""
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
        case "step":
            return setting is not None and setting.kind != "text"
        case "scale":
            return setting is not None and is_number(setting)
    return True


def action_availability(view: ControlsViewModel) -> tuple[bool, ...]:
    """What is possible of that which depends on the view: when it changes, so do the keys shown."""
    return tuple(
        is_action_available(view, name)
        for name in ("leave", "undo", "redo", "find_rate", "step", "scale")
    )


_key = partial(make_binding, "controls")


CONTROLS_BINDINGS: list[BindingType] = [
    _key("up", "up,k", "move(-1)", "up", "The row above", show=False),
    _key("down", "down,j", "move(1)", "down", "The row below", show=False),
    _key("page_up", "pageup", "move(-10)", "page up", "Ten rows up", show=False),
    _key("page_down", "pagedown", "move(10)", "page down", "Ten rows down", show=False),
    _key("first", "home", "move(-1000)", "first", "The first row", show=False),
    _key("last", "end", "move(1000)", "last", "The last row", show=False),
    _key("less", "left,h", "step(-1)", "less", "The next round value below, or the choice before"),
    _key("more", "right,l", "step(1)", "more", "The next round value above, or the next choice"),
    _key("halve", "[,(", "scale(-1)", "÷2", "Half the value"),
    _key("double", "],)", "scale(1)", "×2", "Twice the value"),
    _key("edit", "enter", "edit", "type", "Type a value: 3e-4, *2, /10, off; or open the presets"),
    _key("find_rate", "f", "find_rate", "find a rate", "Try learning rates on a copy of the model"),
    _key("undo", "u", "undo", "undo", "Take the last change of a value back"),
    _key("redo", "U", "redo", "redo", "Make the change again that was taken back", show=False),
    _key("leave", "escape", "leave", "keep old", "Leave the field; the old value stays"),
]

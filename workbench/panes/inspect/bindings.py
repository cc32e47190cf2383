"""Key bindings of the Inspect pane, with ids for the keymap file."""

from textual.binding import Binding, BindingType

from workbench.keyboard.bindings import make_binding


def _key(
    name: str,
    keys: str,
    action: str,
    label: str,
    help_text: str = "",
    show: bool = True,
    key_display: str | None = None,
) -> Binding:
    return make_binding("inspect", name, keys, action, label, help_text, show, key_display)


INSPECT_BINDINGS: list[BindingType] = [
    _key("view", "v", "view(1)", "view", "Next view of the model"),
    _key("view_before", "V", "view(-1)", "previous view", show=False),
    _key("right", "right,l", "move(1, 0)", "token", "Next token or column", key_display="←→"),
    _key("left", "left,h", "move(-1, 0)", "left", "Previous token or column", show=False),
    _key("down", "down,j", "move(0, 1)", "row", "Next tensor, unit, head or row", key_display="↑↓"),
    _key("up", "up,k", "move(0, -1)", "up", "Previous tensor, unit, head or row", show=False),
    _key("page_down", "pagedown", "move(0, 10)", "ten down", show=False),
    _key("page_up", "pageup", "move(0, -10)", "ten up", show=False),
    _key("first", "home", "move(-1000000, 0)", "first token or column", show=False),
    _key("last", "end", "move(1000000, 0)", "last token or column", show=False),
    _key("part", "n", "part(1)", "part", "Next unit of the tensor, next activation or parameter"),
    _key("part_before", "N", "part(-1)", "previous part", show=False),
    _key("cut", "x", "cut", "cut", "Set the selected unit or head to zero, or undo this"),
    _key("whole", "w", "whole", "undo cuts", "Undo all cuts: the whole model answers again"),
    _key(
        "text", "i", "edit", "text", "Type the text that the model reads; empty: that of Generate"
    ),
    _key("max", "m", "toggle_max", "maximum", "Softmax: subtract the maximum of the logits or not"),
    _key("add", "a", "toggle_add", "logits + 100", "Softmax: add 100 to all logits or not"),
    _key("submit", "enter", "submit", "read", "Read the typed text", show=False),
    _key("cancel", "escape", "cancel", "cancel", "Close the field without changes", show=False),
]

"""Key bindings of the Inspect pane, with ids for the keymap file."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_pane_binding

_key = partial(make_pane_binding, "inspect")

INSPECT_BINDINGS: list[BindingType] = [
    _key("view", "v", "view", "Next view of the model"),
    _key("view_before", "V", "previous view", show=False),
    _key("right", "right,l", "token", "Next token or column", key_display="←→", is_cursor=True),
    _key("left", "left,h", "left", "Previous token or column", show=False, is_cursor=True),
    _key(
        "down",
        "down,j",
        "row",
        "Next tensor, unit, head or row",
        key_display="↑↓",
        is_cursor=True,
    ),
    _key("up", "up,k", "up", "Previous tensor, unit, head or row", show=False, is_cursor=True),
    _key("page_down", "pagedown", "ten down", show=False, is_cursor=True),
    _key("page_up", "pageup", "ten up", show=False, is_cursor=True),
    _key("first", "home", "first token or column", show=False, is_cursor=True),
    _key("last", "end", "last token or column", show=False, is_cursor=True),
    _key("part", "n", "part", "Next unit of the tensor, next activation or parameter"),
    _key("part_before", "N", "previous part", show=False),
    _key("cut", "x", "cut", "Set the selected unit or head to zero, or undo this"),
    _key("whole", "w", "undo cuts", "Undo all cuts: the whole model answers again"),
    _key(
        "text",
        "i",
        "text",
        "Type the text that the model reads; empty: that of Generate",
        action="edit",
    ),
    _key("max", "m", "maximum", "Softmax: subtract the maximum of the logits or not"),
    _key("add", "a", "logits + 100", "Softmax: add 100 to all logits or not"),
    _key("submit", "enter", "read", "Read the typed text", action="submit"),
    _key("cancel", "escape", "cancel", "Close the field without changes", action="cancel"),
]

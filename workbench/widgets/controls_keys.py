"""The keys of the Controls pane, by names that a keymap can move."""

from textual.binding import Binding, BindingType


def _key(
    name: str, keys: str, action: str, words: str, help_text: str, show: bool = True
) -> Binding:
    """A binding whose id is the pane and a name, for a file that moves keys."""
    return Binding(keys, action, words, show=show, tooltip=help_text, id=f"controls.{name}")


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
    _key("undo", "u", "undo", "undo", "Take the last change of a value back"),
    _key("redo", "U", "redo", "redo", "Make the change again that was taken back", show=False),
    _key("leave", "escape", "leave", "keep old", "Leave the field; the old value stays"),
]

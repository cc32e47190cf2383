"""Key bindings of the Data pane, with ids for the keymap file."""

from textual.binding import Binding, BindingType

DATA_BINDINGS: list[BindingType] = [
    Binding("down,j", "move(1)", "next", key_display="↓", system=True, id="data.next"),
    Binding("up,k", "move(-1)", "previous", key_display="↑", system=True, id="data.back"),
    Binding("pagedown", "move(10)", "ten down", show=False, system=True, id="data.page_on"),
    Binding("pageup", "move(-10)", "ten up", show=False, system=True, id="data.page_back"),
    Binding("home", "move(-1000000000)", "first", show=False, system=True, id="data.first"),
    Binding("end", "move(1000000000)", "last", show=False, system=True, id="data.last"),
    Binding("v", "view(1)", "view", id="data.view"),
    Binding("V", "view(-1)", "previous view", show=False, id="data.view_before"),
]

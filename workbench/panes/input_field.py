"""How a pane comes to its field; what a field is made of is imported when the first one opens."""

from typing import TYPE_CHECKING

from textual.widget import Widget

if TYPE_CHECKING:
    from workbench.widgets.field import Field


def is_key_of(pane: Widget, action: str, key: str) -> bool:
    """Whether a key now means this action of the pane, wherever a keymap has put it.

    A pane that opens its field at once, and not when the key has travelled up to the app, knows of
    it before the next key of a burst arrives.
    """
    active = pane.screen.active_bindings.get(key)
    return active is not None and active.node is pane and active.binding.action == action


def field_of(pane: Widget, max_length: int) -> "Field":
    """The pane's field. It is made when it is first asked for: no first frame has one."""
    from workbench.widgets.field import Field

    field = next(iter(pane.query_children(Field)), None)
    if field is None:
        field = Field(max_length)
        pane.mount(field)
    return field


def has_focus_in_field(pane: Widget) -> bool:
    """Whether what is typed goes to a field of the pane."""
    focused = pane.screen.focused
    return focused is not None and focused.parent is pane

"""Access to the input field of a pane; the field is imported when the first one opens."""

from typing import TYPE_CHECKING

from textual.widget import Widget

if TYPE_CHECKING:
    from workbench.widgets.field import Field


def is_key_of(pane: Widget, action: str, key: str) -> bool:
    """Return whether a key is bound to this action of the pane, also by a keymap file.

    A pane opens its field directly, before the key reaches the app, so that the next key of a
    burst goes to the field.
    """
    active = pane.screen.active_bindings.get(key)
    return active is not None and active.node is pane and active.binding.action == action


def field_of(pane: Widget, max_length: int) -> "Field":
    """Return the input field of a pane; create it at the first call."""
    from workbench.widgets.field import Field

    field = next(iter(pane.query_children(Field)), None)
    if field is None:
        field = Field(max_length)
        pane.mount(field)
    return field


def has_focus_in_field(pane: Widget) -> bool:
    """Return whether the input field of the pane has the focus."""
    focused = pane.screen.focused
    return focused is not None and focused.parent is pane

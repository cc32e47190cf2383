"""Global key bindings with their labels for the help screen and the command palette."""

from textual.binding import Binding, BindingType

PANE_NAMES = ("Data", "Controls", "Loss", "Generate", "Inspect")
"""Names of the panes; the first one has the digit 1."""


def make_binding(
    prefix: str,
    name: str,
    keys: str,
    action: str,
    label: str,
    help_text: str = "",
    show: bool = True,
    key_display: str | None = None,
    is_cursor: bool = False,
) -> Binding:
    """Return a binding whose id is ``prefix.name``, by which a keymap file can move it.

    Args:
        prefix: Pane or group of bindings.
        name: Name within the group.
        keys: Default keys, separated by commas.
        action: Textual action.
        label: Label in the footer and the command palette.
        help_text: Sentence for the help screen; without one the label is shown there.
        show: Whether the footer may show the binding.
        key_display: Name of the keys where the default one is unclear.
        is_cursor: Whether the keys only move a cursor; the command palette lists such a binding only
            for a search.
    """
    return Binding(
        keys,
        action,
        label,
        show=show,
        tooltip=help_text,
        key_display=key_display,
        id=f"{prefix}.{name}",
        system=is_cursor,
    )


def table_action(name: str) -> str:
    """Return the Textual action that runs an entry of a pane's table of actions."""
    return f"run('{name}')"


def make_pane_binding(
    pane: str,
    name: str,
    keys: str,
    label: str,
    help_text: str = "",
    *,
    action: str = "",
    show: bool = True,
    key_display: str | None = None,
    is_cursor: bool = False,
) -> Binding:
    """Return a binding of a pane; without an action it runs the entry of its name in the table.

    See :func:`make_binding` for the other arguments.
    """
    action = action or table_action(name)
    return make_binding(pane, name, keys, action, label, help_text, show, key_display, is_cursor)


def _key(name: str, keys: str, action: str, label: str) -> Binding:
    """Return a global binding; the footer chooses among the global bindings by its own rules."""
    prefix, _, own_name = name.partition(".")
    return make_binding(prefix, own_name, keys, action, label, show=False)


def _again(name: str) -> str:
    """Return what the key of a pane does when the pane has the focus already."""
    return "go back" if name == "Inspect" else "zoom"


APP_BINDINGS: list[BindingType] = [
    _key("run.space", "space", "train_or_pause", "train, pause or resume"),
    _key("run.step", "s", "one_step", "run one step"),
    _key("run.validation", "S", "to_validation", "run to the next validation"),
    _key("rate.halve", "[,(", "scale_rate(-1)", "halve the learning rate"),
    _key("rate.double", "],)", "scale_rate(1)", "double the learning rate"),
    _key("run.new", "r", "new_run", "start a new run with the pending changes"),
    _key("run.stop", "X", "stop", "stop the run with a checkpoint"),
    *(
        _key(f"pane.{n}", str(n), f"go_to({n})", f"go to {name}; press again to {_again(name)}")
        for n, name in enumerate(PANE_NAMES, 1)
    ),
    _key("pane.zoom", "z", "zoom", "zoom this pane in or out"),
    _key("pane.back", "escape", "out", "back to the live model, or leave the zoom"),
    _key("past.earlier", "comma", "view_earlier_step", "view an earlier step"),
    _key("past.later", "full_stop", "view_later_step", "view a later step"),
    _key("app.open", "o", "open", "open a preset, file, run or recipe"),
    _key("copy.pane", "c", "copy_pane", "copy this pane as text"),
    _key("copy.line", "C", "copy_line", "copy the recipe of this run"),
    _key("app.help", "question_mark", "help", "help for this pane"),
    _key("app.commands", "colon,ctrl+p", "command_palette", "command palette"),
    _key("app.suspend", "ctrl+z", "suspend_process", "suspend the screen; training continues"),
    # Of two bindings with the same key the first available one counts: ctrl+z leaves the screen where
    # no shell could continue it.
    _key("app.leave", "q,ctrl+c,ctrl+q,ctrl+z", "leave", "quit"),
    _key("app.redraw", "ctrl+l", "redraw", "redraw the screen"),
]

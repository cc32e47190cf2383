"""The keys of everywhere, with the words of the help and of the command palette."""

from textual.binding import Binding, BindingType

PANE_NAMES = ("Data", "Controls", "Loss", "Generate")
"""By their digits, from 1."""


def _key(name: str, keys: str, action: str, words: str) -> Binding:
    """A binding with a name that a keymap file can move; the footer has rules of its own."""
    return Binding(keys, action, words, show=False, id=name)


APP_BINDINGS: list[BindingType] = [
    _key("run.space", "space", "train_or_pause", "train or pause"),
    _key("run.step", "s", "one_step", "one step"),
    _key("run.validation", "S", "to_validation", "on to the next validation"),
    _key("rate.halve", "[,(", "scale_rate(-1)", "halve the learning rate"),
    _key("rate.double", "],)", "scale_rate(1)", "double the learning rate"),
    _key("run.new", "r", "new_run", "new run with the waiting values"),
    _key("run.stop", "X", "stop", "stop with a checkpoint"),
    *(
        _key(f"pane.{n}", str(n), f"go_to({n})", f"{name}; again: zoom")
        for n, name in enumerate(PANE_NAMES, 1)
    ),
    _key("pane.zoom", "z", "zoom", "zoom this pane, and back"),
    _key("pane.back", "escape", "out", "out of the past, or of the zoom"),
    _key("past.earlier", "comma", "look_earlier", "the model as it was before"),
    _key("past.later", "full_stop", "look_later", "the model as it was later"),
    _key("app.open", "o", "open", "open a preset, a file, a run or a pasted line"),
    _key("copy.pane", "c", "copy_pane", "copy this pane as text"),
    _key("copy.line", "C", "copy_line", "copy the line of this run"),
    _key("app.help", "question_mark", "help", "what this pane shows, and its keys"),
    _key("app.commands", "colon,ctrl+p", "command_palette", "every command by name"),
    _key("app.leave", "q,ctrl+c,ctrl+q", "leave", "leave"),
    _key("app.suspend", "ctrl+z", "suspend_process", "suspend the screen; training goes on"),
    _key("app.redraw", "ctrl+l", "redraw", "draw everything again"),
]

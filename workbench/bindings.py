"""The keys of everywhere, with the words of the help and of the command palette."""

from textual.binding import Binding, BindingType

PANE_NAMES = ("Data", "Controls", "Loss", "Generate")
RUN_ACTIONS = ("train_or_pause", "one_step", "stop", "new_run", "go_to", "go_on", "zoom", "leave")
"""What is done on the workbench itself, not on a screen above it."""

APP_BINDINGS: list[BindingType] = [
    Binding("space", "train_or_pause", "train or pause", id="run.space"),
    Binding("s", "one_step", "one step", id="run.step"),
    Binding("X", "stop", "stop with a checkpoint", id="run.stop"),
    Binding("r", "new_run", "new run with the waiting values", id="run.new"),
    *(
        Binding(str(n), f"go_to({n})", f"{name}; again: zoom", show=False, id=f"pane.{n}")
        for n, name in enumerate(PANE_NAMES, 1)
    ),
    Binding("z", "zoom", "zoom this pane, and back", id="pane.zoom"),
    Binding("comma", "look_earlier", "the model as it was before", show=False, id="past.earlier"),
    Binding("full_stop", "look_later", "the model as it was later", show=False, id="past.later"),
    Binding("escape", "out", "out of the past, or of the zoom", show=False, id="pane.back"),
    Binding("question_mark", "help", "what this pane shows, and its keys", id="help"),
    Binding("colon,ctrl+p", "command_palette", "every command by name", id="commands"),
    Binding("q,ctrl+c,ctrl+q", "leave", "leave", id="leave"),
    Binding("ctrl+z", "suspend_process", "suspend the screen", show=False, id="suspend"),
    Binding("ctrl+l", "redraw", "draw everything again", show=False, id="redraw"),
]

"""The question that is asked before a screen is left while a run trains."""

from typing import ClassVar, Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from seqlm.runs.run_state import Status
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.state.app_state import SIGNS

Choice: TypeAlias = Literal["detach", "stop", "stay"]


class LeaveScreen(ModalScreen[Choice]):
    """Detach, stop with a checkpoint, or stay.

    Args:
        run: What is left.
        status: What it does now; a paused run that nobody watches is stopped after a minute.
        keys: How the keys are called.
    """

    CSS = """
    LeaveScreen { align: center middle; background: $background 60%; }
    LeaveScreen Static {
        width: auto; max-width: 90%; height: auto; border: heavy $primary; padding: 1 2;
        background: $background;
    }
    .-ascii LeaveScreen Static { border: ascii $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,ctrl+c", "choose('detach')", "detach, it goes on", id="leave.detach"),
        Binding("s", "choose('stop')", "stop with a checkpoint", id="leave.stop"),
        Binding("escape,q", "choose('stay')", "stay", id="leave.stay"),
    ]

    def __init__(self, run: str, status: Status, keys: KeyLabels = DEFAULT_KEYS) -> None:
        super().__init__()
        self._run, self._status, self._keys = run, status, keys

    def compose(self) -> ComposeResult:
        """The question with its three answers."""
        goes_on = "it goes on without this screen"
        if self._status == "paused":
            goes_on = "it waits a minute, then stops with a checkpoint"
        detach, stop, stay = self._column()
        yield Static(
            Content.assemble(
                f"{self._run} is {SIGNS[self._status][1]}.\n\n",
                (detach, "bold $primary"),
                f"detach: {goes_on}\n",
                (stop, "bold $primary"),
                "stop it with a checkpoint, to go on later\n",
                (stay, "bold $primary"),
                "stay here",
            ),
            id="question",
        )

    def _column(self) -> list[str]:
        """The keys of the answers, each as wide as the longest and two blanks."""
        places = ("<leave.detach>", "<leave.stop>", "<leave.stay>")
        names = [self._keys.substitute_keys(place, self.BINDINGS) for place in places]
        width = max(map(cell_len, names)) + 2
        return [set_cell_size(name, width) for name in names]

    def action_choose(self, choice: Choice) -> None:
        """Give the answer back."""
        self.dismiss(choice)

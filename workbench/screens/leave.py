"""Question before the app exits while a run is live."""

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
    """Question whether to detach from the run, stop it with a checkpoint, or stay.

    Args:
        run: Name of the run.
        status: Status of the run; a paused run without a screen is stopped after a minute.
        keys: Display labels of the keys.
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
        Binding("d,ctrl+c", "choose('detach')", "detach; training continues", id="leave.detach"),
        Binding("s", "choose('stop')", "stop with a checkpoint", id="leave.stop"),
        Binding("escape,q", "choose('stay')", "stay", id="leave.stay"),
    ]

    def __init__(self, run: str, status: Status, keys: KeyLabels = DEFAULT_KEYS) -> None:
        super().__init__()
        self._run, self._status, self._keys = run, status, keys

    def compose(self) -> ComposeResult:
        """Yield the question with its three answers."""
        effect = "training continues in the background"
        if self._status == "paused":
            effect = "the run stops with a checkpoint after a minute"
        detach, stop, stay = self._column()
        yield Static(
            Content.assemble(
                f"{self._run} is {SIGNS[self._status][1]}.\n\n",
                (detach, "bold $primary"),
                f"detach: {effect}\n",
                (stop, "bold $primary"),
                "stop with a checkpoint, to resume later\n",
                (stay, "bold $primary"),
                "stay here",
            ),
            id="question",
        )

    def _column(self) -> list[str]:
        """Return the keys of the answers, padded to the same width."""
        places = ("<leave.detach>", "<leave.stop>", "<leave.stay>")
        names = [self._keys.substitute_keys(place, self.BINDINGS) for place in places]
        width = max(map(cell_len, names)) + 2
        return [set_cell_size(name, width) for name in names]

    def action_choose(self, choice: Choice) -> None:
        """Close with this answer."""
        self.dismiss(choice)

"""The search for a learning rate over the screen: a chart that grows, and a rate to take."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from workbench.sampling.lr_search_view import LrSearchView, lr_search_rows
from workbench.widgets.appearance import Appearance
from workbench.widgets.row_widget import Row, RowWidget


class _TrialChart(RowWidget):
    """The chart and its words."""

    DEFAULT_CSS = "_TrialChart { height: 1fr; }"
    trial: LrSearchView

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """The rows of one frame."""
        return lr_search_rows(self.trial, width, height, self.ascii_only)


class LrSearchScreen(ModalScreen[float | None]):
    """Shows a search; answers the rate that a person takes, or None.

    Args:
        trial: The search before its first answer.
        look: Colours and signs.
    """

    DEFAULT_CSS = """
    LrSearchScreen { align: center middle; background: $background 60%; }
    LrSearchScreen > Vertical {
        width: 84; max-width: 98%; height: 22; max-height: 96%;
        border: heavy $primary; padding: 0 1; background: $background;
        border-title-color: $foreground; border-subtitle-color: $secondary;
    }
    .-ascii LrSearchScreen > Vertical { border: ascii $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take it", tooltip="Take the suggested rate", id="rates.take"),
        Binding("escape,q", "leave", "leave", tooltip="Leave all as it was", id="rates.leave"),
    ]

    def __init__(self, trial: LrSearchView, look: Appearance) -> None:
        super().__init__()
        self._look, self._box = look, Vertical()
        self._chart = _TrialChart()
        self._chart.trial = replace(trial, apply_key=self._said("<rates.take>"))

    @property
    def trial(self) -> LrSearchView:
        """What it shows."""
        return self._chart.trial

    def compose(self) -> ComposeResult:
        """The chart in a frame."""
        self._box.border_title = "find a learning rate · nats per token at each rate"
        self._box.border_subtitle = self._keys
        with self._box:
            yield self._chart

    def on_mount(self) -> None:
        """Takes its colours."""
        self._chart.set_appearance(self._look.palette, self._look.ascii_only)

    def show(self, trial: LrSearchView) -> None:
        """Shows how far the search is now."""
        self._chart.trial = trial
        self._chart.redraw()
        self._box.border_subtitle = self._keys

    @property
    def _keys(self) -> str:
        """What can be pressed: there is nothing to take before the end."""
        leave = "<rates.leave> leaves all as it was"
        has_found = self.trial.suggestion is not None
        return self._said(f"<rates.take> takes it · {leave}" if has_found else leave)

    def _said(self, words: str) -> str:
        return self._look.keys.substitute_keys(words, self.BINDINGS)

    def action_take(self) -> None:
        """Answers the suggested rate, once there is one."""
        if self.trial.suggestion is not None:
            self.dismiss(self.trial.suggestion)

    def action_leave(self) -> None:
        """Answers that nothing is taken."""
        self.dismiss(None)

"""Screen of the learning-rate search: loss over learning rate, and the suggested learning rate."""

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


class _SearchChart(RowWidget):
    """Chart of the search with its text."""

    DEFAULT_CSS = "_SearchChart { height: 1fr; }"
    view: LrSearchView

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """Return the rows of one frame."""
        return lr_search_rows(self.view, width, height, self.ascii_only)


class LrSearchScreen(ModalScreen[float | None]):
    """Screen of a search; its result is the learning rate that the user applies, or None.

    Args:
        view: Search before its first answer.
        appearance: Colors and signs.
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
        Binding(
            "enter", "take", "apply", tooltip="Apply the suggested learning rate", id="rates.take"
        ),
        Binding(
            "escape,q",
            "leave",
            "close",
            tooltip="Close; the learning rate stays unchanged",
            id="rates.leave",
        ),
    ]

    def __init__(self, view: LrSearchView, appearance: Appearance) -> None:
        super().__init__()
        self._appearance, self._box = appearance, Vertical()
        self._chart = _SearchChart()
        self._chart.view = replace(view, apply_key=self._with_keys("<rates.take>"))

    @property
    def view(self) -> LrSearchView:
        """Displayed search."""
        return self._chart.view

    def compose(self) -> ComposeResult:
        """Lay out the chart in a frame."""
        self._box.border_title = "learning-rate search · nats per token at each learning rate"
        self._box.border_subtitle = self._key_hint
        with self._box:
            yield self._chart

    def on_mount(self) -> None:
        """Set the colors."""
        self._chart.set_appearance(self._appearance.palette, self._appearance.ascii_only)

    def set_view(self, view: LrSearchView) -> None:
        """Show the progress of the search."""
        self._chart.view = view
        self._chart.redraw()
        self._box.border_subtitle = self._key_hint

    @property
    def _key_hint(self) -> str:
        """Keys that have an effect: a learning rate can be applied only at the end."""
        close = "<rates.leave> closes"
        has_suggestion = self.view.suggestion is not None
        return self._with_keys(f"<rates.take> applies · {close}" if has_suggestion else close)

    def _with_keys(self, text: str) -> str:
        return self._appearance.keys.substitute_keys(text, self.BINDINGS)

    def action_take(self) -> None:
        """Close with the suggested learning rate, if there is one."""
        if self.view.suggestion is not None:
            self.dismiss(self.view.suggestion)

    def action_leave(self) -> None:
        """Close without a learning rate."""
        self.dismiss(None)

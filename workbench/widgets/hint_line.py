"""Hint line, the second row of the screen: one finding or one next step, with its key."""

from collections.abc import Sequence

from msgspec.structs import replace

from workbench.hints.hint_rules import hint_for
from workbench.hints.hint_text import HintText
from workbench.state.app_state import AppState
from workbench.widgets.loss_numbers import loss_row
from workbench.widgets.row_widget import Row, RowWidget

_URGENT = ("error", "warning")


class HintLine(RowWidget):
    """One row for one hint, always present, so that the panes never move."""

    state: AppState | None = None
    _has_losses = False
    _focused_pane = 0

    def set_state(self, state: AppState) -> None:
        """Show the hint for this state."""
        self.state = state
        self.redraw()

    def set_focused_pane(self, number: int) -> None:
        """Leave out of the hint what the pane with the focus shows anyway."""
        self._focused_pane = number
        self.redraw()

    def set_losses_visible(self, has_losses: bool) -> None:
        """Show the exact losses instead of hints that are not urgent."""
        if has_losses != self._has_losses:
            self._has_losses = has_losses
            self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row."""
        if self.state is None:
            return []
        hint = hint_for(replace(self.state, focused_pane=self._focused_pane))
        if self._has_losses and self.state.run.train and hint.role not in _URGENT:
            return [loss_row(self.state, width)]
        return [_hint_row(hint, width)]


def _hint_row(hint: HintText, width: int) -> Row:
    words = hint.fitting(max(0, width - 4))
    return [(f" {hint.sign} ", hint.role), (words, hint.role if hint.role in _URGENT else "plain")]

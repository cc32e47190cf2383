"""The second row: one finding or one thing to do next, with its key."""

from collections.abc import Sequence

from workbench.hints.hint_rules import hint_for
from workbench.hints.hint_text import HintText
from workbench.state.app_state import AppState
from workbench.widgets.loss_numbers import numbers_row
from workbench.widgets.row_widget import Row, RowWidget

_URGENT = ("error", "warning")


class HintLine(RowWidget):
    """Reserved for one sentence, so that the panes never move."""

    situation: AppState | None = None
    _has_losses = False

    def set_state(self, situation: AppState) -> None:
        """Show what there is to say in this situation."""
        self.situation = situation
        self.redraw()

    def set_losses_visible(self, has_losses: bool) -> None:
        """Show the exact losses instead, where no other row has them; what is urgent comes first."""
        if has_losses != self._has_losses:
            self._has_losses = has_losses
            self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        if self.situation is None:
            return []
        line = hint_for(self.situation)
        if self._has_losses and self.situation.run.train and line.role not in _URGENT:
            return [numbers_row(self.situation, width)]
        return [_line_row(line, width)]


def _line_row(line: HintText, width: int) -> Row:
    words = line.fitting(max(0, width - 4))
    return [(f" {line.sign} ", line.role), (words, line.role if line.role in _URGENT else "plain")]

"""Loss pane: exact losses, the loss chart, and the effect of each change of a setting."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message

from workbench.panes.loss.actions import ACTIONS, is_action_available, viewable_steps
from workbench.panes.loss.bindings import LOSS_BINDINGS, LOSS_HELP
from workbench.panes.loss.render import LossBody, LossFrame
from workbench.panes.loss.view_model import LossViewModel, axes_title
from workbench.panes.loss.views import LOSS_VIEWS
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView, current_view
from workbench.run.state import nearest_kept_step
from workbench.state.app_state import AppState
from workbench.widgets.loss_numbers import loss_row
from workbench.widgets.row_widget import Row


class LossPane(Pane):
    """Pane with the loss chart and its baselines."""

    NUMBER = 3
    NAME = "Loss"
    HELP: ClassVar[str] = LOSS_HELP
    VIEWS: ClassVar[tuple[PaneView[LossFrame], ...]] = LOSS_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = LOSS_BINDINGS

    class StepRequested(Message):
        """Request to view the model at the kept step nearest to the step under the cursor."""

        def __init__(self, step: int, read: int) -> None:
            super().__init__()
            self.step, self.read = step, read

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = LossViewModel()

    def subtitle(self, width: int) -> str:
        """Return the unit and the axes."""
        return axes_title(self.view, width)

    def collapsed_row(self, width: int) -> Row:
        """Return the exact losses in one row."""
        return loss_row(self.state, width, self.view.unit) if self.state else []

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the losses, the chart, the latest changes and the readout."""
        if self.state is None:
            return []
        frame = LossFrame(self.state, self.view, self.ascii_only)
        return current_view(self.VIEWS, frame, "").render(frame, width, height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect now."""
        name = str(parameters[0]) if action == "run" else action
        return is_action_available(self.view, self.state, name)

    def action_run(self, name: str) -> None:
        """Run an entry of the table of actions."""
        self._set_view(ACTIONS[name](self.view, self.state, self._shown_body()))

    def action_look(self) -> None:
        """Request the model at the kept step nearest to the cursor."""
        read = self.view.cursor
        step = None if read is None else nearest_kept_step(viewable_steps(self.state), read)
        if read is not None and step is not None:
            self.post_message(self.StepRequested(step, read))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the column that was clicked."""
        at, body = self.frame.inside(event, self), self._shown_body()
        step = body.stop_at(at.x, at.y) if at is not None and body is not None else None
        if step is not None:
            self._set_view(replace(self.view, cursor=step))

    def _set_view(self, view: LossViewModel) -> None:
        """Show another view model."""
        if view != self.view:
            self.view = view
            self.redraw()
            self.refresh_bindings()

    def set_state(self, state: AppState) -> None:
        """Show this state; put the cursor on the viewed step, and remove the cursor in another run."""
        before = self.state
        is_other = before is not None and before.run.run != state.run.run
        if is_other or (before.viewed_step if before else None) != state.viewed_step:
            self.view = replace(self.view, cursor=state.viewed_step)
        super().set_state(state)

    def _shown_body(self) -> LossBody | None:
        """Return the body as it is shown; None if the pane is collapsed."""
        if self.state is None or self.frame.is_collapsed or not self.frame.inner:
            return None
        return LossBody(self.state, self.view, *self.frame.inner, self.ascii_only)

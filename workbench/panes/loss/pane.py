"""Loss pane: exact losses, the loss chart, and the effect of each change of a setting."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message

from workbench.panes.loss.axes import whole_axis, x_of
from workbench.panes.loss.bindings import LOSS_BINDINGS, LOSS_HELP
from workbench.panes.loss.render import LossBody, LossFrame
from workbench.panes.loss.view_model import (
    ZOOM,
    LossViewModel,
    move_cursor,
    next_x,
    next_y,
    without_cursor,
    without_window,
    zoom,
)
from workbench.panes.loss.views import LOSS_VIEWS
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView, current_view
from workbench.render.number_format import unit_label
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
        view, part = self.view, ", part" if self.view.window else ""
        y = "log" if view.y == "log" else "linear"
        texts = [
            f"{unit_label(view.unit)} · x {view.x}{part} · y {y}",
            f"{view.unit} · x {view.x}{part}",
            view.unit,
        ]
        return next((text for text in texts if len(text) <= width), "")

    def collapsed_row(self, width: int) -> Row:
        """Return the exact losses in one row."""
        return loss_row(self.situation, width, self.view.unit) if self.situation else []

    def body(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the losses, the chart, the latest changes and the readout."""
        if self.situation is None:
            return []
        frame = LossFrame(self.situation, self.view, self.ascii_only)
        return current_view(self.VIEWS, frame, "").render(frame, width, height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect now."""
        match action:
            case "read" | "zoom_in":
                return self.situation is not None and bool(self.situation.run.train)
            case "zoom_out" | "show_all":
                return self.view.window is not None
            case "now":
                return self.view.cursor is not None and self._viewed_step is None
            case "look":
                return self.view.cursor is not None and bool(self._kept)
        return True

    def action_read(self, by: int) -> None:
        """Move the cursor by some columns of the chart."""
        body = self._shown_body()
        if body is not None:
            self._set_view(move_cursor(self.view, body.stops, by))

    def action_now(self) -> None:
        """Remove the cursor and follow the latest step."""
        self._set_view(without_cursor(self.view))

    def action_look(self) -> None:
        """Request the model at the kept step nearest to the cursor."""
        read = self.view.cursor
        step = None if read is None else nearest_kept_step(self._kept, read)
        if read is not None and step is not None:
            self.post_message(self.StepRequested(step, read))

    def action_x_axis(self) -> None:
        """Show the next x axis: steps on a log scale, steps, seconds, epochs."""
        self._set_view(next_x(self.view))

    def action_y_axis(self) -> None:
        """Show the next y axis: nats, nats on a log scale, bits, perplexity."""
        self._set_view(next_y(self.view))

    def action_zoom_in(self) -> None:
        """Show half as many steps, around the cursor."""
        self._zoom(ZOOM)

    def action_zoom_out(self) -> None:
        """Show twice as many steps."""
        self._zoom(1 / ZOOM)

    def action_show_all(self) -> None:
        """Show all steps."""
        self._set_view(without_window(self.view))

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

    def _zoom(self, factor: float) -> None:
        if self.situation is not None:
            step = self.situation.run.step if self.view.cursor is None else self.view.cursor
            center = x_of(self.situation, self.view.x)(step)
            self._set_view(zoom(self.view, whole_axis(self.situation, self.view.x), center, factor))

    @property
    def _viewed_step(self) -> int | None:
        return self.situation.viewed_step if self.situation else None

    def set_state(self, situation: AppState) -> None:
        """Show this state; put the cursor on the viewed step, and remove the cursor in another run."""
        is_other = self.situation is not None and self.situation.run.run != situation.run.run
        if is_other or self._viewed_step != situation.viewed_step:
            self.view = replace(self.view, cursor=situation.viewed_step)
        super().set_state(situation)

    @property
    def _kept(self) -> Sequence[int]:
        """Steps whose weights the worker can load."""
        return self.situation.run.kept if self.situation and self.situation.can_query else ()

    def _shown_body(self) -> LossBody | None:
        """Return the body as it is shown; None if the pane is collapsed."""
        if self.situation is None or self.frame.is_collapsed or not self.frame.inner:
            return None
        return LossBody(self.situation, self.view, *self.frame.inner, self.ascii_only)

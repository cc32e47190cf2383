"""The Loss pane: exact numbers, the chart, and what each change of a value did."""

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
    all_shown,
    moved,
    next_x,
    next_y,
    without_cursor,
    zoomed,
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
    """How the loss falls, beside what it should pass."""

    NUMBER = 3
    NAME = "Loss"
    HELP: ClassVar[str] = LOSS_HELP
    VIEWS: ClassVar[tuple[PaneView[LossFrame], ...]] = LOSS_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = LOSS_BINDINGS

    class StepRequested(Message):
        """The model should be looked at as it was at a kept step, the nearest to the one read."""

        def __init__(self, step: int, read: int) -> None:
            super().__init__()
            self.step, self.read = step, read

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = LossViewModel()

    def subtitle(self, width: int) -> str:
        """The unit and the axes."""
        view, part = self.view, ", part" if self.view.window else ""
        y = "log" if view.y == "log" else "linear"
        texts = [
            f"{unit_label(view.unit)} · x {view.x}{part} · y {y}",
            f"{view.unit} · x {view.x}{part}",
            view.unit,
        ]
        return next((text for text in texts if len(text) <= width), "")

    def collapsed_row(self, width: int) -> Row:
        """The exact numbers."""
        return loss_row(self.situation, width, self.view.unit) if self.situation else []

    def body(self, width: int, height: int) -> Sequence[Row | Text]:
        """The numbers, the chart in the middle, the latest changes, and the step that is read."""
        if self.situation is None:
            return []
        frame = LossFrame(self.situation, self.view, self.ascii_only)
        return current_view(self.VIEWS, frame, "").render(frame, width, height)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing is not there."""
        match action:
            case "read" | "zoom_in":
                return self.situation is not None and bool(self.situation.run.train)
            case "zoom_out" | "show_all":
                return self.view.window is not None
            case "now":
                return self.view.cursor is not None and self._looking_at is None
            case "look":
                return self.view.cursor is not None and bool(self._kept)
        return True

    def action_read(self, by: int) -> None:
        """Read another column that is drawn."""
        body = self._shown_body()
        if body is not None:
            self._look(moved(self.view, body.stops, by))

    def action_now(self) -> None:
        """Read the latest step again."""
        self._look(without_cursor(self.view))

    def action_look(self) -> None:
        """Look at the model as it was at the kept step nearest to the one that is read."""
        read = self.view.cursor
        step = None if read is None else nearest_kept_step(self._kept, read)
        if read is not None and step is not None:
            self.post_message(self.StepRequested(step, read))

    def action_x_axis(self) -> None:
        """Steps by their logarithm, steps, seconds, epochs."""
        self._look(next_x(self.view))

    def action_y_axis(self) -> None:
        """Nats, their logarithm, bits, perplexity."""
        self._look(next_y(self.view))

    def action_zoom_in(self) -> None:
        """Show half as many steps, around the cursor."""
        self._zoom(ZOOM)

    def action_zoom_out(self) -> None:
        """Show twice as many steps."""
        self._zoom(1 / ZOOM)

    def action_show_all(self) -> None:
        """Show all steps."""
        self._look(all_shown(self.view))

    def on_click(self, event: events.Click) -> None:
        """Read the column that was clicked."""
        at, body = self.inside(event), self._shown_body()
        step = body.stop_at(at.x, at.y) if at is not None and body is not None else None
        if step is not None:
            self._look(replace(self.view, cursor=step))

    def _look(self, view: LossViewModel) -> None:
        """Look at the losses in another way."""
        if view != self.view:
            self.view = view
            self.redraw()
            self.refresh_bindings()

    def _zoom(self, factor: float) -> None:
        if self.situation is not None:
            step = self.situation.run.step if self.view.cursor is None else self.view.cursor
            center = x_of(self.situation, self.view.x)(step)
            self._look(zoomed(self.view, whole_axis(self.situation, self.view.x), center, factor))

    @property
    def _looking_at(self) -> int | None:
        return self.situation.viewed_step if self.situation else None

    def set_state(self, situation: AppState) -> None:
        """Show this situation; the step whose weights are looked at is read, in another run none."""
        is_other = self.situation is not None and self.situation.run.run != situation.run.run
        if is_other or self._looking_at != situation.viewed_step:
            self.view = replace(self.view, cursor=situation.viewed_step)
        super().set_state(situation)

    @property
    def _kept(self) -> Sequence[int]:
        """The steps whose weights can be asked for."""
        return self.situation.run.kept if self.situation and self.situation.can_query else ()

    def _shown_body(self) -> LossBody | None:
        """What is drawn now; None where the pane is one row."""
        if self.situation is None or self.is_collapsed or not self.inner:
            return None
        return LossBody(self.situation, self.view, *self.inner, self.ascii_only)

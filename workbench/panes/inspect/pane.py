"""Inspect pane: the inside of the model, for one text, in one of several views."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from msgspec import ValidationError
from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from seqlm.errors import RequestError
from workbench.panes.generate.prompt import tokens_of
from workbench.panes.generate.prompt_field import PromptField
from workbench.panes.generate.view_model import PredictionSource
from workbench.panes.input_field import is_key_of
from workbench.panes.inspect.bindings import INSPECT_BINDINGS
from workbench.panes.inspect.render import inspect_rows, no_model_text, views_title
from workbench.panes.inspect.view_model import InspectSource, InspectViewModel
from workbench.panes.inspect.views import (
    INSPECT_VIEWS,
    InspectView,
    is_action_available,
    toggle_cut,
)
from workbench.panes.pane import Pane, appearance_of
from workbench.panes.pane_view import current_view, next_view_name
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

if TYPE_CHECKING:  # the first frame does not need this module
    from seqlm.protocol.queries import Inspect, InspectAnswer
    from workbench.panes.inspect.results import Shown

_UNREADABLE = "The answer of the trainer has an unknown form."


class InspectPane(Pane):
    """Pane that requests views of the model from the app and shows the answers.

    At most one query is pending, unless a key asks for something else.

    Args:
        generated_text: Returns the text of the Generate pane.
        id: Id of the widget.
    """

    NUMBER = 5
    NAME = "Inspect"
    HELP = (
        "The inside of the model, for one text: that of Generate, or a typed one (<inspect.text>). "
        "<inspect.cut> sets the selected unit or head to zero, in every view; <inspect.whole> undoes "
        "this. The pane follows the training and every kept step that is viewed."
    )
    MAIN_ACTIONS = ("view(1)", "move(1, 0)", "move(0, 1)", "part(1)", "cut", "edit")
    VIEWS: ClassVar[tuple[InspectView, ...]] = INSPECT_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = INSPECT_BINDINGS

    class ViewRequested(Message):
        """Request for a view of the model; answered by :meth:`InspectPane.receive_answer`."""

        def __init__(self, query: "Inspect") -> None:
            super().__init__()
            self.query = query

    def __init__(self, generated_text: Callable[[], str], id: str | None = None) -> None:
        super().__init__(id=id)
        self._generated_text = generated_text
        self._model = InspectViewModel(view_name=self.VIEWS[0].name)
        self._field = PromptField(self)
        self._sent: Inspect | None = None
        self._sent_step = -1
        self._is_pending = False
        self._n_sent = 0

    @property
    def model(self) -> InspectViewModel:
        """View model of the next frame."""
        model = replace(self._model, appearance=appearance_of(self))
        return replace(model, view_name=current_view(self.VIEWS, model, model.view_name).name)

    @property
    def view(self) -> InspectView:
        """The current view."""
        model = self.model
        return next(view for view in self.VIEWS if view.name == model.view_name)

    # Input from the app

    def set_state(self, state: AppState) -> None:
        """Show this state; forget the answers about another run."""
        before = self.state
        if before is None or before.run.run != state.run.run:
            kept = InspectViewModel(view_name=self._model.view_name, source=self._model.source)
            self._model = replace(kept, typed=self._model.typed)
            self._sent = None
        self._model = replace(
            self._model,
            family=state.config.model,
            preview=state.preview,
            no_model=no_model_text(state),
        )
        super().set_state(state)

    def set_source(self, source: InspectSource | None) -> None:
        """Set the weights that answer; None while no model can be asked."""
        self._model = replace(self._model, source=source)
        if source is None:
            self._model = replace(self._model, answers={}, error="")
            self._sent, self._is_pending = None, False
        self.update_pane()

    def receive_answer(self, answer: "InspectAnswer") -> None:
        """Show the answer to the latest query; ignore answers to older ones."""
        if self._sent is None or answer.id != self._sent.id:
            return
        from workbench.panes.inspect.results import read_answer

        self._is_pending = answer.is_partial
        try:
            self._show_answer(answer.view, read_answer(answer, self._sent))
        except ValidationError:
            self._model = replace(self._model, error=_UNREADABLE)
        # Textual does not deliver a message to the app that is posted in the app's own turn.
        self.call_later(self.update_pane)

    def _show_answer(self, view: str, shown: "Shown") -> None:
        """Show an answer; a partial one does not replace a complete one about older weights."""
        before = self._model.answers.get(view)
        if shown.is_partial and before is not None and before.is_complete_answer_to(shown.query):
            return
        answers = {**self._model.answers, view: shown}
        self._model = replace(self._model, answers=answers, error="")

    def receive_rejection(self, query_id: str, text: str) -> None:
        """Show why the latest query was rejected."""
        if self._sent is not None and query_id == self._sent.id:
            self._is_pending = False
            self._model = replace(self._model, error=text)
            self.redraw()

    # Queries

    def update_pane(self) -> None:
        """Redraw, and request what is missing for the current view while the pane is visible."""
        self.redraw()
        self.refresh_bindings()
        source = self._model.source
        if source is None or not self.size:
            return
        query = self._next_query(source)
        is_same = self._sent is not None and replace(query, id=self._sent.id) == self._sent
        if is_same and (self._is_pending or source.step == self._sent_step):
            return
        self._sent, self._sent_step, self._is_pending = query, source.step, True
        self.post_message(self.ViewRequested(query))

    def _next_query(self, source: InspectSource) -> "Inspect":
        """Return the query for the current view."""
        from seqlm.protocol.queries import Inspect

        self._n_sent += 1
        model = self.model
        text = self._generated_text() or None if model.typed is None else model.typed
        if self._sent is not None and text != self._sent.text:
            self._model = model = replace(model, position=-1)
        query = Inspect(
            id=f"inspect-{self._n_sent}",
            view=model.view_name,
            text=text,
            weights=source.weights,
            without=list(model.without),
            part=model.cursor.part,
            with_partial=True,
        )
        if model.view_name != "network":
            return query
        return replace(
            query,
            position=model.position,
            subtract_max=model.subtracts_max,
            add_to_logits=model.added_to_logits,
        )

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect now."""
        return is_action_available(self.view, self.model, action, self._field.is_open)

    def action_view(self, by: int) -> None:
        """Show the next view that this model has, or the one before."""
        model = self.model
        name = next_view_name(self.VIEWS, model, model.view_name, by)
        self._show(replace(model, view_name=name, error=""))

    def action_move(self, dx: int, dy: int) -> None:
        """Move the cursor of the current view."""
        if self.model.shown is not None:
            self._show(self.view.move(self.model, dx, dy))

    def action_part(self, by: int) -> None:
        """Show the next unit of a tensor, activation or parameter."""
        if self.view.next_part is not None and self.model.shown is not None:
            self._show(self.view.next_part(self.model, by))

    def action_cut(self) -> None:
        """Set the selected unit or head to zero, or undo this."""
        self._show(toggle_cut(self.view, self.model))

    def action_whole(self) -> None:
        """Undo all cuts."""
        self._show(replace(self.model, without=(), error=""))

    def action_toggle_max(self) -> None:
        """Subtract the maximum of the logits in softmax, or not."""
        self._show(replace(self.model, subtracts_max=not self.model.subtracts_max))

    def action_toggle_add(self) -> None:
        """Add 100 to all logits, or not."""
        self._show(replace(self.model, added_to_logits=100.0 - self.model.added_to_logits))

    def _show(self, model: InspectViewModel) -> None:
        self._model = model
        self.update_pane()

    # The typed text

    def action_edit(self) -> None:
        """Open the field of the text."""
        self._field.open(self._model.typed or "")

    def action_cancel(self) -> None:
        """Close the field without a change."""
        self._field.close()

    async def action_submit(self) -> None:
        """Submit the open field."""
        await self._field.submit()

    def on_key(self, event: events.Key) -> None:
        """Open the field directly, so that the next key of a burst goes to it."""
        if is_key_of(self, "edit", event.key) and not self._field.is_open:
            self.action_edit()
        elif not self._field.takes_key(event):
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the typed text; an empty one is replaced by the text of Generate."""
        event.stop()
        source = self._model.source
        try:
            if source is not None and event.value:
                tokens = tokens_of(event.value, PredictionSource(tokenizer=source.tokenizer))
                typed = source.tokenizer.join(tokens)
            else:
                typed = None
        except RequestError as error:
            self._model = replace(self._model, error=f"{error}. The text is unchanged.")
            self.redraw()
            return
        self._field.close()
        self._show(replace(self._model, typed=typed, position=-1, error=""))

    def on_descendant_blur(self) -> None:
        """Close the field when it loses the focus."""
        self._field.hide()
        self.redraw()

    # Events and rendering

    def on_resize(self) -> None:
        """Keep the field in its place; request the view when the pane becomes visible."""
        self._field.place()
        self.update_pane()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.action_move(0, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.action_move(0, -1)

    def subtitle(self, width: int) -> str:
        """Return the names of the views with the current one in capitals."""
        return views_title(self.VIEWS, self.model, width)

    def collapsed_row(self, width: int) -> Row:
        """Return the first row of the view."""
        return [
            (self.model.no_model if self.model.shown is None else self.model.view_name, "label")
        ]

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the current view of the model."""
        return inspect_rows(self.model, self.view, width, height)

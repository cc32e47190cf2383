"""Inspect pane: the inside of the model, for one text, in one of several views."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from seqlm.errors import RequestError
from workbench.keyboard.bindings import table_action
from workbench.panes.generate.prompt import tokens_of
from workbench.panes.generate.view_model import PredictionSource
from workbench.panes.input_field import MAX_PROMPT, PaneField, is_key_of
from workbench.panes.inspect.actions import ACTIONS, is_action_available
from workbench.panes.inspect.bindings import INSPECT_BINDINGS
from workbench.panes.inspect.render import inspect_rows, no_model_text, views_title
from workbench.panes.inspect.requests import ViewRequests
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.inspect.views import INSPECT_VIEWS, InspectView
from workbench.panes.pane import Pane, appearance_of
from workbench.panes.pane_view import current_view
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

if TYPE_CHECKING:  # the first frame does not need this module
    from seqlm.protocol.queries import Inspect


class InspectPane(Pane):
    """Pane that requests views of the model from the app and shows the answers.

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
    MAIN_ACTIONS = (
        *map(table_action, ("view", "right", "down", "part", "cut")),
        "edit",
    )
    VIEWS: ClassVar[tuple[InspectView, ...]] = INSPECT_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = INSPECT_BINDINGS

    class ViewRequested(Message):
        """Request for a view of the model; answered by :meth:`ViewRequests.receive_answer`."""

        def __init__(self, query: "Inspect") -> None:
            super().__init__()
            self.query = query

    def __init__(self, generated_text: Callable[[], str], id: str | None = None) -> None:
        super().__init__(id=id)
        # Textual does not deliver a message to the app that is posted in the app's own turn.
        self.requests = ViewRequests(generated_text, lambda: self.call_later(self.update_pane))
        self._field = PaneField(self, MAX_PROMPT)

    @property
    def model(self) -> InspectViewModel:
        """View model of the next frame."""
        model = replace(self.requests.model, appearance=appearance_of(self))
        return replace(model, view_name=current_view(self.VIEWS, model, model.view_name).name)

    @property
    def view(self) -> InspectView:
        """The current view."""
        model = self.model
        return next(view for view in self.VIEWS if view.name == model.view_name)

    def set_state(self, state: AppState) -> None:
        """Show this state."""
        is_other = self.state is None or self.state.run.run != state.run.run
        self.requests.set_state(state, no_model_text(state), is_other_run=is_other)
        super().set_state(state)

    def update_pane(self) -> None:
        """Redraw, and request what is missing for the current view while the pane is visible."""
        query = self.requests.next_query(self.model.view_name) if self.size else None
        if query is not None:
            self.post_message(self.ViewRequested(query))
        self.redraw()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect now."""
        name = str(parameters[0]) if action == "run" else action
        return is_action_available(self.view, self.model, name, self._field.is_open)

    def action_run(self, name: str) -> None:
        """Run an entry of the table of actions."""
        if self.check_action(name, ()):
            self._show(ACTIONS[name](self.view, self.model))

    def _show(self, model: InspectViewModel) -> None:
        self.requests.model = model
        self.update_pane()

    # The typed text

    def action_edit(self) -> None:
        """Open the field of the text."""
        self._field.open(self.model.typed or "")

    def action_cancel(self) -> None:
        """Close the field without a change."""
        self._field.close()
        self._show(replace(self.model, typing_error=""))

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
        source = self.model.source
        try:
            if source is not None and event.value:
                tokens = tokens_of(event.value, PredictionSource(tokenizer=source.tokenizer))
                typed = source.tokenizer.join(tokens)
            else:
                typed = None
        except RequestError as error:
            message = f"{error}. The text is unchanged."
            self._show(replace(self.model, typing_error=message))
            return
        self._field.close()
        self._show(replace(self.model, typed=typed, position=-1, error="", typing_error=""))

    def on_descendant_blur(self) -> None:
        """Close the field when it loses the focus."""
        self._field.hide()
        self._show(replace(self.model, typing_error=""))

    # Events and rendering

    def on_resize(self) -> None:
        """Keep the field in its place; request the view when the pane becomes visible."""
        self._field.place()
        self.update_pane()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.action_run("down")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.action_run("up")

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

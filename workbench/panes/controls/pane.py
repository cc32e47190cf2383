"""Controls pane: list of all settings of a run, with a cursor and an input field."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from workbench.panes.controls import view_model as layout
from workbench.panes.controls.bindings import (
    CONTROLS_BINDINGS,
    action_availability,
    is_action_available,
)
from workbench.panes.controls.presenter import ACTIONS, ControlsPresenter, ValueChange
from workbench.panes.controls.render import action_at, summary_row, value_place
from workbench.panes.controls.rows import PRESET_KEY
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.panes.controls.views import CONTROLS_VIEWS
from workbench.panes.input_field import PaneField, is_key_of
from workbench.panes.pane import Pane, appearance_of
from workbench.panes.pane_view import PaneView, current_view
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

_WHEEL_LINES = 2
_MAX_VALUE = 200


class ControlsPane(Pane):
    """Pane that lists the settings. It posts requests and changes no setting itself.

    The pane translates Textual's events and keys into calls of its presenter, which calls
    `update_pane` after each change of the view model.
    """

    NUMBER = 2
    NAME = "Controls"
    HELP: ClassVar[str] = (
        "All settings of the run and their current values. A change of a live setting applies from "
        "the next training step. A change of a setting marked ↻ needs a new run: 200 → 300 is "
        "pending until <run.new> starts that run; the old run is kept. <controls.less> and "
        "<controls.more> go to the previous or next round value, <controls.halve> and "
        "<controls.double> halve or double the value, <controls.edit> opens an input field: 3e-4, "
        "*2, /10, off. <controls.undo> undoes the last change. <controls.find_rate> searches for a "
        "learning rate on a copy of the model."
    )
    VIEWS: ClassVar[tuple[PaneView[ControlsViewModel], ...]] = CONTROLS_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = CONTROLS_BINDINGS

    class ValueRequested(Message):
        """Request to set the setting ``key`` to ``value``."""

        def __init__(self, key: str, value: Any) -> None:
            super().__init__()
            self.key, self.value = key, value

    class PresetRequested(Message):
        """Request to use the preset of this name."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class UndoRequested(Message):
        """Request to undo the last change of a setting."""

    class RedoRequested(Message):
        """Request to redo the change that was undone."""

    class LrSearchRequested(Message):
        """Request to start a learning-rate search."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.presenter = ControlsPresenter(
            lambda change: self.post_message(message_of(change)), self.update_pane
        )
        self._value_field = PaneField(self, _MAX_VALUE)
        self._rendered_view = self.presenter.view

    def set_state(self, state: AppState) -> None:
        """Store the state against which new values are checked; the presenter draws the settings."""
        self.state = self.presenter.state = state
        self.keys = state.keys

    def update_pane(self) -> None:
        """Place or hide the input field, and redraw if the view model changed."""
        before, view = self._rendered_view, self.presenter.view
        self._rendered_view = view
        if before.is_editing and not view.is_editing:
            self._value_field.hide()
        if action_availability(view) != action_availability(before):
            self.refresh_bindings()
        if view.is_editing:
            self._value_field.place(*value_place(view, *self.frame.inner))
        if view != before:
            self.redraw()
        if before.is_editing and not view.is_editing:
            self._value_field.focus_pane()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect; otherwise the key keeps its global meaning."""
        name = str(parameters[0]) if action == "run" else action
        return is_action_available(self.presenter.view, name)

    def action_run(self, name: str) -> None:
        """Run an entry of the presenter's table of actions, or send the request of a key."""
        if name in ACTIONS:
            ACTIONS[name](self.presenter)
        else:
            self.post_message(_REQUESTS[name]())

    async def action_edit(self) -> None:
        """Open the input field with the old value selected, or the list of presets."""
        row = self.presenter.view.row
        if row is None:
            return
        if self.presenter.view.is_editing:
            await self._value_field.submit()
            return
        if row.key == PRESET_KEY:
            from workbench.panes.controls.presets import PresetScreen

            preview = self.state.preview if self.state else None
            screen = PresetScreen(row.value, appearance_of(self), preview)
            request = self.presenter.request_value
            self.app.push_screen(screen, lambda name: request(name) if name else None)
            return
        self.presenter.start_editing()
        self._value_field.open(row.setting.format(row.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Request the typed value, or show an error and keep the field open."""
        event.stop()
        self.presenter.submit(event.value)

    def on_descendant_blur(self) -> None:
        """Close the input field when it loses the focus."""
        self.presenter.stop_editing()

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def scroll_rows(self, event: events.MouseScrollDown | events.MouseScrollUp) -> None:
        """Scroll the list."""
        event.stop()
        is_down = isinstance(event, events.MouseScrollDown)
        self.presenter.scroll(_WHEEL_LINES if is_down else -_WHEEL_LINES)

    async def on_key(self, event: events.Key) -> None:
        """Pass characters to the input field that were typed before it had the focus."""
        is_editing = self.presenter.view.is_editing
        if is_key_of(self, "edit", event.key):
            await self.action_edit()
        elif not (is_editing and self._value_field.takes_key(event)):
            return
        event.stop()
        event.prevent_default()

    async def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row; on the current row, step by its arrows or edit its value."""
        view, size = self.presenter.view, self.frame.inner
        offset = self.frame.inside(event, self)
        if offset is None or view.is_editing:
            return
        index = layout.row_at(view, offset.y, *size)
        if index is None:
            return
        if index != view.cursor:
            self.presenter.change(cursor=index, refusal="")
            return
        action = action_at(view, offset.x, size.width)
        if action == "edit":
            await self.action_edit()
        else:
            self.action_run(action)

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self.presenter.size = self.frame.inner
        self.presenter.change()

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the rows of one frame."""
        model = replace(self.presenter.view, band=self.palette.band)
        return current_view(self.VIEWS, model, "").render(model, width, height)

    def overflow_text(self) -> str:
        """Return the number of settings above and below the visible ones."""
        return layout.overflow_text(self.presenter.view, *self.frame.inner)

    def collapsed_row(self, width: int) -> Row:
        """Return the learning rate, the pending changes and the model in one row."""
        return summary_row(self.presenter.view.content, width)


_REQUESTS: Mapping[str, type[Message]] = {
    "undo": ControlsPane.UndoRequested,
    "redo": ControlsPane.RedoRequested,
    "find_rate": ControlsPane.LrSearchRequested,
}
"""Message of each key that sends a request without a value."""


def message_of(change: ValueChange) -> Message:
    """Return the message that requests a value of a setting or a preset."""
    if change.key == PRESET_KEY:
        return ControlsPane.PresetRequested(change.value)
    return ControlsPane.ValueRequested(*change)

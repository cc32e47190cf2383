"""Controls pane: list of all settings of a run, with a cursor and an input field."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input

from seqlm import errors
from workbench.panes.controls import view_model as layout
from workbench.panes.controls.bindings import (
    CONTROLS_BINDINGS,
    action_availability,
    is_action_available,
)
from workbench.panes.controls.render import (
    action_at,
    explanation_text,
    label_width,
    summary_row,
)
from workbench.panes.controls.rows import PRESET_KEY, ControlRow, ControlsState, first_row
from workbench.panes.controls.setting_text import format_typed, join_sentences
from workbench.panes.controls.value_editing import next_value, scale_value
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.panes.controls.views import CONTROLS_VIEWS
from workbench.panes.input_field import field_of, has_focus_in_field, is_key_of
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView, current_view
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance
from workbench.widgets.row_widget import Row

if TYPE_CHECKING:
    from workbench.widgets.field import Field

_WHEEL_LINES, _MAX_VALUE = 2, 200


class ControlsPane(Pane):
    """Pane that lists the settings. It posts requests and changes no setting itself."""

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

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = ControlsViewModel()

    class LrSearchRequested(Message):
        """Request to start a learning-rate search."""

    def set_state(self, situation: AppState) -> None:
        """Store the state against which new values are checked; :meth:`set_controls` redraws."""
        self.situation = situation

    def set_controls(self, content: ControlsState) -> None:
        """Show these settings; the cursor stays on its setting."""
        if content == self.view.content:
            return
        here = self.view.row.key if self.view.row else ""
        keys = [row.key for row in content.rows]
        cursor = keys.index(here) if here in keys else first_row(content.rows)
        if self.view.is_editing and here not in keys:
            self._close_field()
        self._change(content=content, cursor=cursor)

    def reset_cursor(self) -> None:
        """Move the cursor to its initial row and scroll to the top."""
        self._change(cursor=first_row(self.view.rows), top=0, refusal="")

    def show_error(self, message: str) -> None:
        """Show under the row why the last request was rejected."""
        self._change(refusal=message)

    @property
    def appearance(self) -> Appearance:
        """Palette, character set and key labels for a screen that opens over the pane."""
        return Appearance(self.palette, self.ascii_only, self.keys)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action has an effect; otherwise the key keeps its global meaning."""
        return is_action_available(self.view, action)

    def action_move(self, by: int) -> None:
        """Move the cursor by some rows, except while the input field is open."""
        if not self.view.is_editing:
            last = len(self.view.rows) - 1
            self._change(cursor=max(0, min(self.view.cursor + by, last)), refusal="")

    def action_step(self, direction: int) -> None:
        """Request the next or previous round value or choice."""
        row = self.view.row
        if row is not None:
            self._request(next_value(row.setting, row.value, direction))

    def action_scale(self, direction: int) -> None:
        """Request half or twice the value."""
        row = self.view.row
        if row is not None:
            self._request(scale_value(row.setting, row.value, 2.0 if direction > 0 else 0.5))

    async def action_edit(self) -> None:
        """Open the input field with the old value selected, or the list of presets."""
        row = self.view.row
        if row is None:
            return
        if self.view.is_editing:
            await self._field.action_submit()
            return
        if row.key == PRESET_KEY:
            from workbench.panes.controls.presets import PresetScreen

            preview = self.situation.preview if self.situation else None
            screen = PresetScreen(row.value, self.appearance, preview)
            self.app.push_screen(screen, lambda name: self._request(name) if name else None)
            return
        self._change(is_editing=True, refusal="")
        self.add_class("-editing")
        self._field.open_with(row.setting.format(row.value))

    def action_undo(self) -> None:
        """Request to undo the last change."""
        self.post_message(self.UndoRequested())

    def action_redo(self) -> None:
        """Request to redo the change that was undone."""
        self.post_message(self.RedoRequested())

    def action_find_rate(self) -> None:
        """Request a learning-rate search."""
        self.post_message(self.LrSearchRequested())

    def action_leave(self) -> None:
        """Close the input field and the error; the old value stays."""
        self._close_field()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Request the typed value, or show an error and keep the field open."""
        event.stop()
        row = self.view.row
        if row is None:
            return
        try:
            value = format_typed(row.setting, row.value, event.value, self.keys)
            self._check(row, value)
        except errors.RequestError as error:
            self.show_error(str(error))
            return
        self._close_field()
        self._request(value)

    def on_descendant_blur(self) -> None:
        """Close the input field when it loses the focus."""
        self.remove_class("-editing")
        self._change(is_editing=False, refusal="")

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the list down."""
        event.stop()
        self._scroll(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the list up."""
        event.stop()
        self._scroll(-_WHEEL_LINES)

    async def on_key(self, event: events.Key) -> None:
        """Pass characters to the input field that were typed before it had the focus."""
        if is_key_of(self, "edit", event.key):
            await self.action_edit()
        elif not (self.view.is_editing and self._field.insert_early_key(event)):
            return
        event.stop()
        event.prevent_default()

    async def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row; on the current row, step by its arrows or edit its value."""
        offset = self.frame.inside(event, self)
        if offset is None or self.view.is_editing:
            return
        index = layout.row_at(self.view, offset.y, *self.frame.inner)
        if index is not None and index != self.view.cursor:
            self._change(cursor=index, refusal="")
        elif index is not None:
            await self._click(action_at(self.view, offset.x, self.frame.inner.width))

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._change()

    def body(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the rows of one frame."""
        model = replace(self.view, band=self.palette.band)
        return current_view(self.VIEWS, model, "").render(model, width, height)

    def overflow_text(self) -> str:
        """Return the number of settings above and below the visible ones."""
        return layout.overflow_text(self.view, *self.frame.inner)

    def full_text(self) -> Sequence[tuple[str, str]]:
        """Return the help of the setting under the cursor."""
        row = self.view.row
        return [(row.label, explanation_text(row, self.keys))] if row else []

    def collapsed_row(self, width: int) -> Row:
        """Return the learning rate, the pending changes and the model in one row."""
        return summary_row(self.view.content, width)

    async def _click(self, action: str) -> None:
        if action == "edit":
            await self.action_edit()
        else:
            self.action_step(-1 if action == "less" else 1)

    def _request(self, value: Any) -> None:
        row = self.view.row
        self._change(refusal="")
        if row is None or value == row.value:
            return
        if row.key == PRESET_KEY:
            self.post_message(self.PresetRequested(value))
            return
        try:
            self._check(row, value)
        except errors.RequestError as error:
            self.show_error(str(error))
            return
        self.post_message(self.ValueRequested(row.key, value))

    def _check(self, row: ControlRow, value: Any) -> None:
        if self.situation is not None:
            join_sentences(self.situation.pending_config, row.key, value)

    def _scroll(self, by: int) -> None:
        if not self.view.is_editing:
            self._show(layout.scrolled(self.view, by, *self.frame.inner))

    def _change(self, **changes: Any) -> None:
        """Change fields of the view model and scroll to the cursor."""
        view = replace(self.view, **changes)
        if self.size:
            view = layout.scrolled_to_cursor(view, *self.frame.inner)
        self._show(view)

    def _show(self, view: ControlsViewModel) -> None:
        is_new, reach_before = view != self.view, action_availability(self.view)
        self.view = view
        if action_availability(view) != reach_before:
            self.refresh_bindings()
        if view.is_editing:
            self._place_field()
        if is_new:
            self.redraw()

    @property
    def _field(self) -> "Field":
        return field_of(self, _MAX_VALUE)

    def _place_field(self) -> None:
        """Place the input field over the value of the row under the cursor."""
        width, height = self.frame.inner
        x = min(label_width(width) + 2, max(0, width - 4))
        field = self._field
        y = layout.place_of_cursor(self.view, width) if height > 1 else 0
        field.styles.offset = Offset(x, y) + self.frame.inner_offset
        field.styles.width = max(1, width - x - 1)

    def _close_field(self) -> None:
        self.remove_class("-editing")
        self._change(is_editing=False, refusal="")
        if has_focus_in_field(self):
            self.focus()

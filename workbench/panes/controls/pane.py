"""The Controls pane: every setting of a run, changed by keys."""

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
    explanation_rows,
    label_width,
    summary,
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
    """Rows of settings with a cursor. It changes nothing itself: it posts what a person asks."""

    NUMBER = 2
    NAME = "Controls"
    HELP: ClassVar[str] = (
        "Every setting of the run, with what is in force. A live one takes force at the next step. "
        "One marked ↻ takes a new run: 200 → 300 waits, <run.new> starts it, and the old run is "
        "kept. <controls.less> and <controls.more> go to the next round value, <controls.halve> and "
        "<controls.double> halve and double, <controls.edit> types one: 3e-4, *2, /10, off. "
        "<controls.undo> takes back. <controls.find_rate> tries learning rates on a copy."
    )
    VIEWS: ClassVar[tuple[PaneView[ControlsViewModel], ...]] = CONTROLS_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = CONTROLS_BINDINGS

    class ValueRequested(Message):
        """A person asks for a value of the setting called `key`."""

        def __init__(self, key: str, value: Any) -> None:
            super().__init__()
            self.key, self.value = key, value

    class PresetRequested(Message):
        """A person chose a preset from the list."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class UndoRequested(Message):
        """The last change of a value should be taken back."""

    class RedoRequested(Message):
        """The change that was taken back should be made again."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = ControlsViewModel()

    class LrSearchRequested(Message):
        """A learning rate should be looked for."""

    def set_state(self, situation: AppState) -> None:
        """Takes the situation that values are held against; what is drawn comes by itself."""
        self.situation = situation

    def set_controls(self, content: ControlsState) -> None:
        """Shows these settings; the cursor stays on its own."""
        if content == self.view.content:
            return
        here = self.view.row.key if self.view.row else ""
        keys = [row.key for row in content.rows]
        cursor = keys.index(here) if here in keys else first_row(content.rows)
        if self.view.is_editing and here not in keys:
            self._close_field()
        self._change(content=content, cursor=cursor)

    def reset_cursor(self) -> None:
        """Begins at the top again: something else is shown."""
        self._change(cursor=first_row(self.view.rows), top=0, refusal="")

    def show_error(self, message: str) -> None:
        """Says under the row why what was asked last is not possible."""
        self._change(refusal=message)

    @property
    def appearance(self) -> Appearance:
        """Its colours and signs, for a screen that opens over it."""
        return Appearance(self.palette, self.ascii_only, self.keys)

    # What a person does.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing is not there, or it is that of everywhere."""
        return is_action_available(self.view, action)

    def action_move(self, by: int) -> None:
        """Moves the cursor by some rows; not while a field is open."""
        if not self.view.is_editing:
            last = len(self.view.rows) - 1
            self._change(cursor=max(0, min(self.view.cursor + by, last)), refusal="")

    def action_step(self, direction: int) -> None:
        """Asks for the next round value, or the next choice."""
        row = self.view.row
        if row is not None:
            self._ask(next_value(row.setting, row.value, direction))

    def action_scale(self, direction: int) -> None:
        """Asks for half or twice the value."""
        row = self.view.row
        if row is not None:
            self._ask(scale_value(row.setting, row.value, 2.0 if direction > 0 else 0.5))

    async def action_edit(self) -> None:
        """Opens the field with the old value selected, or the list of presets."""
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
            self.app.push_screen(screen, lambda name: self._ask(name) if name else None)
            return
        self._change(is_editing=True, refusal="")
        self.add_class("-editing")
        self._field.open_with(row.setting.format(row.value))

    def action_undo(self) -> None:
        """Asks to take the last change back."""
        self.post_message(self.UndoRequested())

    def action_redo(self) -> None:
        """Asks to make the change again that was taken back."""
        self.post_message(self.RedoRequested())

    def action_find_rate(self) -> None:
        """Asks for a search for a learning rate."""
        self.post_message(self.LrSearchRequested())

    def action_leave(self) -> None:
        """Leaves the field and the refusal; the old value stays in force."""
        self._close_field()

    # Textual's events.

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Asks for the typed value, or says why not and keeps the field open."""
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
        self._ask(value)

    def on_descendant_blur(self) -> None:
        """A field that is left is closed."""
        self.remove_class("-editing")
        self._change(is_editing=False, refusal="")

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scrolls the list down."""
        event.stop()
        self._scroll(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scrolls the list up."""
        event.stop()
        self._scroll(-_WHEEL_LINES)

    async def on_key(self, event: events.Key) -> None:
        """A letter typed while the field was opening belongs into the field."""
        if is_key_of(self, "edit", event.key):
            await self.action_edit()
        elif not (self.view.is_editing and self._field.insert_early_key(event)):
            return
        event.stop()
        event.prevent_default()

    async def on_click(self, event: events.Click) -> None:
        """Chooses the row; on the chosen one the arrows step and the value opens."""
        offset = self.inside(event)
        if offset is None or self.view.is_editing:
            return
        index = layout.row_at(self.view, offset.y, *self.inner)
        if index is not None and index != self.view.cursor:
            self._change(cursor=index, refusal="")
        elif index is not None:
            await self._click(action_at(self.view, offset.x, self.inner.width))

    def on_resize(self) -> None:
        """The cursor stays in view at every size."""
        self._change()

    def body(self, width: int, height: int) -> Sequence[Row | Text]:
        """The rows of one frame."""
        model = replace(self.view, band=self.palette.band)
        return current_view(self.VIEWS, model, "").render(model, width, height)

    def overflow_text(self) -> str:
        """How many settings the list has above and below what is seen."""
        return layout.overflow_text(self.view, *self.inner)

    def full_text(self) -> Sequence[tuple[str, str]]:
        """What the setting under the cursor does: there may be no room for all of it."""
        row = self.view.row
        return [(row.label, explanation_rows(row, self.keys))] if row else []

    def collapsed_row(self, width: int) -> Row:
        """The learning rate, what waits, the model."""
        return summary(self.view.content, width)

    async def _click(self, action: str) -> None:
        if action == "edit":
            await self.action_edit()
        else:
            self.action_step(-1 if action == "less" else 1)

    def _ask(self, value: Any) -> None:
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
            self._show(layout.scrolled(self.view, by, *self.inner))

    def _change(self, **changes: Any) -> None:
        """Changes what is drawn, with the cursor in view."""
        view = replace(self.view, **changes)
        if self.size:
            view = layout.scrolled_to_cursor(view, *self.inner)
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
        """Lays the field over the value of the row under the cursor."""
        width, height = self.inner
        x = min(label_width(width) + 2, max(0, width - 4))
        field = self._field
        y = layout.place_of_cursor(self.view, width) if height > 1 else 0
        field.styles.offset = Offset(x, y) + self.inner_offset
        field.styles.width = max(1, width - x - 1)

    def _close_field(self) -> None:
        self.remove_class("-editing")
        self._change(is_editing=False, refusal="")
        if has_focus_in_field(self):
            self.focus()

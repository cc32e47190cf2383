"""Presenter of the Controls pane: the effect of keys, typed values and the mouse wheel."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace
from textual.geometry import Size

from seqlm import errors
from workbench.keyboard.key_labels import DEFAULT_KEYS
from workbench.panes.controls import view_model as layout
from workbench.panes.controls.rows import PRESET_KEY, ControlsState, first_row
from workbench.panes.controls.setting_text import check_compatible, format_typed
from workbench.panes.controls.value_editing import next_value, scale_value
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.state.app_state import AppState


class ValueChange(NamedTuple):
    """Request for another value of the setting ``key``."""

    key: str
    value: Any


class ControlsPresenter:
    """Logic of the Controls pane, independent of Textual.

    Args:
        send_change: Function that sends a request for another value to the app.
        update_pane: Function that draws the view model after each change.

    Attributes:
        view: Current view model.
        state: State against which new values are checked; None before the first one arrives.
        size: Size inside the frame in cells; empty before the pane has a size.
    """

    def __init__(
        self, send_change: Callable[[ValueChange], object], update_pane: Callable[[], None]
    ) -> None:
        self._send_change, self._update_pane = send_change, update_pane
        self.view = ControlsViewModel()
        self.state: AppState | None = None
        self.size = Size(0, 0)

    def set_controls(self, content: ControlsState) -> None:
        """Show these settings; the cursor stays on its setting."""
        if content == self.view.content:
            return
        here = self.view.row.key if self.view.row else ""
        keys = [row.key for row in content.rows]
        cursor = keys.index(here) if here in keys else first_row(content.rows)
        if self.view.is_editing and here not in keys:
            self.stop_editing()
        self.change(content=content, cursor=cursor)

    def reset_cursor(self) -> None:
        """Move the cursor to its initial row and scroll to the top."""
        self.change(cursor=first_row(self.view.rows), top=0, refusal="")

    def show_error(self, message: str) -> None:
        """Show under the row why the last request was rejected."""
        self.change(refusal=message)

    def move_cursor(self, by: int) -> None:
        """Move the cursor by some rows, except while the input field is open."""
        if not self.view.is_editing:
            last = len(self.view.rows) - 1
            self.change(cursor=max(0, min(self.view.cursor + by, last)), refusal="")

    def step_value(self, direction: int) -> None:
        """Request the next or previous round value or choice."""
        row = self.view.row
        if row is not None:
            self.request_value(next_value(row.setting, row.value, direction))

    def scale_value(self, factor: float) -> None:
        """Request the value times a factor."""
        row = self.view.row
        if row is not None:
            self.request_value(scale_value(row.setting, row.value, factor))

    def request_value(self, value: Any) -> None:
        """Request another value; show an error if it contradicts another setting."""
        row = self.view.row
        self.change(refusal="")
        if row is None or value == row.value:
            return
        if row.key != PRESET_KEY:
            try:
                self._check(row.key, value)
            except errors.RequestError as error:
                self.show_error(str(error))
                return
        self._send_change(ValueChange(row.key, value))

    def submit(self, text: str) -> None:
        """Request the typed value, or show an error and keep the input field open."""
        row = self.view.row
        if row is None:
            return
        keys = self.state.keys if self.state else DEFAULT_KEYS
        try:
            value = format_typed(row.setting, row.value, text, keys)
            self._check(row.key, value)
        except errors.RequestError as error:
            self.show_error(str(error))
            return
        self.stop_editing()
        self.request_value(value)

    def start_editing(self) -> None:
        """Show the row under the cursor with an input field."""
        self.change(is_editing=True, refusal="")

    def stop_editing(self) -> None:
        """Remove the input field and the error; the value stays."""
        self.change(is_editing=False, refusal="")

    def scroll(self, by: int) -> None:
        """Scroll the list by some lines, except while the input field is open."""
        if not self.view.is_editing:
            self.view = layout.scrolled(self.view, by, *self.size)
            self._update_pane()

    def change(self, **changes: Any) -> None:
        """Change fields of the view model and scroll to the cursor."""
        view = replace(self.view, **changes)
        self.view = layout.scrolled_to_cursor(view, *self.size) if self.size else view
        self._update_pane()

    def _check(self, key: str, value: Any) -> None:
        if self.state is not None:
            check_compatible(self.state.pending_config, key, value)


ACTIONS: Mapping[str, Callable[[ControlsPresenter], None]] = {
    "up": lambda presenter: presenter.move_cursor(-1),
    "down": lambda presenter: presenter.move_cursor(1),
    "page_up": lambda presenter: presenter.move_cursor(-10),
    "page_down": lambda presenter: presenter.move_cursor(10),
    "first": lambda presenter: presenter.move_cursor(-1000),
    "last": lambda presenter: presenter.move_cursor(1000),
    "less": lambda presenter: presenter.step_value(-1),
    "more": lambda presenter: presenter.step_value(1),
    "halve": lambda presenter: presenter.scale_value(0.5),
    "double": lambda presenter: presenter.scale_value(2.0),
    "leave": ControlsPresenter.stop_editing,
}
"""Effect of each key on the presenter, by the name of the binding.

The pane itself sends the requests of the other keys and opens the input field.
"""

"""Body of the Loss pane: allocation of its rows, the chart and the readout."""

from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from workbench.panes.loss.axes import x_of
from workbench.panes.loss.chart import ChartReadout, chart_spec, rates_shown, readings
from workbench.panes.loss.rows import change_rows, now_row, reading_row
from workbench.panes.loss.view_model import LossViewModel, stop_of
from workbench.render.chart.chart import Layout, make_layout, render_chart
from workbench.state.app_state import AppState
from workbench.widgets.loss_numbers import loss_row
from workbench.widgets.row_widget import Row

_MIN_CHART_ROWS = 8
_MAX_CHANGES = 3
_CHANGES_FROM = 24
_STRIP_FROM = (88, 22)
_HIGH_STRIP_FROM = 26


class LossFrame(NamedTuple):
    """Data of one frame: the state of the app, the chosen axes, and the character set."""

    state: AppState
    view: LossViewModel
    ascii_only: bool = False


def loss_rows(frame: LossFrame, width: int, height: int) -> list[Row]:
    """Return the exact losses, the chart, the latest changes and the readout."""
    return LossBody(frame.state, frame.view, width, height, frame.ascii_only).rows()


class RowShares(NamedTuple):
    """Number of rows of each part, from top to bottom, after the row of losses."""

    chart: int
    strip: int
    changes: int
    reading: int


def share_rows(width: int, height: int, n_changes: int) -> RowShares:
    """Divide the rows among the parts; the chart comes first."""
    room = height - 1
    strip = 0
    if width >= _STRIP_FROM[0] and height >= _STRIP_FROM[1]:
        strip = 3 if height >= _HIGH_STRIP_FROM else 2
    reading = int(room > _MIN_CHART_ROWS)
    n_listed = min(n_changes, _MAX_CHANGES) if width >= _CHANGES_FROM else 0
    changes = max(0, min(n_listed, room - strip - reading - _MIN_CHART_ROWS))
    return RowShares(max(0, room - strip - reading - changes), strip, changes, reading)


class LossBody:
    """Rows of the pane for one state, one view model and one size."""

    def __init__(
        self, state: AppState, view: LossViewModel, width: int, height: int, ascii_only: bool
    ) -> None:
        self._state, self._view = state, view
        self._width, self._height, self._ascii_only = width, height, ascii_only
        self._shares = share_rows(width, height, len(state.run.changes))
        self._spec = chart_spec(state, view, width, self._shares.chart, ascii_only)
        self._x = x_of(state, view.x)

    @cached_property
    def _layout(self) -> Layout:
        return make_layout(self._spec)

    @cached_property
    def _readings(self) -> list[ChartReadout]:
        return readings(self._state, self._view, self._layout)

    @property
    def stops(self) -> list[int]:
        """Last step of each drawn column."""
        return [reading.step for reading in self._readings]

    def stop_at(self, x: int, y: int) -> int | None:
        """Return the step of a cell; None outside the chart."""
        column, is_inside = x - self._layout.gutter, 1 <= y <= self._layout.plot_height
        if not self._readings or not is_inside or not 0 <= column < self._layout.plot_width:
            return None
        return min(self.stops, key=lambda step: abs(self._layout.column(self._x(step)) - column))

    @cached_property
    def _reading(self) -> ChartReadout | None:
        """Readout of the column under the cursor; it names the viewed step if the cursor is on it."""
        at = stop_of(self._view, self.stops) if self._view.cursor is not None else None
        if at is None:
            return None
        found, viewed_step = self._readings[at], self._state.viewed_step
        is_looked_at = viewed_step is not None and viewed_step == self._view.cursor
        return found._replace(step=viewed_step or 0) if is_looked_at else found

    def rows(self) -> list[Row]:
        """Return at most ``height`` rows.

        Without a row for the readout, the readout replaces the latest losses.
        """
        state, view, width, found = self._state, self._view, self._width, self._reading
        numbers = loss_row(state, width, view.unit)
        last = now_row(state, view, width)
        cursor = None
        if found is not None:
            cursor, last = self._x(found.step), reading_row(state, view, found, width)
            numbers = numbers if self._shares.reading else last
        chart = render_chart(replace(self._spec, cursor=cursor), self._layout)
        changes = change_rows(state, self._shares.changes, width, view.unit)
        end = [last] if self._shares.reading else []
        return [numbers, *chart, *self._strip(cursor), *changes, *end][: self._height]

    def _strip(self, cursor: float | None) -> list[Row]:
        if not self._shares.strip:
            return []
        from workbench.render.chart.rate_strip import rate_strip

        rates = rates_shown(self._state, self._view)
        return [*rate_strip(self._layout, rates, self._shares.strip, cursor, self._ascii_only)]

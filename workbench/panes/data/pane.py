"""Data pane: training examples, lines, lengths, tokens, bigrams and merges of the corpus."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.message import Message

from workbench.panes.data.bindings import DATA_BINDINGS
from workbench.panes.data.render import collapsed_row, data_rows
from workbench.panes.data.view_model import (
    MERGES,
    DataViewModel,
    move,
    with_surprisals,
)
from workbench.panes.data.views import DATA_VIEWS
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView, current_view, next_view_name, view_title
from workbench.widgets.row_widget import Row


class DataPane(Pane):
    """Pane that shows the training data in one of several views."""

    NUMBER = 1
    NAME = "Data"
    HELP = "The data that the model is trained on."
    VIEWS: ClassVar[tuple[PaneView[DataViewModel], ...]] = DATA_VIEWS
    BINDINGS: ClassVar[list[BindingType]] = DATA_BINDINGS

    class Scrolled(Message):
        """Other lines are shown."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._model = DataViewModel(view_name=self.VIEWS[0].name)

    @property
    def model(self) -> DataViewModel:
        """View model of the next frame."""
        model = replace(self._model, state=self.state, ascii_only=self.ascii_only)
        return replace(model, view_name=current_view(self.VIEWS, model, model.view_name).name)

    def set_surprisals(self, line_index: int, surprisals: Sequence[float]) -> None:
        """Show the target probabilities of a line, given as surprisals in nats."""
        self._model = with_surprisals(self._model, line_index, surprisals)
        self.redraw()

    def set_batch(self, examples: Iterable[tuple[Sequence[str], str, float]]) -> None:
        """Show the examples of the only batch: context, target, probability of the target."""
        batch = tuple((tuple(context), target, p) for context, target, p in examples)
        self._model = replace(self._model, batch=batch)
        self.redraw()

    def clear_scores(self) -> None:
        """Discard the target probabilities and the batch: they come from another model."""
        self._model = replace(self._model, probabilities={}, batch=())

    def action_move(self, by: int) -> None:
        """Move by some lines, or by some merges."""
        model = move(self.model, by)
        self._model = replace(self._model, first=model.first, n_merges_done=model.n_merges_done)
        if model.view_name != MERGES:
            self.post_message(self.Scrolled())
        self.redraw()

    def action_view(self, by: int) -> None:
        """Show the next view, or a view before."""
        model = self.model
        name = next_view_name(self.VIEWS, model, model.view_name, by)
        self._model = replace(self._model, view_name=name)
        self.redraw()

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def scroll_rows(self, event: events.MouseScrollDown | events.MouseScrollUp) -> None:
        """Move by one line."""
        event.stop()
        self.action_move(1 if isinstance(event, events.MouseScrollDown) else -1)

    def subtitle(self, width: int) -> str:
        """Return the name and number of the current view."""
        model = self.model
        return view_title(self.VIEWS, model, model.view_name, width)

    def collapsed_row(self, width: int) -> Row:
        """Return the corpus and the first training examples in one row."""
        return collapsed_row(self.model, width)

    def rows(self, width: int, height: int) -> Sequence[Row | Text]:
        """Return the summary of the corpus and the current view."""
        model = self.model
        return data_rows(model, current_view(self.VIEWS, model, model.view_name), width, height)

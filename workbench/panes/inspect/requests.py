"""Queries of the Inspect pane, and the answers to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import ValidationError
from msgspec.structs import replace

from workbench.panes.inspect.view_model import InspectSource, InspectViewModel
from workbench.state.app_state import AppState

if TYPE_CHECKING:  # the first frame does not need these modules
    from seqlm.protocol.queries import Inspect, InspectAnswer
    from workbench.panes.inspect.results import Shown

_UNREADABLE = "The answer of the trainer has an unknown form."


class ViewRequests:
    """Queries of the Inspect pane; at most one is pending, unless something else is requested.

    Args:
        generated_text: Returns the text of the Generate pane.
        update_pane: Redraws the pane and requests what the pane lacks.

    Attributes:
        model: View model, without the appearance of the pane.
    """

    def __init__(
        self, generated_text: Callable[[], str], update_pane: Callable[[], object]
    ) -> None:
        self._generated_text, self._update_pane = generated_text, update_pane
        self.model = InspectViewModel()
        self._sent: Inspect | None = None
        self._sent_step = -1
        self._is_pending = False
        self._n_sent = 0

    def set_state(self, state: AppState, no_model: str, *, is_other_run: bool) -> None:
        """Use the model and the corpus of a state; forget the answers about another run."""
        model = self.model
        if is_other_run:
            model = InspectViewModel(
                view_name=model.view_name, source=model.source, typed=model.typed
            )
            self._sent = None
        self.model = replace(
            model, family=state.config.model, preview=state.preview, no_model=no_model
        )

    def set_source(self, source: InspectSource | None) -> None:
        """Set the weights that answer; None while no model can be asked."""
        self.model = replace(self.model, source=source)
        if source is None:
            self.model = replace(self.model, answers={}, error="")
            self._sent, self._is_pending = None, False
        self._update_pane()

    def receive_answer(self, answer: "InspectAnswer") -> None:
        """Show the answer to the latest query; ignore answers to older ones."""
        if self._sent is None or answer.id != self._sent.id:
            return
        from workbench.panes.inspect.results import read_answer

        self._is_pending = answer.is_partial
        try:
            self._show_answer(answer.view, read_answer(answer, self._sent))
        except ValidationError:
            self.model = replace(self.model, error=_UNREADABLE)
        self._update_pane()

    def receive_rejection(self, query_id: str, text: str) -> None:
        """Show why the latest query was rejected."""
        if self._sent is not None and query_id == self._sent.id:
            self._is_pending = False
            self.model = replace(self.model, error=text)
            self._update_pane()

    def next_query(self, view_name: str) -> "Inspect | None":
        """Return the query for a view; None if its answer is shown, is awaited, or has no source."""
        source = self.model.source
        if source is None:
            return None
        query = self._make_query(source, view_name)
        is_same = self._sent is not None and replace(query, id=self._sent.id) == self._sent
        if is_same and (self._is_pending or source.step == self._sent_step):
            return None
        self._sent, self._sent_step, self._is_pending = query, source.step, True
        return query

    def _show_answer(self, view: str, shown: "Shown") -> None:
        """Show an answer; a partial one does not replace a complete one about older weights."""
        before = self.model.answers.get(view)
        if shown.is_partial and before is not None and before.is_complete_answer_to(shown.query):
            return
        self.model = replace(self.model, answers={**self.model.answers, view: shown}, error="")

    def _make_query(self, source: InspectSource, view_name: str) -> "Inspect":
        from seqlm.protocol.queries import Inspect

        self._n_sent += 1
        text = self._generated_text() or None if self.model.typed is None else self.model.typed
        if self._sent is not None and text != self._sent.text:
            self.model = replace(self.model, position=-1)
        model = replace(self.model, view_name=view_name)
        query = Inspect(
            id=f"inspect-{self._n_sent}",
            view=view_name,
            text=text,
            weights=source.weights,
            without=list(model.without),
            part=model.cursor.part,
            with_partial=True,
        )
        if view_name != "network":
            return query
        return replace(
            query,
            position=model.position,
            subtract_max=model.subtracts_max,
            add_to_logits=model.added_to_logits,
        )

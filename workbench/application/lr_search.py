"""Learning-rate search: trial steps of a worker with a growing learning rate, and their screen."""

from msgspec.structs import replace

from seqlm.protocol.queries import Answer, CancelQuery, LearningRateSweep, LearningRateSweepAnswer
from seqlm.runspec import recipe
from seqlm.worker import client
from workbench.run.worker_session import WorkerSession
from workbench.sampling.lr_search_view import LrSearchView
from workbench.screens.lr_search import LrSearchScreen
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance


class LrSearch:
    """Learning-rate search, from its query to its last answer.

    If a worker has the displayed run open, the search trains a copy of its model; otherwise it trains
    a new model of the pending configuration.

    Args:
        session: Session with the worker.
        state: Current state.
        appearance: Colors and signs.

    Attributes:
        screen: Screen that shows the search.
    """

    def __init__(self, session: WorkerSession, state: AppState, appearance: Appearance) -> None:
        self._session = session
        self._query = _make_query(state)
        view = LrSearchView(_model_name(state), _current_learning_rate(state))
        self.screen = LrSearchScreen(view, appearance)

    def start(self) -> None:
        """Send the query; start a worker if there is none."""
        self._session.send_query(self._query)

    def cancel(self) -> None:
        """Cancel the query unless it has ended."""
        view = self.screen.view
        if not view.error and (view.sweep is None or not view.sweep.is_over):
            self._session.send_query(CancelQuery(id=client.new_id(), question=self._query.id))

    def handle_answer(self, answer: Answer) -> None:
        """Show an answer if it belongs to this search."""
        if isinstance(answer, LearningRateSweepAnswer) and answer.id == self._query.id:
            self.screen.set_view(replace(self.screen.view, sweep=answer))

    def handle_rejection(self, query_id: str, text: str) -> bool:
        """Show why the query was rejected; return whether it belongs to this search."""
        if query_id != self._query.id:
            return False
        self.screen.set_view(replace(self.screen.view, error=text))
        return True


def _make_query(state: AppState) -> LearningRateSweep:
    if not state.can_query:
        text = recipe.format_recipe(state.pending_config)
        return LearningRateSweep(id=client.new_id(), recipe=text)
    step = state.viewed_step
    return LearningRateSweep(id=client.new_id(), weights="live" if step is None else str(step))


def _model_name(state: AppState) -> str:
    return f"a copy of {state.title}" if state.can_query else "a new model"


def _current_learning_rate(state: AppState) -> float:
    if not state.can_query:
        return state.pending_config.train.learning_rate
    initial = state.config.train.learning_rate
    rate: float = state.run.values.get("train.learning_rate", initial)
    return rate

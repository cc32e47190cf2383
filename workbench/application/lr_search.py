"""Asks a worker for trial steps with growing learning rates, and shows them while they are done."""

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
    """One search, from its question to its last answer.

    Where a worker has the run of the screen open, its model is copied; else a new one is made of
    what is asked for.

    Args:
        session: Reaches the worker.
        situation: What is on the screen.
        look: Colours and signs.

    Attributes:
        screen: What shows it.
    """

    def __init__(self, session: WorkerSession, situation: AppState, look: Appearance) -> None:
        self._session = session
        self._query = _query(situation)
        self.screen = LrSearchScreen(LrSearchView(_subject(situation), _rate_now(situation)), look)

    def ask(self) -> None:
        """Ask the worker; one is started where there is none."""
        self._session.ask(self._query)

    def give_up(self) -> None:
        """Nobody waits for an answer any more."""
        trial = self.screen.trial
        if not trial.error and (trial.sweep is None or not trial.sweep.is_over):
            self._session.ask(CancelQuery(id=client.new_id(), question=self._query.id))

    def answered(self, answer: Answer) -> None:
        """Take an answer, if it is one of this search."""
        if isinstance(answer, LearningRateSweepAnswer) and answer.id == self._query.id:
            self.screen.show(replace(self.screen.trial, sweep=answer))

    def declined(self, question_id: str, words: str) -> bool:
        """Take a refusal; whether it was of this search."""
        if question_id != self._query.id:
            return False
        self.screen.show(replace(self.screen.trial, error=words))
        return True


def _query(situation: AppState) -> LearningRateSweep:
    if not situation.can_query:
        line = recipe.format_recipe(situation.pending_config)
        return LearningRateSweep(id=client.new_id(), recipe=line)
    step = situation.viewed_step
    return LearningRateSweep(id=client.new_id(), weights="live" if step is None else str(step))


def _subject(situation: AppState) -> str:
    return f"a copy of {situation.title}" if situation.can_query else "a new model"


def _rate_now(situation: AppState) -> float:
    if not situation.can_query:
        return situation.pending_config.train.learning_rate
    usual = situation.config.train.learning_rate
    rate: float = situation.run.values.get("train.learning_rate", usual)
    return rate

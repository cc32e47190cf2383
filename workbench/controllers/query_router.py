"""Who answers the questions of the panes: the pair counts before training, then the worker's model."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import asdict
from textual.message import Message

from workbench.corpus.preview import Preview
from workbench.panes.data.pane import DataPane
from workbench.panes.generate.pane import GeneratePane
from workbench.sampling.from_worker import COUNTS, from_answer, from_counts
from workbench.state.app_state import AppState

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import Answer
    from workbench.run.worker_session import WorkerSession

_ASK_AGAIN_S = 0.5
_LONGEST_SAMPLE = 100
_SCORE = "data-"


class QueryRouter:
    """Passes questions on and answers back. Newer weights are told of twice a second at most.

    A pane that is told something may ask at once. Textual does not bring a message to the app that
    was made while the app's own handler runs, so panes are told in their own turn (``call_later``).

    Args:
        session: Gives what reaches the worker; it is made when it is first needed.
        generate: Asks for predictions and samples.
        data: Shows the chances of the right tokens.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        session: Callable[[], "WorkerSession"],
        generate: GeneratePane,
        data: DataPane,
        clock: Callable[[], float],
    ) -> None:
        self._session, self._generate, self._data, self._clock = session, generate, data, clock
        self._asked_at = -_ASK_AGAIN_S
        self._scored_at: int | None = None
        self._weights = "live"

    def show(self, situation: AppState) -> None:
        """Tell the panes who answers in this situation."""
        preview, sample, run = situation.preview, situation.pending_config.sample, situation.run
        if preview is None:
            if self._generate.view.source.vocabulary:  # at the begin there is nothing to forget
                self._generate.call_later(self._generate.inbox.clear_corpus)
            return
        self._generate.inbox.set_sampling(sample)
        self._generate.inbox.set_fixed_seed_samples(run.samples)
        if not situation.can_query:
            label = f"{preview.text.tokenizer.token_noun}-pair counts"
            self._counts_answer(preview, label + ", no training yet" * (not run.run))
            return
        if situation.viewed_step is not None:
            self._weights = str(situation.viewed_step)
            self._model_answers(preview, situation.viewed_step, f" of {run.step:,}")
            return
        self._weights, now = "live", self._clock()
        if run.status != "training" or now - self._asked_at >= _ASK_AGAIN_S:
            self._asked_at = now
            self._model_answers(preview, run.step)

    def ask_scores(self) -> None:
        """Ask what the model gives the right tokens of the items that the Data pane shows."""
        from seqlm.protocol.queries import Score

        for number, item in self._data.lines_to_score():
            self._session().ask(Score(id=f"{_SCORE}{number}", text=item, weights=self._weights))

    def take(self, situation: AppState, message: Message) -> None:
        """Do what a pane asks."""
        match message:
            case GeneratePane.PredictionRequested() if situation.can_query:
                self.predict(message)
            case GeneratePane.SamplesRequested():
                self.draw(situation, message)
            case DataPane.Scrolled() if situation.can_query:
                self.ask_scores()

    def predict(self, asked: GeneratePane.PredictionRequested) -> None:
        """Ask the worker what comes after some tokens."""
        from seqlm.protocol.queries import NextToken

        if asked.weights != COUNTS:  # the counts answer at once
            tokens = list(asked.tokens)
            question = NextToken(id=asked.request_id, tokens=tokens, weights=asked.weights)
            self._session().ask(question)

    def draw(self, situation: AppState, asked: GeneratePane.SamplesRequested) -> None:
        """Draw samples from the counts, or ask the worker for them."""
        from seqlm.protocol.queries import Sample

        sample, preview = situation.pending_config.sample, situation.preview
        if situation.can_query:
            question = Sample(
                id=asked.request_id,
                prompt=list(asked.prompt),
                count=asked.count,
                length=_LONGEST_SAMPLE,
                weights=self._weights,
                **asdict(sample),
            )
            self._session().ask(question)
        elif preview is not None and preview.has(asked.prompt):  # else asked of a text before
            drawn = preview.draw(asked.prompt, asked.count, sample)
            self._generate.inbox.receive_samples(asked.request_id, drawn)

    def answered(self, answer: "Answer") -> None:
        """Give the worker's answer to the pane that asked."""
        from seqlm.protocol.queries import NextTokenAnswer, SampleAnswer, ScoreAnswer

        match answer:
            case NextTokenAnswer():
                self._generate.call_later(
                    self._generate.inbox.receive_prediction, from_answer(answer)
                )
            case ScoreAnswer():
                self._data.set_surprisals(int(answer.id.removeprefix(_SCORE)), answer.surprisal)
            case SampleAnswer():
                self._generate.inbox.receive_samples(answer.id, answer.samples, answer.step)

    def declined(self, question_id: str, words: str) -> bool:
        """Take a refusal; whether it was of a question of these panes."""
        if question_id.startswith("generate"):
            self._generate.inbox.handle_rejection(words, question_id)
        return question_id.startswith(("generate", _SCORE))

    def _counts_answer(self, preview: Preview, label: str) -> None:
        self._scored_at = None
        self._data.clear_scores()
        self._generate.inbox.set_local_answerer(
            lambda asked, tokens, _: from_counts(preview, asked, tokens)
        )
        self._generate.inbox.set_source(label, COUNTS, None, preview.text.tokenizer)

    def _model_answers(self, preview: Preview, step: int, of: str = "") -> None:
        """The model in the weights of a step; ``of`` says how far the run is, where that is not now."""
        self._generate.inbox.set_local_answerer(None)
        label, tokenizer = f"weights of step {step:,}{of}", preview.text.tokenizer
        told = partial(self._generate.inbox.set_source, label, self._weights, step, tokenizer)
        self._generate.call_later(told)
        if step != self._scored_at:
            self._scored_at = step
            self.ask_scores()

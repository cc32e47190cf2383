"""Router of the queries of the panes: to the pair counts before training, then to the worker."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import asdict
from textual.message import Message

from workbench.corpus.preview import Preview
from workbench.panes.data.pane import DataPane
from workbench.panes.data.view_model import lines_to_score
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.generate.view_model import PredictionSource
from workbench.panes.inspect.pane import InspectPane
from workbench.panes.inspect.view_model import InspectSource
from workbench.sampling.from_worker import COUNTS, from_answer, from_counts
from workbench.state.app_state import AppState

if TYPE_CHECKING:  # imported when first needed: the first frame does not need the session
    from seqlm.protocol.queries import Answer, Inspect
    from workbench.run.worker_session import WorkerSession

_UPDATE_INTERVAL_S = 0.5
_MAX_SAMPLE_LENGTH = 100
_SCORE_PREFIX = "data-"
_INSPECT_PREFIX = "inspect-"
_INSPECT_SHARE = 0.25
"""Largest share of the time in which a worker in training computes views that update by themselves."""


class QueryRouter:
    """Router of the queries of the panes and of the answers to them.

    While the run trains, the panes are updated with newer weights at most twice a second. A pane may
    post a query as soon as it is updated. Textual does not deliver a message to the app that is posted
    while a handler of the app runs, so these updates are made with ``call_later``.

    Args:
        session: Returns the session, which is created when first needed.
        generate: Pane that requests predictions and samples.
        data: Pane that shows the probability of each target.
        inspect: Pane that requests views of the model.
        clock: Monotonic clock in seconds.
    """

    def __init__(
        self,
        session: Callable[[], "WorkerSession"],
        generate: GeneratePane,
        data: DataPane,
        inspect: InspectPane,
        clock: Callable[[], float],
    ) -> None:
        self._session, self._clock = session, clock
        self._generate, self._data, self._inspect = generate, data, inspect
        self._pending_view_id = ""
        self._inspect_sent_s, self._inspect_ready_s = 0.0, -math.inf
        self._updated_at_s = -_UPDATE_INTERVAL_S
        self._weights = "live"
        self._model_step: int | None = None
        self._scored_step: int | None = None

    def update_panes(self, state: AppState) -> None:
        """Show in the panes which source answers them in this state. Sends no query."""
        preview, run = state.preview, state.run
        if preview is None:
            if self._generate.view.source.vocabulary:  # nothing to clear at the start
                self._generate.call_later(self._generate.inbox.clear_corpus)
                self._inspect.call_later(self._inspect.requests.set_source, None)
            return
        self._generate.inbox.set_sampling(state.pending_config.sample)
        self._generate.inbox.set_fixed_seed_samples(run.samples)
        if not state.can_query:
            self._use_counts(preview, state.counts_label)
            return
        if state.viewed_step is not None:
            self._weights = str(state.viewed_step)
            self._updated_at_s = -math.inf  # the live model follows at once
            self._use_model(preview, state.viewed_step, f" of {run.step:,}", is_training=False)
            return
        self._weights, now = "live", self._clock()
        is_training = run.status == "training"
        if not is_training or now - self._updated_at_s >= _UPDATE_INTERVAL_S:
            # The first state of a run in training follows at once, also after one that was read in part.
            self._updated_at_s = now if is_training else -math.inf
            self._use_model(preview, run.step, is_training=is_training)

    def request_missing_scores(self, state: AppState) -> None:
        """Request the scores of the Data pane if the displayed weights have changed."""
        if self._model_step is not None and self._model_step != self._scored_step:
            self._scored_step = self._model_step
            if state.config.planned.train.one_batch:
                self._request_batch()
            else:
                self._request_scores()

    def handle(self, state: AppState, message: Message) -> None:
        """Answer the request of a pane, or pass it to the worker."""
        match message:
            case GeneratePane.PredictionRequested() if state.can_query:
                self._request_prediction(message)
            case GeneratePane.SamplesRequested():
                self._request_samples(state, message)
            case DataPane.Scrolled() if state.can_query:
                self._request_scores()
            case InspectPane.ViewRequested() if state.can_query:
                self._request_view(message.query)

    def handle_answer(self, answer: "Answer") -> None:
        """Give an answer of the worker to the pane that requested it."""
        from seqlm.protocol.queries import (
            FirstBatchAnswer,
            InspectAnswer,
            NextTokenAnswer,
            SampleAnswer,
            ScoreAnswer,
        )

        match answer:
            case NextTokenAnswer():
                self._generate.call_later(
                    self._generate.inbox.receive_prediction, from_answer(answer)
                )
            case ScoreAnswer():
                line_index = int(answer.id.removeprefix(_SCORE_PREFIX))
                self._data.set_surprisals(line_index, answer.surprisal)
            case FirstBatchAnswer():
                self._data.set_batch(
                    (one.context, one.target, one.probability) for one in answer.examples
                )
            case SampleAnswer():
                self._generate.inbox.receive_samples(answer.id, answer.samples, answer.step)
            case InspectAnswer():
                if answer.id == self._pending_view_id and not answer.is_partial:
                    self._pause_inspection()
                self._inspect.requests.receive_answer(answer)

    def handle_rejection(self, query_id: str, text: str) -> bool:
        """Show why a query was rejected; return whether it was a query of these panes."""
        if query_id.startswith("generate"):
            self._generate.inbox.handle_rejection(text, query_id)
        if query_id.startswith(_INSPECT_PREFIX):
            if query_id == self._pending_view_id:
                self._pause_inspection()
            self._inspect.requests.receive_rejection(query_id, text)
        return query_id.startswith(("generate", _SCORE_PREFIX, _INSPECT_PREFIX))

    def _request_view(self, query: "Inspect") -> None:
        """Request a view of the model instead of the one that is still pending."""
        from seqlm.protocol.queries import CancelQuery

        if self._pending_view_id:
            cancel = CancelQuery(id=f"cancel-{query.id}", question=self._pending_view_id)
            self._session().send_query(cancel)
        self._pending_view_id = query.id
        self._inspect_sent_s, self._inspect_ready_s = self._clock(), math.inf
        self._session().send_query(query)

    def _pause_inspection(self) -> None:
        """Leave the worker time for training: show newer weights only after a pause."""
        self._pending_view_id = ""
        now = self._clock()
        self._inspect_ready_s = now + (now - self._inspect_sent_s) * (1 / _INSPECT_SHARE - 1)

    def _request_batch(self) -> None:
        """Request the examples of the only batch of the run."""
        from seqlm.protocol.queries import FirstBatch

        self._session().send_query(FirstBatch(id=f"{_SCORE_PREFIX}batch", weights=self._weights))

    def _request_scores(self) -> None:
        """Request the surprisal of each target in the lines that the Data pane shows."""
        from seqlm.protocol.queries import Score

        for number, line in lines_to_score(self._data.model):
            query = Score(id=f"{_SCORE_PREFIX}{number}", text=line, weights=self._weights)
            self._session().send_query(query)

    def _request_prediction(self, request: GeneratePane.PredictionRequested) -> None:
        from seqlm.protocol.queries import NextToken

        if request.weights != COUNTS:  # the counts answer without a query
            tokens = list(request.tokens)
            query = NextToken(id=request.request_id, tokens=tokens, weights=request.weights)
            self._session().send_query(query)

    def _request_samples(self, state: AppState, request: GeneratePane.SamplesRequested) -> None:
        """Sample from the counts, or request samples from the worker."""
        from seqlm.protocol.queries import Sample

        sample, preview = state.pending_config.sample, state.preview
        if state.can_query:
            query = Sample(
                id=request.request_id,
                prompt=list(request.prompt),
                count=request.count,
                length=_MAX_SAMPLE_LENGTH,
                weights=self._weights,
                **asdict(sample),
            )
            self._session().send_query(query)
        elif preview is not None and preview.has(
            request.prompt
        ):  # False after another corpus opened
            drawn = preview.draw(request.prompt, request.count, sample)
            self._generate.inbox.receive_samples(request.request_id, drawn)

    def _use_counts(self, preview: Preview, label: str) -> None:
        self._model_step = self._scored_step = None
        self._inspect.call_later(self._inspect.requests.set_source, None)
        self._data.clear_scores()
        self._generate.inbox.set_local_answerer(
            lambda request, tokens, _: from_counts(preview, request, tokens)
        )
        self._generate.inbox.set_source(_source(preview, label, COUNTS))

    def _use_model(self, preview: Preview, step: int, of: str = "", *, is_training: bool) -> None:
        """Use the weights of a step; ``of`` names the latest step where it is another one."""
        self._model_step = step
        self._generate.inbox.set_local_answerer(None)
        source = _source(preview, f"weights of step {step:,}{of}", self._weights, step)
        self._generate.call_later(partial(self._generate.inbox.set_source, source))
        if not is_training or self._clock() >= self._inspect_ready_s:
            inspected = InspectSource(
                self._weights, step, f"step {step:,}{of}", preview.text.tokenizer
            )
            self._inspect.call_later(self._inspect.requests.set_source, inspected)


def _source(
    preview: Preview, label: str, weights: str, step: int | None = None
) -> PredictionSource:
    text = preview.text
    return PredictionSource(label, weights, step, text.tokenizer, tuple(text.default_prompt))

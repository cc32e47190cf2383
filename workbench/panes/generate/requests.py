"""State of the Generate pane and its pending requests, independent of Textual."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from seqlm.data.tokenizer import format_untrained_prompt
from seqlm.errors import SeqlmError
from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.prompt import usable_prompt
from workbench.panes.generate.view_model import GenerateView, PredictionSource, StatusMessage
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree

if TYPE_CHECKING:  # the first frame does not need these modules
    from seqlm.protocol.queries import SampleResult
    from workbench.corpus.preview import Preview

LocalAnswerer: TypeAlias = Callable[[str, tuple[str, ...], str], Prediction]
"""Function that answers a prediction request (its id, tokens and weights) immediately."""


class PredictionRequest(NamedTuple):
    """Request for the next-token distribution after `tokens` under `weights`."""

    request_id: str
    tokens: tuple[str, ...]
    weights: str


class SamplesRequest(NamedTuple):
    """Request for `n_samples` sampled continuations of a prompt."""

    request_id: str
    prompt: tuple[str, ...]
    n_samples: int


class RequestTracker:
    """View model of the Generate pane and the requests that fill it.

    While the text has no sampled tokens, each new set of weights causes a new request for the
    prediction after the prompt. Each sampled token keeps the prediction it was sampled from.

    Args:
        prompt: Tokens of the initial prompt.

    Attributes:
        view: Current view model.
        outbox: Requests that have not been sent yet, oldest first.
    """

    def __init__(self, prompt: tuple[str, ...] = ()) -> None:
        self.view = GenerateView(text=SampleTree().start(prompt))
        self.outbox: list[PredictionRequest | SamplesRequest] = []
        self._n_requests = 0
        self._prediction_request: PredictionRequest | None = None
        self._samples_request_id: str | None = None
        self._pending_after: tuple[str, ...] | None = None
        self._text_to_sample: SampleTree | None = None
        self._is_outdated = False

    # View

    def update_view(self, **changes: Any) -> None:
        """Replace fields of the view model."""
        self.view = replace(self.view, **changes)

    def show_message(self, text: str, is_error: bool = False) -> None:
        """Show a message at the bottom until the next key."""
        self.update_view(message=StatusMessage(text, is_error))

    def show_key_message(self, text: str) -> None:
        """Show a message in which ``<id>`` stands for the key of a binding."""
        self.show_message(with_key_labels(self.view, text))

    def update_prompt_note(self, preview: "Preview | None") -> None:
        """Add a note if no training item begins with the prompt."""
        prompt = self.view.text.prompt
        is_untrained = preview is not None and preview.text.is_untrained_prompt(prompt)
        note = format_untrained_prompt(prompt[0]) if is_untrained else ""
        if note != self.view.prompt_note:
            self.update_view(prompt_note=note)

    # Pending requests

    @property
    def pending_id(self) -> str:
        """Id of the latest unanswered request; empty if there is none."""
        if self._prediction_request:
            return self._prediction_request.request_id
        return self._samples_request_id or ""

    @property
    def is_sampling(self) -> bool:
        """True while a token waits for the prediction it is sampled from."""
        return self._prediction_request is not None and self._text_to_sample is not None

    def is_pending(self, request_id: str) -> bool:
        """Return True if this request is unanswered and no later request replaced it."""
        prediction = self._prediction_request.request_id if self._prediction_request else ""
        return request_id in (prediction, self._samples_request_id)

    def next_request_id(self) -> str:
        """Return a new request id."""
        self._n_requests += 1
        return f"generate-{self._n_requests}"

    def request_samples(self, n_samples: int) -> None:
        """Request sampled continuations of the prompt."""
        self._samples_request_id = self.next_request_id()
        request = SamplesRequest(self._samples_request_id, self.view.text.prompt, n_samples)
        self.outbox.append(request)

    def cancel_query(self) -> None:
        """Cancel the pending requests; the next key sends a new request."""
        self._clear_pending()
        self.show_key_message("Query canceled. <generate.draw> sends it again.")

    # Answers

    def receive_prediction(self, prediction: Prediction) -> None:
        """Apply the answer to the latest prediction request; ignore older answers."""
        request, text = self._prediction_request, self.view.text
        if request is None or prediction.request_id != request.request_id:
            return
        self._prediction_request = None
        to_sample = self._text_to_sample
        if to_sample is not None and request.tokens == to_sample.tokens_before:
            self._pending_after = request.tokens
            self.update_view(text=to_sample, pending=prediction)
            self.show_text(to_sample.sample(prediction, self.view.sampling))
            return
        if not prediction.ids or text.current_token or request.tokens != text.tokens_before:
            return
        self._pending_after = request.tokens
        self.update_view(candidate=self._same_candidate(prediction), pending=prediction)
        if self._is_outdated:
            self._request_prediction()

    def receive_samples(
        self, request_id: str, samples: Sequence["SampleResult"], step: int | None
    ) -> None:
        """Apply the answer to the latest samples request.

        Args:
            request_id: Id of the answered request; answers to older requests are ignored.
            samples: Sampled texts.
            step: Step of the weights that produced the samples; None for counts.
        """
        if request_id == self._samples_request_id:
            self._samples_request_id = None
            self.update_view(
                samples=tuple(samples), samples_step=step, first_sample=0, message=None
            )

    def answer_locally(
        self, request: PredictionRequest, answerer: LocalAnswerer
    ) -> Prediction | None:
        """Answer a request immediately; return the prediction, or None if it was rejected."""
        try:
            prediction = answerer(*request)
        except SeqlmError as error:
            self.handle_rejection(str(error))
            return None
        self.receive_prediction(prediction)
        return prediction

    def handle_rejection(self, message: str, request_id: str = "") -> None:
        """Show why a request was rejected and clear the pending requests.

        If the weights of the text no longer exist, request the prediction from newer weights.
        """
        request, source = self._prediction_request, self.view.source
        if request and request_id == request.request_id and request.weights != source.weights:
            self._request_prediction(source.weights)
            gone = f"The weights of step {request.weights} no longer exist."
            self.show_message(f"{gone} Continuing with newer weights.")
            return
        self._clear_pending()
        self.show_message(message, is_error=True)

    # Source of predictions

    def set_source(self, source: PredictionSource) -> None:
        """Set another model, newer weights, or another vocabulary."""
        old = self.view.source
        if source == old:
            return
        self.update_view(source=source)
        if (source.step is None) != (old.step is None):
            self.update_view(samples=None)  # the previous source produced these samples
        if source.tokenizer != old.tokenizer:
            prompt = usable_prompt(old.tokenizer.join(self.view.text.prompt), source)
            self._pending_after = self._text_to_sample = None
            self.update_view(
                text=SampleTree().start(prompt), samples=None, pending=None, candidate=0
            )
            self.update_view(game=None, is_guessing=False)
            self._samples_request_id = None
            self._request_prediction()
        elif self._needs_new_request(old):
            self._request_prediction()
        else:
            self._is_outdated = True

    def clear_corpus(self) -> None:
        """Clear everything of the previous corpus; keep the prompt for the next vocabulary."""
        if not self.view.source.vocabulary:
            return
        prompt = tuple(self.view.source.tokenizer.join(self.view.text.prompt))
        self._clear_pending()
        self._pending_after = None
        self.update_view(
            source=PredictionSource(), text=SampleTree().start(prompt), pending=None, candidate=0
        )
        self.update_view(
            samples=None, fixed_seed_samples=(), game=None, is_guessing=False, message=None
        )

    # Text

    def sample_at(self, text: SampleTree) -> None:
        """Sample a token at the cursor of `text`, as soon as its prediction is known."""
        if self._pending_after == text.tokens_before and self.view.pending is not None:
            self.show_text(text.sample(self.view.pending, self.view.sampling))
        else:
            self._text_to_sample = text
            self._request_prediction()

    def show_text(self, text: SampleTree) -> None:
        """Show a text; request the prediction at its cursor if it is not known."""
        self._text_to_sample = None
        token = text.current_token
        if token is not None:
            self.update_view(text=text, candidate=token.prediction.index(token.token) or 0)
            return
        is_known = self._pending_after == text.tokens_before
        pending = self.view.pending if is_known else None
        self.update_view(text=text, candidate=0, pending=pending)
        if not is_known or self._is_outdated:
            self._request_prediction()

    def start_text(self) -> None:
        """Discard the branches that are not kept and request the prediction of the live model."""
        self._pending_after = None
        self.show_text(self.view.text.start(self.view.text.prompt))

    def show_branch(self, text: SampleTree) -> None:
        """Show a new branch at the same place, where the prediction is known already."""
        prediction = self.view.prediction
        if prediction is not None:
            self._pending_after = text.tokens_before
            self.update_view(pending=prediction)
        self.show_text(text)

    def _request_prediction(self, weights: str | None = None) -> None:
        """Request the prediction at the cursor."""
        if not self.view.source.vocabulary:
            return
        self._is_outdated = False
        tokens = (self._text_to_sample or self.view.text).tokens_before
        request = PredictionRequest(
            self.next_request_id(), tokens, weights or self._weights_of_text()
        )
        self._prediction_request = request
        self.outbox.append(request)

    def _weights_of_text(self) -> str:
        """Return the weights of the branch's last token, or the source's weights without one."""
        sampled, source = self.view.text.sampled, self.view.source
        step = sampled[-1].prediction.step if sampled else None
        return source.weights if step is None or source.step is None else str(step)

    def _needs_new_request(self, old: PredictionSource) -> bool:
        """Return True if the new source has to be queried now.

        A pending request is repeated only if its source is gone, since it would never be answered.
        """
        if self._prediction_request is not None:
            return old.weights != self.view.source.weights
        return not self.view.text.sampled

    def _same_candidate(self, prediction: Prediction) -> int:
        """Return the new index of the token under the table's cursor.

        A cursor on the most probable candidate stays there.
        """
        if self.view.candidate == 0 or self.view.pending is None:
            return 0
        return prediction.index(self.view.token(self.view.candidate)) or 0

    def _clear_pending(self) -> None:
        self._prediction_request = self._samples_request_id = None
        self._text_to_sample = None

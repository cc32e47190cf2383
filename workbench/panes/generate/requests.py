"""What the Generate pane asks, and what it does with the answers, without a screen.

The view is what is drawn; the outbox holds questions that the widget sends on.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from seqlm.errors import SeqlmError
from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.prompt import is_usable_prompt
from workbench.panes.generate.view_model import GenerateView, Message, PredictionSource
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import SampleResult

AtOnce: TypeAlias = Callable[[str, tuple[str, ...], str], Prediction]
"""Answers a question (its id, tokens and weights) without waiting."""


class PredictionRequest(NamedTuple):
    """What comes after these tokens, under these weights?"""

    request_id: str
    tokens: tuple[str, ...]
    weights: str


class SamplesRequest(NamedTuple):
    """This many continuations of a prompt."""

    request_id: str
    prompt: tuple[str, ...]
    how_many: int


class RequestTracker:
    """The view and the questions about it.

    While nothing is drawn it follows: each time newer weights are told of, it asks what they expect
    after the prompt. What is drawn keeps the prediction that it was drawn from.
    """

    def __init__(self, prompt: tuple[str, ...] = ()) -> None:
        self.view = GenerateView(text=SampleTree().begin(prompt))
        self.outbox: list[PredictionRequest | SamplesRequest] = []
        self._n_asked = 0
        self._asked: PredictionRequest | None = None
        self._asked_samples: str | None = None
        self._pending_after: tuple[str, ...] | None = None
        self._to_draw: SampleTree | None = None
        self._is_outdated = False

    @property
    def waits_for(self) -> str:
        """The id of the question that was asked last and has not been answered; empty if none."""
        return self._asked.request_id if self._asked else self._asked_samples or ""

    def change(self, **changes: Any) -> None:
        """Changes what is drawn."""
        self.view = replace(self.view, **changes)

    def say(self, text: str, is_error: bool = False) -> None:
        """Puts a line at the bottom, until the next key."""
        self.change(message=Message(text, is_error))

    def say_keys(self, words: str) -> None:
        """Puts our own words there, with the keys that they name."""
        self.say(with_key_labels(self.view, words))

    def use_source(self, source: PredictionSource) -> None:
        """Takes another model, newer weights, or another vocabulary."""
        old = self.view.source
        if source == old:
            return
        self.change(source=source)
        if (source.step is None) != (old.step is None):
            self.change(samples=None)  # the counts made them, or a model that is shown no more
        if source.tokenizer != old.tokenizer:
            prompt = is_usable_prompt(old.tokenizer.join(self.view.text.prompt), source)
            self._pending_after = self._to_draw = None
            self.change(text=SampleTree().begin(prompt), samples=None, pending=None, candidate=0)
            self.change(game=None, is_guessing=False)
            self._asked_samples = None
            self._ask()
        elif self._must_ask_anew(old):
            self._ask()
        else:
            self._is_outdated = True

    def wait_for_text(self) -> None:
        """Shows nothing of the text that was there; of its prompt what another one can read stays."""
        if not self.view.source.vocabulary:
            return
        prompt = tuple(self.view.source.tokenizer.join(self.view.text.prompt))
        self._wait_no_more()
        self._pending_after = None
        self.change(
            source=PredictionSource(), text=SampleTree().begin(prompt), pending=None, candidate=0
        )
        self.change(samples=None, same_draw=(), game=None, is_guessing=False, message=None)

    def is_waiting_for(self, request_id: str) -> bool:
        """Whether this question waits for its answer, and no later one was asked instead."""
        prediction = self._asked.request_id if self._asked else ""
        return request_id in (prediction, self._asked_samples)

    def take_prediction(self, prediction: Prediction) -> None:
        """Takes the answer to the last question; an older one is ignored."""
        asked, text = self._asked, self.view.text
        if asked is None or prediction.request_id != asked.request_id:
            return
        self._asked = None
        if self._to_draw is not None and asked.tokens == self._to_draw.tokens_before:
            self._pending_after = asked.tokens
            self.change(text=self._to_draw, pending=prediction)
            self._go(self._to_draw.draw(prediction, self.view.sampling))
            return
        if not prediction.ids or text.here or asked.tokens != text.tokens_before:
            return
        self._pending_after = asked.tokens
        self.change(candidate=self._same_candidate(prediction), pending=prediction)
        if self._is_outdated:
            self._ask()

    def take_samples(
        self, request_id: str, samples: Sequence["SampleResult"], step: int | None
    ) -> None:
        """Takes the answer to the last request for samples, and the step of what drew them."""
        if request_id == self._asked_samples:
            self._asked_samples = None
            self.change(samples=tuple(samples), samples_step=step, first_sample=0, message=None)

    def answered(self, question: PredictionRequest, answerer: AtOnce) -> Prediction | None:
        """Has a question answered without waiting; the answer, if there is one."""
        try:
            prediction = answerer(*question)
        except SeqlmError as error:
            self.take_refusal(str(error))
            return None
        self.take_prediction(prediction)
        return prediction

    def take_refusal(self, message: str, request_id: str = "") -> None:
        """Says why what was asked is not possible; nothing is waited for any more.

        Weights that were held may be gone: then newer ones are asked.
        """
        asked, source = self._asked, self.view.source
        if asked and request_id == asked.request_id and asked.weights != source.weights:
            self._ask(source.weights)
            self.say(f"The weights of step {asked.weights} are gone: newer ones go on from here.")
            return
        self._wait_no_more()
        self.say(message, is_error=True)

    def give_up(self) -> None:
        """Waits for no answer any more; the next key asks again."""
        self._wait_no_more()
        self.say_keys("Stopped waiting. <generate.draw> asks again.")

    # Where the text is shown from

    def _draw_at(self, text: SampleTree) -> None:
        """Draws a token at the cursor of a text; it is shown when it is known what is expected."""
        if self._pending_after == text.tokens_before and self.view.pending is not None:
            self._go(text.draw(self.view.pending, self.view.sampling))
        else:
            self._to_draw = text
            self._ask()

    def _go(self, text: SampleTree) -> None:
        """Shows another text or place; asks what is expected there if that is not known."""
        self._to_draw = None
        here = text.here
        if here is not None:
            self.change(text=text, candidate=here.prediction.index(here.token) or 0)
            return
        is_known = self._pending_after == text.tokens_before
        self.change(text=text, candidate=0, pending=self.view.pending if is_known else None)
        if not is_known or self._is_outdated:
            self._ask()

    def _ask(self, weights: str | None = None) -> None:
        """Asks what is expected at the cursor; a text that was begun keeps the weights it has."""
        if not self.view.source.vocabulary:
            return
        self._is_outdated = False
        tokens = (self._to_draw or self.view.text).tokens_before
        wanted = weights or self._weights()
        self._asked = PredictionRequest(self.next_id(), tokens, wanted)
        self.outbox.append(self._asked)

    def _weights(self) -> str:
        """Those of the last token of the branch; the newest where nothing is drawn."""
        drawn, source = self.view.text.drawn, self.view.source
        step = drawn[-1].prediction.step if drawn else None
        return source.weights if step is None or source.step is None else str(step)

    @property
    def has_texts(self) -> bool:
        """Whether there is a text that could be looked up."""
        return any(branch.drawn for branch in self.view.text.branches)

    def next_id(self) -> str:
        """The id of the next question."""
        self._n_asked += 1
        return f"generate-{self._n_asked}"

    def _must_ask_anew(self, old: PredictionSource) -> bool:
        """Whether newer weights are to be asked now: an answerer that is gone never answers."""
        if self._asked is not None:
            return old.weights != self.view.source.weights
        return not self.view.text.drawn

    def _same_candidate(self, prediction: Prediction) -> int:
        """The cursor stays on its token when newer weights put that elsewhere; else on the first."""
        if self.view.candidate == 0 or self.view.pending is None:
            return 0
        return prediction.index(self.view.token(self.view.candidate)) or 0

    def _wait_no_more(self) -> None:
        self._asked = self._asked_samples = None
        self._to_draw = None

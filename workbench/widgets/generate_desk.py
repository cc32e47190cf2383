"""What the Generate pane does with keys and answers, without a screen.

The desk holds the view that is drawn and an outbox of questions. The widget passes keys and answers
in, sends the questions on, and draws the view again where it changed.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from seqlm.errors import SeqlmError
from seqlm.protocol.queries import Drawn
from workbench.continuation import Continuation, Prediction
from workbench.widgets.generate_prompt import tokens_of, usable
from workbench.widgets.generate_view import GenerateView, Message, Source

AtOnce: TypeAlias = Callable[[str, tuple[str, ...], str], Prediction]
"""Answers a question (its id, tokens and weights) without waiting."""

N_SAMPLES = 10
MAX_DRAWN = 256


class PredictionWanted(NamedTuple):
    """What comes after these tokens, under these weights?"""

    request_id: str
    tokens: tuple[str, ...]
    weights: str


class SamplesWanted(NamedTuple):
    """This many continuations of a prompt."""

    request_id: str
    prompt: tuple[str, ...]
    how_many: int


class GenerateDesk:
    """The state of the pane and its rules.

    While nothing is drawn it follows: each time newer weights are told of, it asks what they expect
    after the prompt. What is drawn keeps the prediction that it was drawn from.
    """

    def __init__(self, prompt: tuple[str, ...] = ()) -> None:
        self.view = GenerateView(text=Continuation().begin(prompt))
        self.outbox: list[PredictionWanted | SamplesWanted] = []
        self._n_asked = 0
        self._asked: PredictionWanted | None = None
        self._asked_samples: str | None = None
        self._pending_after: tuple[str, ...] | None = None
        self._draw_when_known = False
        self._is_outdated = False

    @property
    def is_waiting(self) -> bool:
        """Whether a prediction was asked for and has not come yet."""
        return self._asked is not None

    def change(self, **changes: Any) -> None:
        """Changes what is drawn."""
        self.view = replace(self.view, **changes)

    def say(self, text: str, is_error: bool = False) -> None:
        """Puts a line at the bottom, until the next key."""
        self.change(message=Message(text, is_error))

    # What the app tells.

    def use_source(self, source: Source) -> None:
        """Takes another model, newer weights, or another vocabulary."""
        old = self.view.source
        if source == old:
            return
        self.change(source=source)
        if (source.vocabulary, source.has_end) != (old.vocabulary, old.has_end):
            prompt = usable(self.view.text.prompt, source)
            self._pending_after = None
            self.change(text=Continuation().begin(prompt), samples=None, pending=None, candidate=0)
            self._ask()
        elif self._must_ask_anew(old):
            self._ask()
        else:
            self._is_outdated = True

    def take_prediction(self, prediction: Prediction) -> None:
        """Takes the answer to the last question; an older one is ignored."""
        asked, text = self._asked, self.view.text
        if asked is None or prediction.request_id != asked.request_id:
            return
        self._asked = None
        if not prediction.candidates or text.here or asked.tokens != text.tokens_before:
            return
        self._pending_after = asked.tokens
        self.change(candidate=self._same_candidate(prediction), pending=prediction)
        if self._draw_when_known:
            self._draw(prediction)
        elif self._is_outdated:
            self._ask()

    def take_samples(self, request_id: str, samples: Sequence[Drawn]) -> None:
        """Takes the answer to the last request for samples."""
        if request_id == self._asked_samples:
            self._asked_samples = None
            self.change(samples=tuple(samples), message=None)

    def answer(self, question: PredictionWanted, answerer: AtOnce) -> None:
        """Has a question answered without waiting."""
        try:
            self.take_prediction(answerer(*question))
        except SeqlmError as error:
            self.take_refusal(str(error))

    def take_refusal(self, message: str) -> None:
        """Says why what was asked is not possible; nothing is waited for any more."""
        self._asked = self._asked_samples = None
        self._draw_when_known = False
        self.say(message, is_error=True)

    # What a person does.

    def draw(self) -> None:
        """Goes one token on; where none stands yet, draws one."""
        text = self.view.text
        self.change(message=None, showing="step")
        if text.has_ended:
            self.say("The text ends here. ← goes back, n draws this token again.")
        elif text.cursor + 1 < len(text.drawn):
            self._go(text.forward())
        elif self._asked is None or not self._draw_when_known:
            self._draw_at(text.forward())

    def back(self) -> None:
        """Goes one token back; a draw that is waited for is given up."""
        self._draw_when_known = False
        self.change(message=None, showing="step")
        self._go(self.view.text.back())

    def point_at(self, candidate: int) -> None:
        """Moves the cursor of the table, within it."""
        last = len(self.view.options) - 1
        self.change(candidate=max(0, min(candidate, last)), message=None)

    def take_candidate(self) -> None:
        """Puts the candidate under the cursor into the text: a branch."""
        if self.view.prediction is not None:
            self.change(message=None)
            self._go(self.view.text.pick(self.view.prediction, self.view.candidate))

    def draw_again(self) -> None:
        """Draws the token under the cursor with the next random number."""
        if self.view.text.here is None:
            self.say("Nothing is drawn here yet: → draws.")
            return
        self.change(message=None)
        self._go(self.view.text.redraw(self.view.sampling))
        if self.view.sampling.top_k == 1:
            self.say("top-k 1 leaves one candidate: every draw gives the same.")

    def ask_samples(self) -> None:
        """Asks for ten samples of the prompt."""
        if self.view.source.vocabulary:
            self._asked_samples = self._next_id()
            self.say(f"Drawing {N_SAMPLES} samples.")
            prompt = self.view.text.prompt
            self.outbox.append(SamplesWanted(self._asked_samples, prompt, N_SAMPLES))

    def undo(self) -> None:
        """Takes the last change of the text back."""
        self._go(self.view.text.undo())

    def redo(self) -> None:
        """Makes the change again that was taken back."""
        self._go(self.view.text.redo())

    def follow(self) -> None:
        """Lets the drawn tokens go (undo brings them back) and asks the newest weights."""
        self.change(message=None)
        if self.view.text.drawn:
            self._pending_after = None
            self._go(self.view.text.begin(self.view.text.prompt))

    def set_prompt(self, typed: str) -> None:
        """Begins anew after a typed prompt.

        Raises:
            RequestError: A character is not in the vocabulary, or there is nothing to begin after.
        """
        prompt = tokens_of(typed, self.view.source)
        self.change(message=None)
        if prompt != self.view.text.prompt:
            self._go(self.view.text.begin(prompt))

    def can_draw_on(self) -> bool:
        """Whether drawing by itself goes on; at the limit it says why not."""
        if len(self.view.text.drawn) >= MAX_DRAWN and not self.view.text.has_ended:
            self.say(f"{MAX_DRAWN} tokens and no end. → goes on, n draws again.")
            return False
        return not self.view.text.has_ended

    def _draw_at(self, text: Continuation) -> None:
        self.change(text=text)
        if self._pending_after == text.tokens_before and self.view.pending is not None:
            self._draw(self.view.pending)
        else:
            self._draw_when_known = True
            self.change(pending=None, candidate=0)
            self._ask()

    def _draw(self, prediction: Prediction) -> None:
        self._draw_when_known = False
        self._go(self.view.text.draw(prediction, self.view.sampling))

    def _go(self, text: Continuation) -> None:
        """Shows another text or place; asks what is expected there if that is not known."""
        here = text.here
        if here is not None:
            self.change(text=text, candidate=here.prediction.index(here.token) or 0)
            return
        is_known = self._pending_after == text.tokens_before
        self.change(text=text, candidate=0, pending=self.view.pending if is_known else None)
        if not is_known or self._is_outdated:
            self._ask()

    def _ask(self) -> None:
        source = self.view.source
        if not source.vocabulary:
            return
        self._is_outdated = False
        tokens = self.view.text.tokens_before
        self._asked = PredictionWanted(self._next_id(), tokens, source.weights)
        self.outbox.append(self._asked)

    def _next_id(self) -> str:
        self._n_asked += 1
        return f"generate-{self._n_asked}"

    def _must_ask_anew(self, old: Source) -> bool:
        """Whether newer weights are to be asked now: an answerer that is gone never answers."""
        if self._asked is not None:
            return old.weights != self.view.source.weights
        return not self.view.text.drawn

    def _same_candidate(self, prediction: Prediction) -> int:
        """The cursor stays on its token when newer weights put that elsewhere; else on the first."""
        if self.view.candidate == 0 or self.view.pending is None:
            return 0
        return prediction.index(self.view.token(self.view.candidate)) or 0

"""A text drawn token by token, with everything that explains each draw. Plain data, no screen.

Places are numbered from 0 after the prompt. The cursor stands on a place: one that holds a token, or
the first one after the last token. Every operation returns a new `Continuation`; what it replaced
stays reachable by `undo`.
"""

import math
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from seqlm.config import SampleConfig
from seqlm.data.tokenizer import END
from seqlm.generation import sampler

_MAX_UNDO = 1000


class Prediction(Struct, frozen=True, dict=True):
    """What a model expects at one place.

    Attributes:
        request_id: Of the question that this answers.
        candidates: (token, probability) of every token, most probable first.
        entropy_nats: How undecided the model is, before any sampling setting.
        step: Of the weights that answered; None for counts, which are not trained.
        sees: The tokens that the model looked at, as they were fed.
        surprisal: Nats of the tokens that were asked about, the last ones if they are fewer.
    """

    request_id: str
    candidates: tuple[tuple[str, float], ...]
    entropy_nats: float
    step: int | None = None
    sees: tuple[str, ...] = ()
    surprisal: tuple[float, ...] = ()

    @cached_property
    def probabilities(self) -> tuple[float, ...]:
        """The candidates' probabilities alone, most probable first."""
        return tuple(probability for _, probability in self.candidates)

    def index(self, token: str) -> int | None:
        """The place of a token among the candidates, None if it is no candidate."""
        return next((i for i, (name, _) in enumerate(self.candidates) if name == token), None)

    def sampled(self, sampling: SampleConfig) -> list[sampler.Candidate]:
        """Each candidate with the probability it is drawn with; 0 where it was cut.

        A candidate's ``token_id`` is its index in `candidates`.
        """
        return sampler.candidates(self.probabilities, sampling)


class DrawnToken(Struct, frozen=True):
    """A token and why it stands there.

    Attributes:
        token: The token.
        probability: What the model gave it; sampling never changes it.
        u: The number in [0, 1) that chose it; None if it was taken by hand.
        sample: Which of the fixed series of random numbers `u` is from.
        prediction: The distribution it was chosen from.
    """

    token: str
    probability: float
    u: float | None
    sample: int
    prediction: Prediction

    @property
    def surprisal(self) -> float:
        """-ln p under the model, in nats."""
        return -math.log(self.probability) if self.probability > 0 else math.inf

    @property
    def entropy_nats(self) -> float:
        """How undecided the model was before this token."""
        return self.prediction.entropy_nats


class _Text(Struct, frozen=True):
    """What undo brings back."""

    prompt: tuple[str, ...] = ()
    drawn: tuple[DrawnToken, ...] = ()
    cursor: int = 0


class Continuation(Struct, frozen=True):
    """A prompt, the tokens drawn after it, and a cursor among them."""

    now: _Text = field(default_factory=_Text)
    past: tuple[_Text, ...] = ()
    future: tuple[_Text, ...] = ()

    @property
    def prompt(self) -> tuple[str, ...]:
        """The tokens that were given."""
        return self.now.prompt

    @property
    def drawn(self) -> tuple[DrawnToken, ...]:
        """The tokens after the prompt, those beyond the cursor too."""
        return self.now.drawn

    @property
    def cursor(self) -> int:
        """The place that is looked at, 0 for the first after the prompt."""
        return self.now.cursor

    @property
    def here(self) -> DrawnToken | None:
        """The token under the cursor, None where none has been drawn yet."""
        return self.drawn[self.cursor] if self.cursor < len(self.drawn) else None

    @property
    def tokens_before(self) -> tuple[str, ...]:
        """What stands before the cursor: a prediction for this place is asked with it."""
        return (*self.prompt, *(drawn.token for drawn in self.drawn[: self.cursor]))

    @property
    def has_ended(self) -> bool:
        """Whether the token under the cursor is the end token, after which nothing comes."""
        return self.here is not None and self.here.token == END

    def begin(self, prompt: tuple[str, ...]) -> "Continuation":
        """Begins anew after another prompt."""
        return self._changed(_Text(prompt))

    def draw(
        self, prediction: Prediction, sampling: SampleConfig, sample: int = 0
    ) -> "Continuation":
        """Draws the token at the cursor; what stood there and after it makes room.

        The random number is fixed by the seed, the sample and the place, so the same draw can be
        made again with other weights.
        """
        u = sampler.uniform(sampling.seed, sample, self.cursor)
        options = prediction.sampled(sampling)
        return self._placed(prediction, options[sampler.choose(options, u)].token_id, u, sample)

    def redraw(self, sampling: SampleConfig) -> "Continuation":
        """Draws the token under the cursor again, with the next sample's random number."""
        here = self.here
        return self if here is None else self.draw(here.prediction, sampling, here.sample + 1)

    def pick(self, prediction: Prediction, index: int) -> "Continuation":
        """Puts a candidate of the person's choice at the cursor: a branch."""
        sample = self.here.sample if self.here else 0
        return self._placed(prediction, index, None, sample)

    def back(self) -> "Continuation":
        """Moves the cursor one place back; nothing is lost."""
        return self._moved(max(0, self.cursor - 1))

    def forward(self) -> "Continuation":
        """Moves the cursor one place on, at most to the first place without a token."""
        if self.here is None or self.has_ended:
            return self
        return self._moved(self.cursor + 1)

    def undo(self) -> "Continuation":
        """Brings back the text before the last change."""
        if not self.past:
            return self
        return Continuation(self.past[-1], self.past[:-1], (self.now, *self.future))

    def redo(self) -> "Continuation":
        """Makes the change again that was undone last."""
        if not self.future:
            return self
        return Continuation(self.future[0], (*self.past, self.now), self.future[1:])

    def _placed(
        self, prediction: Prediction, index: int, u: float | None, sample: int
    ) -> "Continuation":
        token, probability = prediction.candidates[index]
        drawn = DrawnToken(token, probability, u, sample, prediction)
        return self._changed(replace(self.now, drawn=(*self.drawn[: self.cursor], drawn)))

    def _moved(self, cursor: int) -> "Continuation":
        return (
            self if cursor == self.cursor else replace(self, now=replace(self.now, cursor=cursor))
        )

    def _changed(self, text: _Text) -> "Continuation":
        # What had been undone is walked through once more, so that undo still finds it.
        undone = (*self.future, self.now) if self.future else ()
        return Continuation(text, (*self.past, self.now, *undone)[-_MAX_UNDO:])

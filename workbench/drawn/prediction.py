"""What a model expects at one place of a text, and the token that was put there."""

import math
from functools import cached_property

from msgspec import Struct

from seqlm.config import SampleConfig
from seqlm.generation import sampler


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

    @cached_property
    def log_probabilities(self) -> tuple[float, ...]:
        """The logarithm of each: the model's logits up to a constant that changes no probability."""
        return tuple(math.log(p) if p > 0 else -math.inf for p in self.probabilities)

    def index(self, token: str) -> int | None:
        """The place of a token among the candidates, None if it is no candidate."""
        return next((i for i, (name, _) in enumerate(self.candidates) if name == token), None)

    def stages(self, sampling: SampleConfig) -> list[sampler.Stage]:
        """What each stage of the sampler makes of the candidates."""
        return sampler.stages(self.log_probabilities, sampling)

    def sampled(self, sampling: SampleConfig) -> list[sampler.Candidate]:
        """Each candidate with the probability it is drawn with; 0 where it was cut.

        A candidate's ``token_id`` is its index in `candidates`.
        """
        drawn_with = self.stages(sampling)[-1].values
        pairs = zip(self.probabilities, drawn_with, strict=True)
        return [sampler.Candidate(i, p, sampled) for i, (p, sampled) in enumerate(pairs)]


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

    def is_like(self, other: "DrawnToken") -> bool:
        """Whether the other is the same token out of the same distribution, however it was chosen."""
        return (
            self.token == other.token
            and self.prediction.step == other.prediction.step
            and self.prediction.candidates == other.prediction.candidates
        )

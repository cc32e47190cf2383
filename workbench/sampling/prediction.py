"""What a model expects at one place of a text, and the token that was put there."""

import math
from array import array

from msgspec import Struct

from seqlm.configuration.run_config import SampleConfig
from seqlm.generation import sampler
from seqlm.generation.sampler import log_or_minus_inf


class Prediction(Struct, frozen=True):
    """What a model expects at one place. A text keeps one for each token: of a token 12 bytes.

    Attributes:
        request_id: Of the question that this answers.
        vocabulary: The token of each id, the same tuple in every prediction of a text.
        ids: The candidates, which are all tokens, most probable first.
        probabilities: Of each candidate.
        entropy_nats: How undecided the model is, before any sampling setting.
        step: Of the weights that answered; None for counts, which are not trained.
        sees: The tokens that the model looked at, as they were fed.
        surprisal: Nats of the tokens that were asked about, the last ones if they are fewer.
    """

    request_id: str
    vocabulary: tuple[str, ...]
    ids: "array[int]"
    probabilities: "array[float]"
    entropy_nats: float
    step: int | None = None
    sees: tuple[str, ...] = ()
    surprisal: tuple[float, ...] = ()

    def __hash__(self) -> int:
        return hash((self.request_id, self.step, self.entropy_nats))  # an array has no hash

    def token(self, index: int) -> str:
        """The token of a candidate."""
        return self.vocabulary[self.ids[index]]

    def log_probability(self, index: int) -> float:
        """The model's logit of a candidate, up to a constant that changes no probability."""
        return log_or_minus_inf(self.probabilities[index])

    def index(self, token: str) -> int | None:
        """The place of a token among the candidates, None if it is no candidate."""
        names = self.vocabulary
        return next((i for i, token_id in enumerate(self.ids) if names[token_id] == token), None)

    def probability_of(self, token: str) -> float:
        """What the model gives a token; 0 if it is no candidate."""
        index = self.index(token)
        return 0.0 if index is None else self.probabilities[index]

    def stages(self, sampling: SampleConfig) -> list[sampler.SamplerStage]:
        """What each stage of the sampler makes of the candidates."""
        return sampler.sampler_stages(list(map(log_or_minus_inf, self.probabilities)), sampling)

    def sampled(self, sampling: SampleConfig) -> list[sampler.Candidate]:
        """Each candidate with the probability it is drawn with; 0 where it was cut.

        A candidate's ``token_id`` is its place among them.
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
            and self.prediction.ids == other.prediction.ids
            and self.prediction.probabilities == other.prediction.probabilities
            and self.prediction.vocabulary == other.prediction.vocabulary
        )

"""Next-token distribution at one place of a text, and a token sampled from it."""

import math
from array import array

from msgspec import Struct

from seqlm.configuration.run_config import SampleConfig
from seqlm.generation import sampler
from seqlm.generation.sampler import log_or_minus_inf


class Prediction(Struct, frozen=True):
    """Next-token distribution at one place. A text keeps one for each token, 12 bytes a candidate.

    Attributes:
        request_id: Id of the request that this prediction answers.
        vocabulary: Token of each id; the same tuple in every prediction of a text.
        ids: Token ids of all candidates, most probable first.
        probabilities: Probability of each candidate.
        entropy_nats: Entropy of the distribution before any sampling setting.
        step: Step of the weights; None for counts, which are not trained.
        sees: Tokens in the model's context.
        surprisal: Surprisal in nats of the last tokens of the request; possibly fewer.
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
        """Return the token of a candidate."""
        return self.vocabulary[self.ids[index]]

    def log_probability(self, index: int) -> float:
        """Return the log probability of a candidate: the model's logit up to a constant."""
        return log_or_minus_inf(self.probabilities[index])

    def index(self, token: str) -> int | None:
        """Return the index of a token among the candidates; None if it is not a candidate."""
        names = self.vocabulary
        return next((i for i, token_id in enumerate(self.ids) if names[token_id] == token), None)

    def probability_of(self, token: str) -> float:
        """Return the probability of a token; 0 if it is not a candidate."""
        index = self.index(token)
        return 0.0 if index is None else self.probabilities[index]

    def stages(self, sampling: SampleConfig) -> list[sampler.SamplerStage]:
        """Return the distribution after each stage of the sampler."""
        return sampler.sampler_stages(list(map(log_or_minus_inf, self.probabilities)), sampling)

    def candidates(self, sampling: SampleConfig) -> list[sampler.Candidate]:
        """Return each candidate with its probability after sampling; 0 where it was cut.

        The ``token_id`` of a candidate is its index here, not its id in the vocabulary.
        """
        after_sampling = self.stages(sampling)[-1].values
        pairs = zip(self.probabilities, after_sampling, strict=True)
        return [sampler.Candidate(i, p, sampled) for i, (p, sampled) in enumerate(pairs)]


class SampledToken(Struct, frozen=True):
    """Token of a text and the distribution that it was sampled from.

    Attributes:
        token: Token.
        probability: Probability under the model, independent of the sampling settings.
        u: Random number in [0, 1) that selected the token; None if a person chose it.
        series: Series of fixed random numbers that `u` is from.
        prediction: Distribution that the token was sampled from.
    """

    token: str
    probability: float
    u: float | None
    series: int
    prediction: Prediction

    @property
    def surprisal(self) -> float:
        """Surprisal under the model, -ln p, in nats."""
        return -math.log(self.probability) if self.probability > 0 else math.inf

    @property
    def entropy_nats(self) -> float:
        """Entropy of the distribution that the token was sampled from."""
        return self.prediction.entropy_nats

    def is_like(self, other: "SampledToken") -> bool:
        """Return True if the other token and its distribution are the same; `u` may differ."""
        return (
            self.token == other.token
            and self.prediction.step == other.prediction.step
            and self.prediction.ids == other.prediction.ids
            and self.prediction.probabilities == other.prediction.probabilities
            and self.prediction.vocabulary == other.prediction.vocabulary
        )

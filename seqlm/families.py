"""The families of models: the settings of each, and what everything else has to know of it."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """The settings of one family of models, and what everything else has to know of the family.

    Attributes:
        learns_by_counting: It reads the training split once; there is nothing to go down by steps.
    """

    learns_by_counting: ClassVar[bool] = False

    @property
    def context(self) -> int | None:
        """How many of the last tokens a prediction depends on; None where it is all of them."""
        return None

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Trainable numbers in the model of V tokens.

        Args:
            n_vocab: V.
            n_rows: Rows of the embedding of a fixed context: V, and one more where what comes before
                the first token is no token of the vocabulary.
        """
        raise NotImplementedError


class NgramConfig(Family, frozen=True, kw_only=True, tag="ngram"):
    """A table of counts: the probability of a token given the n-1 before it."""

    learns_by_counting: ClassVar[bool] = True

    order: Annotated[
        int, Meta(ge=1, le=12, description="tokens in one count: 2 is the bigram table")
    ] = 2
    smoothing: Annotated[
        Literal["add-k", "witten-bell", "kneser-ney"],
        Meta(description="how probability is kept for what was never counted"),
    ] = "add-k"
    add_k: Annotated[
        float, Meta(ge=1e-6, le=1000, description="added to every count (smoothing add-k only)")
    ] = 1.0

    @property
    def context(self) -> int:
        """All tokens of a gram but the last."""
        return self.order - 1

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """None: counts are not trained."""
        return 0


Dropout: TypeAlias = Annotated[
    float, Meta(ge=0, lt=1, description="share of units silenced at random in training")
]
Embedding: TypeAlias = Annotated[
    int, Meta(ge=1, le=8192, description="numbers that stand for one token")
]
Hidden: TypeAlias = Annotated[int, Meta(ge=1, le=8192, description="units in a hidden layer")]
Layers: TypeAlias = Annotated[int, Meta(ge=1, le=16, description="hidden layers")]


class MlpConfig(Family, frozen=True, kw_only=True, tag="mlp"):
    """Embeddings of the last tokens side by side, hidden layers, output (Bengio et al. 2003)."""

    context: Annotated[
        int, Meta(ge=1, le=512, description="tokens it sees", extra={"unit": "tokens"})
    ] = 3
    embedding: Embedding = 10
    hidden: Hidden = 200
    layers: Layers = 1
    activation: Annotated[
        Literal["tanh", "gelu"], Meta(description="the curve of a hidden unit")
    ] = "tanh"
    dropout: Dropout = 0.0
    init: Annotated[
        Literal["library", "scaled", "lecture"],
        Meta(description="first weights: torch's, by fan-in with a quiet output, or plain N(0,1)"),
    ] = "scaled"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, hidden layers, output."""
        widths = [self.context * self.embedding, *[self.hidden] * self.layers, n_vocab]
        return n_rows * self.embedding + sum(_linear(*pair) for pair in pairwise(widths))


class ElmanConfig(Family, frozen=True, kw_only=True, tag="elman"):
    """The simple recurrence written out (Elman 1990): a hidden vector fed back at each token."""

    embedding: Embedding = 48
    hidden: Hidden = 256
    dropout: Dropout = 0.0

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, the recurrent layer, output."""
        layer = _recurrent(self.embedding, self.hidden)
        return n_vocab * self.embedding + layer + _linear(self.hidden, n_vocab)


class LstmConfig(Family, frozen=True, kw_only=True, tag="lstm"):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), the library's kernel."""

    embedding: Embedding = 48
    hidden: Hidden = 192
    layers: Layers = 1
    dropout: Dropout = 0.0

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, four gates in each layer, output."""
        n_in = [self.embedding, *[self.hidden] * (self.layers - 1)]
        layers = sum(4 * _recurrent(n, self.hidden) for n in n_in)
        return n_vocab * self.embedding + layers + _linear(self.hidden, n_vocab)


ModelConfig: TypeAlias = NgramConfig | MlpConfig | ElmanConfig | LstmConfig


def _linear(n_in: int, n_out: int) -> int:
    """A weight for each pair, and a bias for each output."""
    return n_in * n_out + n_out


def _recurrent(n_in: int, n_hidden: int) -> int:
    """From the input and from the state before, each with a bias, as torch counts them."""
    return _linear(n_in, n_hidden) + _linear(n_hidden, n_hidden)

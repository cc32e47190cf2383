"""Configurations of the ten model families, and the registry of them."""

from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

from msgspec import Meta

from seqlm.configuration.model_base import (
    Activation,
    Context,
    Dropout,
    Embedding,
    Hidden,
    Init,
    Input,
    Layers,
    ModelFamily,
    NetworkFamily,
    Tied,
    input_width,
    n_input_output,
    n_linear,
    n_output,
    n_recurrent,
    n_stack,
)
from seqlm.configuration.schema import SettingConditions, only_if
from seqlm.errors import RequestError


class NgramConfig(ModelFamily, frozen=True, kw_only=True, tag="ngram"):
    """An n-gram model: next-token probabilities by counting, given the last n-1 tokens."""

    noun: ClassVar[str] = "an n-gram model"
    learns_by_counting: ClassVar[bool] = True
    context_setting: ClassVar[str] = "order"
    conditions: ClassVar[SettingConditions] = {"add_k": (only_if("model.smoothing", "add-k"),)}

    order: Annotated[
        int,
        Meta(
            ge=1,
            le=12,
            description="N-gram order: the n of the n-gram; 2 counts pairs of tokens (bigrams)",
        ),
    ] = 2
    smoothing: Annotated[
        Literal["add-k", "witten-bell", "kneser-ney"],
        Meta(description="Smoothing: how n-grams that never occurred get a probability"),
    ] = "add-k"
    add_k: Annotated[
        float, Meta(ge=1e-6, le=1000, description="Add-k: the amount added to every count")
    ] = 1.0

    @property
    def context(self) -> int:
        """The n-1 tokens before the predicted one."""
        return self.order - 1

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return 0: counts are not trained."""
        return 0


class BigramConfig(ModelFamily, frozen=True, kw_only=True, tag="bigram"):
    """A bigram model as one linear layer on one-hot tokens: a trainable table of logits."""

    noun: ClassVar[str] = "a bigram model"

    init: Init = "scaled"

    @property
    def context(self) -> int:
        """Only the last token."""
        return 1

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return V * V: one weight for each pair of tokens."""
        return n_vocab * n_vocab


class MlpConfig(NetworkFamily, frozen=True, kw_only=True, tag="mlp"):
    """A multilayer perceptron on the concatenated embeddings of the context (Bengio et al. 2003)."""

    context: Context = 3
    embedding: Embedding = 10
    hidden: Hidden = 200
    layers: Layers = 1
    activation: Activation = "tanh"
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "scaled"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embedding, hidden layers and output layer."""
        n_in = self.context * input_width(self, n_vocab)
        return n_input_output(self, n_vocab, n_rows) + n_stack(n_in, self.hidden, self.layers)


class BowConfig(NetworkFamily, frozen=True, kw_only=True, tag="bow"):
    """A bag of words: the mean of all embeddings so far, then hidden layers."""

    noun: ClassVar[str] = "a bag of words"

    embedding: Embedding = 64
    hidden: Hidden = 256
    layers: Layers = 1
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "scaled"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embedding, hidden layers (mean and last token) and output layer."""
        n_in = 2 * input_width(self, n_vocab)
        return n_input_output(self, n_vocab, n_vocab) + n_stack(n_in, self.hidden, self.layers)


class ElmanConfig(NetworkFamily, frozen=True, kw_only=True, tag="elman"):
    """A simple recurrent network (Elman 1990), written out step by step."""

    noun: ClassVar[str] = "an Elman network"

    embedding: Embedding = 48
    hidden: Hidden = 256
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embedding, recurrent layer and output layer."""
        return n_input_output(self, n_vocab, n_vocab) + n_recurrent(
            input_width(self, n_vocab), self.hidden
        )


class RecurrentFamily(NetworkFamily, frozen=True, kw_only=True):
    """Base of the recurrent networks of PyTorch.

    Attributes:
        n_gates: Weight matrices of the hidden size per layer: 1 (RNN), 3 (GRU) or 4 (LSTM).
    """

    n_gates: ClassVar[int] = 1

    embedding: Embedding = 48
    hidden: Hidden = 256
    layers: Layers = 1
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embedding, all gates of each layer and output layer."""
        n_in = [input_width(self, n_vocab), *[self.hidden] * (self.layers - 1)]
        layers = self.n_gates * sum(n_recurrent(n, self.hidden) for n in n_in)
        return n_input_output(self, n_vocab, n_vocab) + layers


class RnnConfig(RecurrentFamily, frozen=True, kw_only=True, tag="rnn"):
    """A simple recurrent network of any number of layers, with PyTorch's kernel."""

    noun: ClassVar[str] = "an RNN"


class GruConfig(RecurrentFamily, frozen=True, kw_only=True, tag="gru"):
    """Gated recurrent units (Cho et al. 2014), with PyTorch's kernel."""

    noun: ClassVar[str] = "a GRU"
    n_gates: ClassVar[int] = 3


class LstmConfig(RecurrentFamily, frozen=True, kw_only=True, tag="lstm"):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with PyTorch's kernel."""

    noun: ClassVar[str] = "an LSTM"
    n_gates: ClassVar[int] = 4
    conditions: ClassVar[SettingConditions] = {
        **RecurrentFamily.conditions,
        "memory": (only_if("model.forget_bias", "chrono"),),
    }

    hidden: Hidden = 192
    forget_bias: Annotated[
        Annotated[str, Meta(pattern=r"^(-?\d{1,2}(\.\d{1,6})?|chrono)$")] | None,
        Meta(description="Forget gate bias: a number, chrono, or off for PyTorch's initialization"),
    ] = None
    memory: Annotated[
        int,
        Meta(
            ge=2,
            le=10**6,
            description="Chrono memory: longest dependency that chrono initialization allows for",
            extra={"unit": "tokens"},
        ),
    ] = 64


class WaveNetConfig(NetworkFamily, frozen=True, kw_only=True, tag="wavenet"):
    """A WaveNet: dilated causal convolutions that join tokens in pairs, then pairs of pairs."""

    context_setting: ClassVar[str] = "layers"

    embedding: Embedding = 32
    hidden: Hidden = 128
    layers: Annotated[
        int,
        Meta(ge=1, le=10, description="Layers: number of hidden layers; each doubles the context"),
    ] = 3
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "scaled"

    @property
    def context(self) -> int:
        """2 to the power of the number of layers."""
        return int(2**self.layers)

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embedding, convolutions over two neighbors and output layer."""
        n_in = [input_width(self, n_vocab), *[self.hidden] * (self.layers - 1)]
        layers = sum(n_linear(2 * n, self.hidden) for n in n_in)
        return n_input_output(self, n_vocab, n_rows) + layers


class TransformerConfig(ModelFamily, frozen=True, kw_only=True, tag="transformer"):
    """A causal transformer (Vaswani et al. 2017), pre-norm, with learned positions."""

    max_tokens: Annotated[
        int,
        Meta(
            ge=1,
            le=8192,
            description="Context length: maximum number of tokens the model sees",
            extra={"unit": "tokens"},
        ),
    ] = 64
    width: Annotated[
        int,
        Meta(
            ge=1, le=8192, description="Width: dimensions of the vector of one token in each layer"
        ),
    ] = 64
    heads: Annotated[
        int,
        Meta(ge=1, le=64, description="Attention heads: parts of the width that attend separately"),
    ] = 4
    layers: Layers = 2
    hidden: Hidden = 128
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the parameters of embeddings, all layers, final norm and output layer."""
        width, norm = self.width, 2 * self.width
        attention = n_linear(width, 3 * width) + n_linear(width, width)
        layer = 2 * norm + attention + n_linear(width, self.hidden) + n_linear(self.hidden, width)
        embeddings = (n_vocab + self.max_tokens) * width
        return embeddings + self.layers * layer + norm + n_output(width, n_vocab, self.tied)

    def check(self) -> None:
        """Check that the number of heads divides the width.

        Raises:
            RequestError: It does not; names the divisors.
        """
        if self.width % self.heads:
            raise RequestError(
                f"model.heads={self.heads} does not divide model.width={self.width};"
                f" allowed: {_divisors(self.width, 64)}",
                self.heads,
            )


ModelConfig: TypeAlias = (
    NgramConfig
    | BigramConfig
    | MlpConfig
    | BowConfig
    | ElmanConfig
    | RnnConfig
    | GruConfig
    | LstmConfig
    | WaveNetConfig
    | TransformerConfig
)

FAMILIES: dict[str, type[ModelFamily]] = {
    str(family.__struct_config__.tag): family for family in get_args(ModelConfig)
}
"""Each model family by its name."""
COUNT_BASED = tuple(kind for kind, family in FAMILIES.items() if family.learns_by_counting)
"""Names of the families that are counted, not trained."""
LENGTH_LIMITED = tuple(kind for kind, family in FAMILIES.items() if family().max_tokens is not None)
"""Names of the families that cannot carry a state: they read a limited number of tokens."""


def _divisors(n: int, largest: int) -> str:
    return ", ".join(str(k) for k in range(1, min(n, largest) + 1) if n % k == 0)

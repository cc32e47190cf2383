"""The families of models: the settings of each, and what everything else has to know of it."""

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
    """A table of counts: the probability of a token given the n-1 before it."""

    learns_by_counting: ClassVar[bool] = True
    only_with: ClassVar[SettingConditions] = {"add_k": (only_if("model.smoothing", "add-k"),)}

    order: Annotated[
        int, Meta(ge=1, le=12, description="tokens in one count: 2 is the bigram table")
    ] = 2
    smoothing: Annotated[
        Literal["add-k", "witten-bell", "kneser-ney"],
        Meta(description="how probability is kept for what was never counted"),
    ] = "add-k"
    add_k: Annotated[float, Meta(ge=1e-6, le=1000, description="added to every count")] = 1.0

    @property
    def context(self) -> int:
        """All tokens of a gram but the last."""
        return self.order - 1

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """None: counts are not trained."""
        return 0


class BigramConfig(ModelFamily, frozen=True, kw_only=True, tag="bigram"):
    """One linear layer on one-hot tokens, which is a trainable table: a row for each last token."""

    init: Init = "scaled"

    @property
    def context(self) -> int:
        """The last token alone."""
        return 1

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """A number for each pair of tokens."""
        return n_vocab * n_vocab


class MlpConfig(NetworkFamily, frozen=True, kw_only=True, tag="mlp"):
    """Embeddings of the last tokens side by side, hidden layers, output (Bengio et al. 2003)."""

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
        """Embedding, hidden layers, output."""
        n_in = self.context * input_width(self, n_vocab)
        return n_input_output(self, n_vocab, n_rows) + n_stack(n_in, self.hidden, self.layers)


class BowConfig(NetworkFamily, frozen=True, kw_only=True, tag="bow"):
    """A bag of words: the mean of all embeddings so far, in no order, then hidden layers."""

    embedding: Embedding = 64
    hidden: Hidden = 256
    layers: Layers = 1
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "scaled"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, hidden layers on the mean and the last token, output."""
        n_in = 2 * input_width(self, n_vocab)
        return n_input_output(self, n_vocab, n_vocab) + n_stack(n_in, self.hidden, self.layers)


class ElmanConfig(NetworkFamily, frozen=True, kw_only=True, tag="elman"):
    """The simple recurrence written out (Elman 1990): a hidden vector fed back at each token."""

    embedding: Embedding = 48
    hidden: Hidden = 256
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, the recurrent layer, output."""
        return n_input_output(self, n_vocab, n_vocab) + n_recurrent(
            input_width(self, n_vocab), self.hidden
        )


class RecurrentFamily(NetworkFamily, frozen=True, kw_only=True):
    """What the recurrent networks of the library share: layers of ``n_gates`` times hidden units."""

    n_gates: ClassVar[int] = 1

    embedding: Embedding = 48
    hidden: Hidden = 256
    layers: Layers = 1
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, the gates of each layer, output."""
        n_in = [input_width(self, n_vocab), *[self.hidden] * (self.layers - 1)]
        layers = self.n_gates * sum(n_recurrent(n, self.hidden) for n in n_in)
        return n_input_output(self, n_vocab, n_vocab) + layers


class RnnConfig(RecurrentFamily, frozen=True, kw_only=True, tag="rnn"):
    """The simple recurrent network, the library's kernel: any number of Elman's layers."""


class GruConfig(RecurrentFamily, frozen=True, kw_only=True, tag="gru"):
    """Gated recurrent units (Cho et al. 2014): one vector, updated a little or much."""

    n_gates: ClassVar[int] = 3


class LstmConfig(RecurrentFamily, frozen=True, kw_only=True, tag="lstm"):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), the library's kernel."""

    n_gates: ClassVar[int] = 4
    only_with: ClassVar[SettingConditions] = {
        **RecurrentFamily.only_with,
        "memory": (only_if("model.forget_bias", "chrono"),),
    }

    hidden: Hidden = 192
    forget_bias: Annotated[
        Annotated[str, Meta(pattern=r"^(-?\d{1,2}(\.\d{1,6})?|chrono)$")] | None,
        Meta(description="the forget gate at first: a number, chrono, or off for the library's"),
    ] = None
    memory: Annotated[
        int,
        Meta(
            ge=2,
            le=10**6,
            description="longest span to be remembered",
            extra={"unit": "tokens"},
        ),
    ] = 64


class WaveNetConfig(NetworkFamily, frozen=True, kw_only=True, tag="wavenet"):
    """Tokens joined in pairs, pairs of pairs, and so on: a dilated causal convolution."""

    sees_by: ClassVar[str] = "layers"

    embedding: Embedding = 32
    hidden: Hidden = 128
    layers: Annotated[
        int, Meta(ge=1, le=10, description="hidden layers; each doubles the tokens it sees")
    ] = 3
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    input: Input = "embedding"
    tied: Tied = False
    init: Init = "scaled"

    @property
    def context(self) -> int:
        """Two tokens for the first layer, twice as many with each further one."""
        return int(2**self.layers)

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Embedding, a product of two neighbours in each layer, output."""
        n_in = [input_width(self, n_vocab), *[self.hidden] * (self.layers - 1)]
        layers = sum(n_linear(2 * n, self.hidden) for n in n_in)
        return n_input_output(self, n_vocab, n_rows) + layers


class TransformerConfig(ModelFamily, frozen=True, kw_only=True, tag="transformer"):
    """Causal self-attention (Vaswani et al. 2017), pre-norm, with learned positions."""

    max_tokens: Annotated[
        int,
        Meta(
            ge=1, le=8192, description="positions, so tokens it can see", extra={"unit": "tokens"}
        ),
    ] = 64
    width: Annotated[
        int, Meta(ge=1, le=8192, description="numbers that stand for one token in each layer")
    ] = 64
    heads: Annotated[
        int, Meta(ge=1, le=64, description="parts of the width that attend each on its own")
    ] = 4
    layers: Layers = 2
    hidden: Hidden = 128
    activation: Activation = "gelu"
    dropout: Dropout = 0.0
    tied: Tied = False
    init: Init = "library"

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Tokens and positions; norms, attention and hidden units of each layer; norm and output."""
        width, norm = self.width, 2 * self.width
        attention = n_linear(width, 3 * width) + n_linear(width, width)
        layer = 2 * norm + attention + n_linear(width, self.hidden) + n_linear(self.hidden, width)
        tables = (n_vocab + self.max_tokens) * width
        return tables + self.layers * layer + norm + n_output(width, n_vocab, self.tied)

    def check(self) -> None:
        """The heads share the width evenly."""
        if self.width % self.heads:
            raise RequestError(
                f"model.heads={self.heads} does not divide model.width={self.width};"
                f" taken: {_divisors(self.width, 64)}",
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
"""Each family by its name."""
COUNTED = tuple(kind for kind, family in FAMILIES.items() if family.learns_by_counting)
"""The families that are counted, not trained."""
LIMITED = tuple(kind for kind, family in FAMILIES.items() if family().max_tokens is not None)
"""The families that begin anew with each piece of a text: what they can read has an end."""


def _divisors(n: int, largest: int) -> str:
    return ", ".join(str(k) for k in range(1, min(n, largest) + 1) if n % k == 0)

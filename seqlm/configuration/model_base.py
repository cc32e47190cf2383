"""Base of all model configurations: shared settings and parameter counting."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Protocol, TypeAlias, cast

from msgspec import Meta, Struct

from seqlm.configuration.schema import SettingConditions, only_if
from seqlm.errors import RequestError


class ModelFamily(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of the settings of one model family.

    Attributes:
        learns_by_counting: True if the model counts the training split once instead of training.
        context_setting: Name of the setting that determines the length of a fixed context.
        noun: What a model of this family is called in messages.
        conditions: Conditions under which a setting has an effect, by name of the setting.
    """

    noun: ClassVar[str] = "this model"
    learns_by_counting: ClassVar[bool] = False
    context_setting: ClassVar[str] = "context"
    conditions: ClassVar[SettingConditions] = {}

    @property
    def context(self) -> int | None:
        """Number of last tokens that a prediction depends on; None for all of them."""
        return None

    @property
    def max_tokens(self) -> int | None:
        """Number of tokens that the model can read; None for no limit."""
        return None

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Return the number of trainable parameters.

        Args:
            n_vocab: V, the number of tokens in the vocabulary.
            n_rows: Rows of the embedding of a fixed context: V, or V + 1 if the padding before the
                first token is not a token of the vocabulary.
        """
        raise NotImplementedError

    def check(self) -> None:
        """Check that the settings are compatible with each other.

        Raises:
            RequestError: Two settings are incompatible; names both.
        """


Context: TypeAlias = Annotated[
    int,
    Meta(
        ge=1,
        le=512,
        description="Context: number of previous tokens the model sees",
        extra={"unit": "tokens"},
    ),
]
Embedding: TypeAlias = Annotated[
    int, Meta(ge=1, le=8192, description="Embedding size: dimensions of the vector of one token")
]
Hidden: TypeAlias = Annotated[
    int, Meta(ge=1, le=8192, description="Hidden size: units in a hidden layer")
]
Layers: TypeAlias = Annotated[int, Meta(ge=1, le=16, description="Layers: number of hidden layers")]
Activation: TypeAlias = Annotated[
    Literal["tanh", "gelu", "relu"],
    Meta(description="Activation: the nonlinear activation function of the hidden units"),
]
Dropout: TypeAlias = Annotated[
    float,
    Meta(ge=0, lt=1, description="Dropout: fraction of activations set to zero during training"),
]
Input: TypeAlias = Annotated[
    Literal["embedding", "one_hot", "scalar"],
    Meta(description="Input encoding: embedding (learned), one_hot, or scalar (the token id)"),
]
Tied: TypeAlias = Annotated[
    bool, Meta(description="Weight tying: the output layer shares the weights of the embedding")
]
Init: TypeAlias = Annotated[
    Literal["library", "scaled", "lecture"],
    Meta(description="Initialization: library (PyTorch's), scaled (by fan-in) or lecture (N(0,1))"),
]


class InputOutputConfig(Protocol):
    """The settings of the input and output layers of a network."""

    @property
    def input(self) -> str:
        """The encoding of a token: ``embedding``, ``one_hot`` or ``scalar``."""

    @property
    def embedding(self) -> int:
        """Number of dimensions of the embedding."""

    @property
    def hidden(self) -> int:
        """Number of dimensions that the output layer reads."""

    @property
    def tied(self) -> bool:
        """True if the output layer shares the weights of the embedding."""


class NetworkFamily(ModelFamily, frozen=True, kw_only=True):
    """Base of the families whose input and output layers can share weights."""

    conditions: ClassVar[SettingConditions] = {"embedding": (only_if("model.input", "embedding"),)}

    def check(self) -> None:
        """Check that the settings are compatible; see :meth:`ModelFamily.check`."""
        check_tied(cast(InputOutputConfig, self))


def check_tied(config: InputOutputConfig) -> None:
    """Check that weight tying has an embedding of the same size as the hidden vectors.

    Raises:
        RequestError: There is no embedding, or the sizes differ.
    """
    if config.tied and config.input != "embedding":
        raise RequestError(
            f"model.tied=true needs model.input=embedding; {config.input} has no embedding to share",
            config.input,
        )
    if config.tied and config.embedding != config.hidden:
        raise RequestError(
            f"model.tied=true needs model.embedding={config.embedding} equal to"
            f" model.hidden={config.hidden}",
            config.embedding,
        )


def count_parameters(config: ModelFamily, n_vocab: int, has_end: bool = True) -> int:
    """Return the number of trainable parameters of a model, without building it.

    Args:
        config: The model configuration.
        n_vocab: V, the number of tokens in the vocabulary.
        has_end: True if items end with an end token. Without one, the embedding of a fixed context
            has one more row, for the padding before the first token.
    """
    return config.n_parameters(n_vocab, n_vocab if has_end else n_vocab + 1)


def input_width(config: InputOutputConfig, n_vocab: int) -> int:
    """Return the number of dimensions of the input vector of one token."""
    return {"embedding": int(config.embedding), "one_hot": n_vocab, "scalar": 1}[config.input]


def n_input_output(config: InputOutputConfig, n_vocab: int, n_rows: int) -> int:
    """Return the number of parameters of the embedding, if any, and the output layer."""
    embedding = n_rows * config.embedding if config.input == "embedding" else 0
    return int(embedding) + n_output(config.hidden, n_vocab, config.tied)


def n_output(n_hidden: int, n_vocab: int, tied: bool) -> int:
    """Return the number of parameters of the output layer; a tied layer has only its biases."""
    return n_vocab if tied else n_linear(n_hidden, n_vocab)


def n_stack(n_in: int, n_hidden: int, n_layers: int) -> int:
    """Return the number of parameters of a stack of linear layers."""
    return sum(n_linear(*pair) for pair in pairwise([n_in, *[n_hidden] * n_layers]))


def n_linear(n_in: int, n_out: int) -> int:
    """Return the number of parameters of a linear layer with bias."""
    return n_in * n_out + n_out


def n_recurrent(n_in: int, n_hidden: int) -> int:
    """Return the number of parameters of one recurrent layer, with two biases as in PyTorch."""
    return n_linear(n_in, n_hidden) + n_linear(n_hidden, n_hidden)

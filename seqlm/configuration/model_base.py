"""What a family of models is: the settings that several share, and how its numbers are counted."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Protocol, TypeAlias, cast

from msgspec import Meta, Struct

from seqlm.configuration.schema import SettingConditions, only_if
from seqlm.errors import RequestError


class ModelFamily(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """The settings of one family of models, and what everything else has to know of the family.

    Attributes:
        learns_by_counting: It reads the training split once; there is nothing to go down by steps.
        sees_by: The setting that says how far back a fixed context reaches.
        only_with: What some settings need of other ones to have an effect, by their names.
    """

    learns_by_counting: ClassVar[bool] = False
    sees_by: ClassVar[str] = "context"
    only_with: ClassVar[SettingConditions] = {}

    @property
    def context(self) -> int | None:
        """How many of the last tokens a prediction depends on; None where it is all of them."""
        return None

    @property
    def max_tokens(self) -> int | None:
        """How many tokens it can read from nothing; None where it goes on and on."""
        return None

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        """Trainable numbers in the model of V tokens.

        Args:
            n_vocab: V.
            n_rows: Rows of the embedding of a fixed context: V, and one more where what comes before
                the first token is no token of the vocabulary.
        """
        raise NotImplementedError

    def check(self) -> None:
        """Hold the settings against each other.

        Raises:
            RequestError: Two do not go together; names both.
        """


Context: TypeAlias = Annotated[
    int, Meta(ge=1, le=512, description="tokens it sees", extra={"unit": "tokens"})
]
Embedding: TypeAlias = Annotated[
    int, Meta(ge=1, le=8192, description="numbers that stand for one token")
]
Hidden: TypeAlias = Annotated[int, Meta(ge=1, le=8192, description="units in a hidden layer")]
Layers: TypeAlias = Annotated[int, Meta(ge=1, le=16, description="hidden layers")]
Activation: TypeAlias = Annotated[
    Literal["tanh", "gelu", "relu"], Meta(description="the curve of a hidden unit")
]
Dropout: TypeAlias = Annotated[
    float, Meta(ge=0, lt=1, description="share of units silenced at random in training")
]
Input: TypeAlias = Annotated[
    Literal["embedding", "one_hot", "scalar"],
    Meta(description="a token as learned numbers, as one 1 among V-1 zeros, or as its bare id"),
]
Tied: TypeAlias = Annotated[
    bool, Meta(description="the output reads the embedding's table instead of weights of its own")
]
Init: TypeAlias = Annotated[
    Literal["library", "scaled", "lecture"],
    Meta(description="first weights: torch's, by fan-in with a quiet output, or plain N(0,1)"),
]


class InputOutputConfig(Protocol):
    """The settings of the two ends of a network: how tokens come in, and how predictions go out."""

    @property
    def input(self) -> str:
        """How a token is fed."""

    @property
    def embedding(self) -> int:
        """Numbers in a row of the embedding's table."""

    @property
    def hidden(self) -> int:
        """Numbers that the output reads."""

    @property
    def tied(self) -> bool:
        """Whether the output reads the embedding's table."""


class NetworkFamily(ModelFamily, frozen=True, kw_only=True):
    """A family that is fed tokens as vectors: the settings of the two ends have to fit each other."""

    only_with: ClassVar[SettingConditions] = {"embedding": (only_if("model.input", "embedding"),)}

    def check(self) -> None:
        """Hold the settings against each other; see :class:`ModelFamily`."""
        check_tied(cast(InputOutputConfig, self))


def check_tied(config: InputOutputConfig) -> None:
    """A tied output needs a table, and hidden vectors as wide as its rows."""
    if config.tied and config.input != "embedding":
        raise RequestError(
            f"model.tied=true needs model.input=embedding; {config.input} has no table to share",
            config.input,
        )
    if config.tied and config.embedding != config.hidden:
        raise RequestError(
            f"model.tied=true needs model.embedding={config.embedding} equal to"
            f" model.hidden={config.hidden}",
            config.embedding,
        )


def count_parameters(config: ModelFamily, n_vocab: int, has_end: bool = True) -> int:
    """Trainable numbers in a model; a table of counts has none.

    Args:
        config: The family and its sizes.
        n_vocab: V, the number of tokens.
        has_end: Whether items end with an end token. Where there is none, a fixed context is filled
            with a row of its own before the first token.
    """
    return config.n_parameters(n_vocab, n_vocab if has_end else n_vocab + 1)


def input_width(config: InputOutputConfig, n_vocab: int) -> int:
    """Numbers in the vector that stands for one token."""
    return {"embedding": int(config.embedding), "one_hot": n_vocab, "scalar": 1}[config.input]


def n_input_output(config: InputOutputConfig, n_vocab: int, n_rows: int) -> int:
    """The two ends of a network: the embedding's table, if there is one, and the output."""
    table = n_rows * config.embedding if config.input == "embedding" else 0
    return int(table) + n_output(config.hidden, n_vocab, config.tied)


def n_output(n_hidden: int, n_vocab: int, tied: bool) -> int:
    """The output layer; a tied one has nothing of its own but the biases."""
    return n_vocab if tied else n_linear(n_hidden, n_vocab)


def n_stack(n_in: int, n_hidden: int, n_layers: int) -> int:
    """Hidden layers one after the other."""
    return sum(n_linear(*pair) for pair in pairwise([n_in, *[n_hidden] * n_layers]))


def n_linear(n_in: int, n_out: int) -> int:
    """A weight for each pair, and a bias for each output."""
    return n_in * n_out + n_out


def n_recurrent(n_in: int, n_hidden: int) -> int:
    """From the input and from the state before, each with a bias, as torch counts them."""
    return n_linear(n_in, n_hidden) + n_linear(n_hidden, n_hidden)

"""Input, output and hidden layers of the neural networks, and their initialization."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from torch import Tensor, nn, split
from torch.nn.functional import linear, one_hot

from seqlm.configuration.model_base import InputOutputConfig, input_width

_OUTPUT_INIT_STD = 0.1
_TIED_INIT_STD = 0.3


class OneHot(nn.Module):
    """One-hot encoding of tokens; the start id V becomes a zero vector."""

    def __init__(self, n_vocab: int) -> None:
        super().__init__()
        self.n_vocab = n_vocab

    def forward(self, tokens: Tensor) -> Tensor:
        """Return vectors (..., V) float32 of tokens (...) in [0, V]."""
        return one_hot(tokens, self.n_vocab + 1)[..., : self.n_vocab].float()


class Scalar(nn.Module):
    """Encoding of a token by its id as a single number."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return vectors (..., 1) float32 of tokens (...)."""
        return tokens.unsqueeze(-1).float()


class TiedOutput(nn.Module):
    """Output layer that shares the weights of the embedding (Press & Wolf 2017).

    Args:
        table: Embedding; its weights are reinitialized so that the initial predictions are almost
            uniform.
        n_vocab: V; a row of the start id V is not an output.
    """

    def __init__(self, table: nn.Embedding, n_vocab: int) -> None:
        super().__init__()
        # The tuple hides the embedding from nn.Module, so its weights are not counted or saved twice.
        self._table = (table,)
        self._n_vocab = n_vocab
        self.bias = nn.Parameter(table.weight.new_zeros(n_vocab))
        nn.init.normal_(table.weight, std=_TIED_INIT_STD / table.embedding_dim**0.5)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits (..., V) of hidden vectors (..., C)."""
        return linear(hidden, self._table[0].weight[: self._n_vocab], self.bias)


def make_input(
    config: InputOutputConfig, n_vocab: int, n_rows: int | None = None
) -> tuple[nn.Module, int]:
    """Return the module that encodes tokens (...) as vectors (..., n), and n.

    Args:
        config: Settings of the model.
        n_vocab: V.
        n_rows: Number of input ids; None for V.
    """
    width = input_width(config, n_vocab)
    if config.input == "one_hot":
        return OneHot(n_vocab), width
    if config.input == "scalar":
        return Scalar(), width
    return nn.Embedding(n_rows or n_vocab, width), width


def make_output(n_hidden: int, n_vocab: int, table: nn.Module | None) -> nn.Module:
    """Return the module from hidden vectors (..., C) to logits (..., V).

    Args:
        n_hidden: C.
        n_vocab: V.
        table: Embedding whose weights are shared (weight tying); None for a linear layer.
    """
    if isinstance(table, nn.Embedding):
        return TiedOutput(table, n_vocab)
    return nn.Linear(n_hidden, n_vocab)


def make_hidden_layers(widths: Sequence[int], activation: str, dropout: float) -> nn.Sequential:
    """Return linear layers from each width to the next, each with an activation and dropout."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "gelu": nn.GELU, "relu": nn.ReLU}


def initialize(
    model: nn.Module, init: str, layers: Iterable[nn.Module], output: nn.Module | None
) -> None:
    """Initialize the parameters of a model.

    Args:
        model: Model, with the default initialization of PyTorch.
        init: ``library`` keeps the default initialization. ``scaled`` applies :func:`init_by_fan_in`
            to the hidden layers and :func:`shrink_output_init` to the output. ``lecture`` samples all
            parameters from N(0, 1), which gives a high initial loss (makemore part 3).
        layers: Hidden layers, for ``scaled``.
        output: Output layer, for ``scaled``.
    """
    if init == "lecture":
        for parameter in model.parameters():
            nn.init.normal_(parameter)
    if init == "scaled":
        for layer in layers:
            init_by_fan_in(layer)
        shrink_output_init(output)


def init_by_fan_in(layer: nn.Module) -> None:
    """Initialize a layer so that the standard deviation of its outputs is near 1.

    Weights of a linear layer have standard deviation ``gain / sqrt(fan_in)`` (LeCun et al. 1998,
    section 4.6) with gain 5/3, which PyTorch recommends for tanh and which is used here for every
    activation function. Hidden-to-hidden weights of a recurrent layer are orthogonal for each gate
    (Saxe et al. 2014, section 3), which preserves the norm of the hidden state over time.
    """
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=5 / 3 / layer.in_features**0.5)
        nn.init.zeros_(layer.bias)
        return
    for name, parameter in layer.named_parameters():
        if parameter.ndim == 1:
            nn.init.zeros_(parameter)
        elif "_hh" in name:
            for gate in split(parameter, parameter.shape[1]):
                nn.init.orthogonal_(gate)
        else:
            nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)


def shrink_output_init(output: nn.Module | None) -> None:
    """Initialize the output with small weights, so that the initial predictions are almost uniform.

    Otherwise the first training steps only reduce confident wrong predictions.
    """
    if isinstance(output, nn.Linear):
        nn.init.normal_(output.weight, std=_OUTPUT_INIT_STD / output.in_features**0.5)
        nn.init.zeros_(output.bias)

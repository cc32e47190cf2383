"""What the networks have in common: how tokens come in, how predictions go out, the first weights."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from torch import Tensor, nn, split
from torch.nn.functional import linear, one_hot

from seqlm.configuration.model_base import InputOutputConfig, input_width

_QUIET = 0.1
_TIED = 0.3


class OneHot(nn.Module):
    """A token as V numbers, all 0 but a 1 at its place; what is no token is all 0."""

    def __init__(self, n_vocab: int) -> None:
        super().__init__()
        self.n_vocab = n_vocab

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (..., V) float32 of tokens (...) in [0, V]."""
        return one_hot(tokens, self.n_vocab + 1)[..., : self.n_vocab].float()


class Scalar(nn.Module):
    """A token as its bare id: one number, as if token 2 were twice token 1."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (..., 1) float32 of tokens (...)."""
        return tokens.unsqueeze(-1).float()


class TiedOutput(nn.Module):
    """An output that reads the embedding's table (Press & Wolf 2017): alike in, alike out.

    Args:
        table: The embedding; its rows become small enough that the first predictions are almost even.
        n_vocab: V; a row beyond it is never predicted.
    """

    def __init__(self, table: nn.Embedding, n_vocab: int) -> None:
        super().__init__()
        # In a tuple torch does not see it, so its numbers are neither counted nor saved twice.
        self._table = (table,)
        self._n_vocab = n_vocab
        self.bias = nn.Parameter(table.weight.new_zeros(n_vocab))
        nn.init.normal_(table.weight, std=_TIED / table.embedding_dim**0.5)

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits (..., V) of hidden vectors (..., C)."""
        return linear(hidden, self._table[0].weight[: self._n_vocab], self.bias)


def make_input(
    config: InputOutputConfig, n_vocab: int, n_rows: int | None = None
) -> tuple[nn.Module, int]:
    """What turns tokens (...) into vectors (..., n), and n.

    Args:
        config: The family's settings.
        n_vocab: V.
        n_rows: Ids that can be fed; None for V.
    """
    width = input_width(config, n_vocab)
    if config.input == "one_hot":
        return OneHot(n_vocab), width
    if config.input == "scalar":
        return Scalar(), width
    return nn.Embedding(n_rows or n_vocab, width), width


def make_output(n_hidden: int, n_vocab: int, table: nn.Module | None) -> nn.Module:
    """What turns hidden vectors (..., C) into logits (..., V): reads ``table``, if one is given."""
    if isinstance(table, nn.Embedding):
        return TiedOutput(table, n_vocab)
    return nn.Linear(n_hidden, n_vocab)


def hidden_layers(widths: Sequence[int], activation: str, dropout: float) -> nn.Sequential:
    """Layers from each width to the next, a curve after each one, and dropout where there is some."""
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
    """Give a network its first weights: ``library`` leaves those that torch gave.

    Args:
        model: Where ``lecture`` makes every number one from N(0, 1): simple, and far too certain.
        init: ``library``, ``scaled`` or ``lecture``.
        layers: The hidden layers, for ``scaled``; see :func:`init_by_fan_in`.
        output: The last layer, for ``scaled``; see :func:`shrink_output_init`.
    """
    if init == "lecture":
        for parameter in model.parameters():
            nn.init.normal_(parameter)
    if init == "scaled":
        for layer in layers:
            init_by_fan_in(layer)
        shrink_output_init(output)


def init_by_fan_in(layer: nn.Module) -> None:
    """Keep the spread of what a layer gives near 1.

    A product has weights by its fan-in (LeCun et al. 1998, section 4.6), times 5/3: torch's gain for
    tanh, taken whatever the curve is.
    In a recurrent layer, which no curve must weaken again and again, the weights from step to step
    turn a vector without making it longer or shorter, gate by gate (Saxe et al. 2014, section 3).
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
    """Begin with an almost even prediction, so that no step is lost on unlearning a wrong certainty."""
    if isinstance(output, nn.Linear):
        nn.init.normal_(output.weight, std=_QUIET / output.in_features**0.5)
        nn.init.zeros_(output.bias)

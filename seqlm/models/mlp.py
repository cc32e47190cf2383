"""The multilayer perceptron on embedded tokens (Bengio et al. 2003, section 2)."""

from itertools import pairwise

from torch import Tensor, nn

from seqlm.families import MlpConfig
from seqlm.models.base import FixedContextModel


class Mlp(FixedContextModel):
    """Looks the last k tokens up in one table, lays the vectors side by side, and predicts the next.

    Bengio et al. add direct connections from the vectors to the output; they are left out here, as
    the authors found them of no help to the loss.

    Args:
        config: Sizes, activation, dropout and first weights.
        n_vocab: V.
        fill_id: What stands before the first token; V gets a learned row of its own.
    """

    def __init__(self, config: MlpConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.context, fill_id)
        self.embedding = nn.Embedding(max(n_vocab, fill_id + 1), config.embedding)
        widths = [config.context * config.embedding, *[config.hidden] * config.layers]
        curve = {"tanh": nn.Tanh, "gelu": nn.GELU}[config.activation]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), curve()]
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(config.hidden, n_vocab)
        _INITS[config.init](self)

    def predict(self, windows: Tensor) -> Tensor:
        """Logits (..., V) of the token after each window (..., k)."""
        vectors = self.embedding(windows).flatten(-2)  # (..., k*E)
        logits: Tensor = self.output(self.hidden(vectors))  # (..., V)
        return logits


def _library(model: Mlp) -> None:
    """Torch's own first weights."""


def _scaled(model: Mlp) -> None:
    """Keep the spread of each layer near 1 (Glorot & Bengio 2010; 5/3 makes up for tanh) and begin
    with an almost even prediction, so that no step is lost on unlearning a wrong certainty.
    """
    for layer in model.hidden:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=5 / 3 / layer.in_features**0.5)
            nn.init.zeros_(layer.bias)
    nn.init.normal_(model.output.weight, std=0.1 / model.output.in_features**0.5)
    nn.init.zeros_(model.output.bias)


def _lecture(model: Mlp) -> None:
    """Every number from N(0, 1): simple, and far too certain at first (the loss starts near 25)."""
    for parameter in model.parameters():
        nn.init.normal_(parameter)


_INITS = {"library": _library, "scaled": _scaled, "lecture": _lecture}

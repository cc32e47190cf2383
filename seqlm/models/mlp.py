"""The multilayer perceptron on embedded tokens (Bengio et al. 2003, section 2)."""

from torch import Tensor

from seqlm.configuration.model_configs import MlpConfig
from seqlm.models.base import FixedContextModel
from seqlm.models.layers import hidden_layers, initialize, make_input, make_output


class Mlp(FixedContextModel):
    """Looks the last k tokens up in one table, lays the vectors side by side, and predicts the next.

    Bengio et al. add direct connections from the vectors to the output; they are left out here, as
    the authors found them of no help to the loss.

    Args:
        config: Sizes, activation, dropout, the two ends and the first weights.
        n_vocab: V.
        fill_id: What stands before the first token; V gets a learned row of its own.
    """

    def __init__(self, config: MlpConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.context, fill_id)
        n_rows = max(n_vocab, fill_id + 1)
        self.embedding, n_in = make_input(config, n_vocab, n_rows)
        widths = [config.context * n_in, *[config.hidden] * config.layers]
        self.hidden = hidden_layers(widths, config.activation, config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.hidden, self.output)

    def predict(self, windows: Tensor) -> Tensor:
        """Logits (..., V) of the token after each window (..., k)."""
        vectors = self.embedding(windows).flatten(-2)  # (..., k*E)
        logits: Tensor = self.output(self.hidden(vectors))  # (..., V)
        return logits

"""Multilayer perceptron on the embeddings of a fixed context (Bengio et al. 2003, section 2)."""

from torch import Tensor

from seqlm.configuration.model_configs import MlpConfig
from seqlm.models.base import FixedContextModel
from seqlm.models.layers import initialize, make_hidden_layers, make_input, make_output


class Mlp(FixedContextModel):
    """Embedding of the last k tokens, concatenation, hidden layers, output.

    The direct connections from the embeddings to the output in Bengio et al. are omitted, because the
    authors found that they do not reduce the loss.

    Args:
        config: Sizes, activation, dropout, input, output and initialization.
        n_vocab: V.
        fill_id: Id that fills a context before the first token; V has an embedding of its own.
    """

    def __init__(self, config: MlpConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.context, fill_id)
        n_rows = max(n_vocab, fill_id + 1)
        self.embedding, n_in = make_input(config, n_vocab, n_rows)
        widths = [config.context * n_in, *[config.hidden] * config.layers]
        self.hidden = make_hidden_layers(widths, config.activation, config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.hidden, self.output)

    def predict(self, windows: Tensor) -> Tensor:
        """Return the logits (..., V) of the token after each window (..., k)."""
        vectors = self.embedding(windows).flatten(-2)  # (..., k*E)
        logits: Tensor = self.output(self.hidden(vectors))  # (..., V)
        return logits

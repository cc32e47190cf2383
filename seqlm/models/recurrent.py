"""Recurrent networks by the library's kernels."""

from torch import Tensor, nn

from seqlm.families import LstmConfig
from seqlm.models.base import SequenceModel, State


class Lstm(SequenceModel):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000).

    The state is (h, c), each (B, layers, hidden): what is shown, and what is kept.

    Args:
        config: Sizes and dropout (between layers, and on what the last one shows).
        n_vocab: V.
    """

    def __init__(self, config: LstmConfig, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding = nn.Embedding(n_vocab, config.embedding)
        between = config.dropout if config.layers > 1 else 0.0
        self.layers = nn.LSTM(
            config.embedding, config.hidden, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden, n_vocab)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        inputs = self.embedding(tokens)  # (B, T, E)
        # The kernel wants layers first; a state of ours has the batch first.
        kernel_state = state and tuple(part.transpose(0, 1).contiguous() for part in state)
        hidden, (h, c) = self.layers(inputs, kernel_state)  # (B, T, H)
        logits: Tensor = self.output(self.dropout(hidden))  # (B, T, V)
        return logits, (h.transpose(0, 1), c.transpose(0, 1))

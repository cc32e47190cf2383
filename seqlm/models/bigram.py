"""The bigram as a network: one trainable table (Karpathy 2022, makemore part 1)."""

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import BigramConfig
from seqlm.models.base import FixedContextModel
from seqlm.models.layers import initialize


class Bigram(FixedContextModel):
    """A row of logits for each last token.

    A linear layer without biases, fed a one-hot vector, picks one column of its weights. Here that
    column is a row, looked up instead of multiplied out: the same numbers, the same gradient. Trained
    to the end it is the table of counts.

    Args:
        config: First weights: ``scaled`` is all 0, every token equally probable.
        n_vocab: V.
        fill_id: Not needed: it sees the last token alone.
    """

    def __init__(self, config: BigramConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, 1, fill_id)
        bound = n_vocab**-0.5  # of a linear layer that reads V numbers, in the library
        self.table = nn.Parameter(torch.empty(n_vocab, n_vocab).uniform_(-bound, bound))
        initialize(self, config.init, (), None)
        if config.init == "scaled":
            nn.init.zeros_(self.table)

    def predict(self, windows: Tensor) -> Tensor:
        """Logits (..., V) of the token after each window (..., 1)."""
        return nn.functional.embedding(windows[..., 0], self.table)

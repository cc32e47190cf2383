"""Bigram model as a neural network: one trainable table (Karpathy 2022, makemore part 1)."""

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import BigramConfig
from seqlm.models.base import FixedContextModel
from seqlm.models.layers import initialize


class Bigram(FixedContextModel):
    """Trainable table (V, V) with one row of logits for each last token.

    The table is equivalent to a linear layer without bias on one-hot vectors; looking up a row gives
    the same logits and gradients as the matrix product. After complete training, the softmax of the
    table equals the relative bigram counts.

    Args:
        config: Initialization; ``scaled`` sets all logits to 0, so all tokens are equally probable.
        n_vocab: V.
        fill_id: Unused in practice: the context is the last token only.
    """

    def __init__(self, config: BigramConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, 1, fill_id)
        bound = n_vocab**-0.5  # default initialization of nn.Linear with V inputs
        self.table = nn.Parameter(torch.empty(n_vocab, n_vocab).uniform_(-bound, bound))
        initialize(self, config.init, (), None)
        if config.init == "scaled":
            nn.init.zeros_(self.table)

    def predict(self, windows: Tensor) -> Tensor:
        """Return the logits (..., V) of the token after each window (..., 1)."""
        return nn.functional.embedding(windows[..., 0], self.table)  # (..., V)

"""The simple recurrent network (Elman 1990), its recurrence written out."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqlm.families import ElmanConfig
from seqlm.models.base import SequenceModel, State


class ElmanLayer(nn.Module):
    """``h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)``, agreeing with ``torch.nn.RNN``.

    Args:
        n_in: Numbers in one input vector.
        n_hidden: Numbers in the hidden vector h.
    """

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.w_ih = nn.Parameter(torch.empty(n_hidden, n_in))
        self.b_ih = nn.Parameter(torch.empty(n_hidden))
        self.w_hh = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.b_hh = nn.Parameter(torch.empty(n_hidden))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(n_hidden**-0.5), n_hidden**-0.5)

    def forward(self, inputs: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Run over time.

        Args:
            inputs: (B, T, n_in) float32.
            h: (B, n_hidden), the hidden vector before the first input.

        Returns:
            Every hidden vector (B, T, n_hidden), and the last one.
        """
        # What an input adds does not depend on the time before it: one product for all of them.
        driven = linear(inputs, self.w_ih, self.b_ih + self.b_hh)  # (B, T, H)
        w_hh = self.w_hh.t()
        hidden = []
        for driven_t in driven.unbind(1):
            h = torch.tanh(torch.addmm(driven_t, h, w_hh))  # (B, H)
            hidden.append(h)
        return torch.stack(hidden, dim=1), h


class Elman(SequenceModel):
    """Embedding, one Elman layer, output. The state is the hidden vector.

    Args:
        config: Sizes and dropout (on the hidden vectors where they are read, not where they recur).
        n_vocab: V.
    """

    def __init__(self, config: ElmanConfig, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding = nn.Embedding(n_vocab, config.embedding)
        self.layer = ElmanLayer(config.embedding, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden, n_vocab)
        self.n_hidden = config.hidden

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        inputs = self.embedding(tokens)  # (B, T, E)
        h = inputs.new_zeros(len(tokens), self.n_hidden) if state is None else state[0]
        hidden, last = self.layer(inputs, h)  # (B, T, H)
        return self.output(self.dropout(hidden)), (last,)  # (B, T, V)

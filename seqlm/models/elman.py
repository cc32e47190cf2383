"""The simple recurrent network (Elman 1990), its recurrence written out."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from seqlm.configuration.model_configs import ElmanConfig
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import initialize, make_input, make_output


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
        return self.recur(self.drive(inputs), h)

    def drive(self, inputs: Tensor) -> Tensor:
        """What each input (..., n_in) adds, (..., n_hidden): it does not depend on the time before."""
        return linear(inputs, self.w_ih, self.b_ih + self.b_hh)

    def recur(self, driven: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The recurrence itself; ``driven`` (B, T, n_hidden) is what :meth:`drive` gave."""
        w_hh = self.w_hh.t()
        hidden = []
        for driven_t in driven.unbind(1):
            h = torch.tanh(torch.addmm(driven_t, h, w_hh))  # (B, H)
            hidden.append(h)
        return torch.stack(hidden, dim=1), h


class Elman(SequenceModel):
    """Embedding, one Elman layer, output. The state is the hidden vector.

    Args:
        config: Sizes, dropout (on the hidden vectors where they are read, not where they recur), the
            two ends and the first weights.
        n_vocab: V.
    """

    def __init__(self, config: ElmanConfig, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding, n_in = make_input(config, n_vocab)
        self.layer = ElmanLayer(n_in, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        self.n_hidden = config.hidden
        initialize(self, config.init, [self.layer], self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        driven = self._driven(tokens)  # (B, T, H)
        h = driven.new_zeros(len(tokens), self.n_hidden) if state is None else state[0]
        hidden, last = self.layer.recur(driven, h)  # (B, T, H)
        return self.output(self.dropout(hidden)), (last,)  # (B, T, V)

    def _driven(self, tokens: Tensor) -> Tensor:
        """What each token adds. With fewer rows than tokens, each row's part is found once."""
        if isinstance(self.embedding, nn.Embedding) and self.n_vocab < tokens.numel():
            return embedding(tokens, self.layer.drive(self.embedding.weight))
        return self.layer.drive(self.embedding(tokens))

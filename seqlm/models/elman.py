"""Simple recurrent network (Elman 1990) with an explicit recurrence."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from seqlm.configuration.model_configs import ElmanConfig
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import initialize, make_input, make_output


class ElmanLayer(nn.Module):
    """Recurrent layer ``h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)``, as ``torch.nn.RNN``.

    Args:
        n_in: Input size.
        n_hidden: H, the size of the hidden state.
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
        """Return the hidden states of all time steps.

        Args:
            inputs: (B, T, n_in) float32.
            h: (B, H), the hidden state before the first input.

        Returns:
            All hidden states (B, T, H), and the last hidden state (B, H).
        """
        return self.run_recurrence(self.project_inputs(inputs), h)

    def project_inputs(self, inputs: Tensor) -> Tensor:
        """Return the input part of the pre-activation, (..., n_in) to (..., H), with both biases."""
        return linear(inputs, self.w_ih, self.b_ih + self.b_hh)  # (..., H)

    def run_recurrence(self, projected: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return all hidden states (B, T, H) and the last one (B, H).

        Args:
            projected: (B, T, H), the result of :meth:`project_inputs`.
            h: (B, H), the hidden state before the first input.
        """
        w_hh = self.w_hh.t()
        hidden = []
        for projected_t in projected.unbind(1):  # (B, H)
            h = torch.tanh(torch.addmm(projected_t, h, w_hh))  # (B, H)
            hidden.append(h)
        return torch.stack(hidden, dim=1), h  # (B, T, H)


class Elman(SequenceModel):
    """Embedding, one Elman layer, output. The state is the hidden state (B, H).

    Args:
        config: Sizes, dropout (on the output of the layer, not on the recurrence), input, output and
            initialization.
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
        """Return logits and state; see :class:`SequenceModel`."""
        projected = self._project_tokens(tokens)  # (B, T, H)
        h = projected.new_zeros(len(tokens), self.n_hidden) if state is None else state[0]
        hidden, last = self.layer.run_recurrence(projected, h)  # (B, T, H)
        return self.output(self.dropout(hidden)), (last,)  # (B, T, V)

    def _project_tokens(self, tokens: Tensor) -> Tensor:
        """Return the projected inputs (B, T, H) of tokens (B, T).

        If the vocabulary is smaller than the batch, each embedding is projected only once.
        """
        if isinstance(self.embedding, nn.Embedding) and self.n_vocab < tokens.numel():
            table = self.layer.project_inputs(self.embedding.weight)  # (V, H)
            return embedding(tokens, table)  # (B, T, H)
        return self.layer.project_inputs(self.embedding(tokens))  # (B, T, H)

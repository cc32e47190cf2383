"""Recurrent networks by the library's kernels, in any number of layers."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import LstmConfig, RecurrentFamily
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import initialize, make_input, make_output


class Recurrent(SequenceModel):
    """Embedding, recurrent layers, output.

    The state is the hidden vectors (B, layers, hidden), and where a kernel keeps more than it shows
    that too.

    Args:
        config: Sizes, dropout (between layers, and on what the last one shows), the two ends and the
            first weights.
        n_vocab: V.
    """

    kernel: ClassVar[type[Any]]

    def __init__(self, config: RecurrentFamily, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding, n_in = make_input(config, n_vocab)
        between = config.dropout if config.layers > 1 else 0.0
        self.layers = self.kernel(
            n_in, config.hidden, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, [self.layers], self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        inputs = self.embedding(tokens)  # (B, T, E)
        # The kernel wants layers first; a state of ours has the batch first.
        before = state and tuple(part.transpose(0, 1).contiguous() for part in state)
        hidden, after = self._run(inputs, before)  # (B, T, H)
        logits: Tensor = self.output(self.dropout(hidden))  # (B, T, V)
        return logits, tuple(part.transpose(0, 1) for part in after)

    def _run(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        """The kernel on vectors (B, T, E); its state has the layers first."""
        hidden, h = self.layers(inputs, state and state[0])
        return hidden, (h,)


class Rnn(Recurrent):
    """The simple recurrent network (Elman 1990); one layer of it is ``Elman``, weight for weight."""

    kernel = nn.RNN


class Gru(Recurrent):
    """Gated recurrent units (Cho et al. 2014).

    As in the library, the reset gate acts on what the recurrent weights made of the vector before,
    not on the vector itself: one product for all gates.
    """

    kernel = nn.GRU


class Lstm(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000).

    The state is (h, c), each (B, layers, hidden): what is shown, and what is kept.

    Args:
        config: As of :class:`Recurrent`, and how the forget gate begins.
        n_vocab: V.
    """

    kernel = nn.LSTM

    def __init__(self, config: LstmConfig, n_vocab: int) -> None:
        super().__init__(config, n_vocab)
        if config.forget_bias == "chrono":
            self._remember(config.memory)
        elif config.forget_bias is not None:
            for _, forget in self._gate_biases():
                forget.fill_(float(config.forget_bias))

    def _run(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        return self.layers(inputs, state)  # type: ignore[no-any-return]

    def _remember(self, longest: int) -> None:
        """Let each unit begin with a memory of its own length (Tallec & Ollivier 2018, section 3).

        A forget gate that stands at sigmoid(b) keeps what it holds for about 1 + e^b tokens. So with
        b = ln u, u uniform in [1, longest - 1], all spans are there from the first step; the input
        gate is as closed as the forget gate is open.
        """
        for enter, forget in self._gate_biases():
            forget.uniform_(1.0, longest - 1.0).log_()
            enter.copy_(-forget)

    @torch.no_grad()
    def _gate_biases(self) -> list[tuple[Tensor, Tensor]]:
        """The biases of the input and of the forget gate in each layer.

        The kernel adds two vectors of biases; the second one's part is made 0 here.
        """
        pairs = []
        for layer in range(self.layers.num_layers):
            enter, forget, _, _ = getattr(self.layers, f"bias_ih_l{layer}").detach().chunk(4)
            getattr(self.layers, f"bias_hh_l{layer}").detach().chunk(4)[1].zero_()
            pairs.append((enter, forget))
        return pairs

"""RNN, GRU and LSTM of PyTorch, with any number of layers."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import LstmConfig, RecurrentFamily
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import initialize, make_input, make_output


class Recurrent(SequenceModel):
    """Embedding, recurrent layers, output.

    The state is the hidden states (B, L, H) of all layers; an LSTM adds its cell states.

    Args:
        config: Sizes, dropout (between layers, and on the output of the last layer), input, output
            and initialization.
        n_vocab: V.

    Attributes:
        layer_type: ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``.
    """

    layer_type: ClassVar[type[Any]]

    def __init__(self, config: RecurrentFamily, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding, n_in = make_input(config, n_vocab)
        between = config.dropout if config.layers > 1 else 0.0
        self.layers = self.layer_type(
            n_in, config.hidden, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, [self.layers], self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`."""
        inputs = self.embedding(tokens)  # (B, T, E)
        # States of PyTorch have the layers first; states of a SequenceModel have the batch first.
        before = state and tuple(part.transpose(0, 1).contiguous() for part in state)  # (L, B, H)
        hidden, after = self._run(inputs, before)  # (B, T, H)
        logits: Tensor = self.output(self.dropout(hidden))  # (B, T, V)
        return logits, tuple(part.transpose(0, 1) for part in after)  # (B, L, H)

    def _run(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return outputs (B, T, H) of inputs (B, T, E), and the state; states are (L, B, H)."""
        hidden, h = self.layers(inputs, state and state[0])
        return hidden, (h,)


class Rnn(Recurrent):
    """Simple recurrent network (Elman 1990); one layer is equivalent to ``Elman``."""

    layer_type = nn.RNN


class Gru(Recurrent):
    """Gated recurrent units (Cho et al. 2014).

    As in PyTorch, the reset gate is applied after the recurrent matrix product, not before, so that
    one product is enough for all gates.
    """

    layer_type = nn.GRU


class Lstm(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with forget gate (Gers et al. 2000).

    The state is the hidden states h and the cell states c, each (B, L, H).

    Args:
        config: Settings of :class:`Recurrent`, and the initialization of the forget gate bias.
        n_vocab: V.
    """

    layer_type = nn.LSTM

    def __init__(self, config: LstmConfig, n_vocab: int) -> None:
        super().__init__(config, n_vocab)
        if config.forget_bias == "chrono":
            self._init_chrono_bias(config.memory)
        elif config.forget_bias is not None:
            for _, forget_bias in self._gate_biases():
                forget_bias.fill_(float(config.forget_bias))

    def _run(self, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        return self.layers(inputs, state)  # type: ignore[no-any-return]

    def _init_chrono_bias(self, max_memory: int) -> None:
        """Apply chrono initialization to the gate biases (Tallec & Ollivier 2018, section 3).

        A cell whose forget gate is sigmoid(b) remembers for about 1 + e^b tokens. With b = ln u, u
        uniform in [1, max_memory - 1], the units have different memory lengths from the first step.
        The bias of the input gate is -b.

        Args:
            max_memory: Longest memory in tokens.
        """
        for input_bias, forget_bias in self._gate_biases():
            forget_bias.uniform_(1.0, max_memory - 1.0).log_()
            input_bias.copy_(-forget_bias)

    @torch.no_grad()
    def _gate_biases(self) -> list[tuple[Tensor, Tensor]]:
        """Return the biases of the input gate and the forget gate, (H,) each, of each layer.

        PyTorch adds two bias vectors; the second one is set to 0 for the forget gate.
        """
        pairs = []
        for layer in range(self.layers.num_layers):
            input_bias, forget_bias, _, _ = (
                getattr(self.layers, f"bias_ih_l{layer}").detach().chunk(4)
            )
            getattr(self.layers, f"bias_hh_l{layer}").detach().chunk(4)[1].zero_()
            pairs.append((input_bias, forget_bias))
        return pairs

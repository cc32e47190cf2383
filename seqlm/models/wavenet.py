"""Hierarchy of dilated causal convolutions (van den Oord et al. 2016, section 2.1)."""

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import WaveNetConfig
from seqlm.models.base import FixedContextModel, State
from seqlm.models.layers import ACTIVATIONS, initialize, make_input, make_output


class WaveNet(FixedContextModel):
    """Stack of causal convolutions with kernel size 2 and dilation ``2**l`` in layer l.

    ``n`` layers have a context of ``2**n`` tokens. Gates, residual and skip connections of the paper
    are omitted, as in Karpathy's makemore part 5; in contrast to makemore, outputs shared by several
    windows are computed only once.

    The state is the last ``2**l`` inputs (B, 2**l, C) of each layer, as in the fast generation of
    Paine et al. 2016.

    Args:
        config: Sizes, activation, dropout, input, output and initialization.
        n_vocab: V.
        fill_id: Id that fills a context before the first token; V has an embedding of its own.
    """

    def __init__(self, config: WaveNetConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.context, fill_id)
        self.embedding, n_in = make_input(config, n_vocab, max(n_vocab, fill_id + 1))
        widths = [n_in, *[config.hidden] * config.layers]
        self.layers = nn.ModuleList(nn.Linear(2 * n, config.hidden) for n in widths[:-1])
        self.activation = ACTIVATIONS[config.activation]()
        self.dropout = nn.Dropout(config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.layers, self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`."""
        n_tokens = tokens.shape[1]
        vectors = self.embedding(tokens)  # (B, T, E)
        # All inputs of a layer before the first token are the same vector.
        filling = self.embedding(tokens.new_full((1, 1), self.fill_id))  # (1, 1, E)
        after = []
        for depth, layer in enumerate(self.layers):
            dilation = 2**depth
            before = state[depth] if state else filling.expand(len(tokens), dilation, -1)
            extended = torch.cat([before, vectors], dim=1)  # (B, dilation+T, C)
            after.append(extended[:, n_tokens:])  # (B, dilation, C)
            pairs = torch.cat([extended[:, :n_tokens], vectors], dim=-1)  # (B, T, 2C)
            vectors = self._apply_layer(layer, pairs)  # (B, T, H)
            if not state:
                pair = torch.cat([filling, filling], dim=-1)  # (1, 1, 2C)
                filling = self._apply_layer(layer, pair)  # (1, 1, H)
        return self.output(vectors), tuple(after)  # (B, T, V)

    def predict(self, windows: Tensor) -> Tensor:
        """Return the logits (..., V) of the token after each window (..., k)."""
        vectors = self.embedding(windows)  # (..., k, E)
        for layer in self.layers:
            pairs = vectors.unflatten(-2, (-1, 2)).flatten(-2)  # (..., k/2, 2C)
            vectors = self._apply_layer(layer, pairs)  # (..., k/2, H)
        logits: Tensor = self.output(vectors.squeeze(-2))  # (..., V)
        return logits

    def _apply_layer(self, layer: nn.Module, pairs: Tensor) -> Tensor:
        """Return the outputs (..., H) of a layer for pairs of inputs (..., 2C)."""
        outputs: Tensor = self.dropout(self.activation(layer(pairs)))
        return outputs

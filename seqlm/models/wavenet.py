"""A hierarchy of dilated causal convolutions (van den Oord et al. 2016, section 2.1)."""

import torch
from torch import Tensor, nn

from seqlm.configuration.model_configs import WaveNetConfig
from seqlm.models.base import FixedContextModel, State
from seqlm.models.layers import ACTIVATIONS, initialize, make_input, make_output


class WaveNet(FixedContextModel):
    """Joins each token with the one before, each such pair with the pair before it, and so on.

    Layer l reads two vectors of the layer below that stand ``2**l`` tokens apart, so ``n`` layers see
    ``2**n`` tokens. Gates, residual and skip connections of the paper are left out: with few layers
    they are not needed, and what remains is the network of Karpathy's makemore part 5, each part
    computed once instead of once a window.

    The state is what each layer will still read: its last ``2**l`` inputs (B, 2**l, C), as in the
    fast generation of Paine et al. 2016.

    Args:
        config: Sizes, activation, dropout, the two ends and the first weights.
        n_vocab: V.
        fill_id: What stands before the first token; V gets a learned row of its own.
    """

    def __init__(self, config: WaveNetConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.context, fill_id)
        self.embedding, n_in = make_input(config, n_vocab, max(n_vocab, fill_id + 1))
        widths = [n_in, *[config.hidden] * config.layers]
        self.layers = nn.ModuleList(nn.Linear(2 * n, config.hidden) for n in widths[:-1])
        self.curve = ACTIVATIONS[config.activation]()
        self.dropout = nn.Dropout(config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.layers, self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        n_tokens = tokens.shape[1]
        vectors = self.embedding(tokens)  # (B, T, E)
        # Before the first token each layer has read nothing but filling: one vector, again and again.
        filling = self.embedding(tokens.new_full((1, 1), self.fill_id))  # (1, 1, E)
        after = []
        for depth, layer in enumerate(self.layers):
            reach = 2**depth
            before = state[depth] if state else filling.expand(len(tokens), reach, -1)
            line = torch.cat([before, vectors], dim=1)  # (B, reach+T, C)
            after.append(line[:, n_tokens:])
            vectors = self._joined(layer, torch.cat([line[:, :n_tokens], vectors], dim=-1))
            if not state:
                filling = self._joined(layer, torch.cat([filling, filling], dim=-1))
        return self.output(vectors), tuple(after)  # (B, T, V)

    def predict(self, windows: Tensor) -> Tensor:
        """Logits (..., V) of the token after each window (..., k)."""
        vectors = self.embedding(windows)  # (..., k, E)
        for layer in self.layers:
            pairs = vectors.unflatten(-2, (-1, 2)).flatten(-2)  # (..., k/2, 2C)
            vectors = self._joined(layer, pairs)  # (..., k/2, H)
        logits: Tensor = self.output(vectors.squeeze(-2))  # (..., V)
        return logits

    def _joined(self, layer: nn.Module, pairs: Tensor) -> Tensor:
        joined: Tensor = self.dropout(self.curve(layer(pairs)))
        return joined

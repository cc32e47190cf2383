"""Bag-of-words model: the causal mean of all embeddings (Karpathy 2022, makemore, ``BoW``)."""

import torch
from torch import Tensor

from seqlm.configuration.model_configs import BowConfig
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import initialize, make_hidden_layers, make_input, make_output


class BagOfWords(SequenceModel):
    """MLP on the mean of all embeddings so far, concatenated with the last embedding.

    The mean does not tell which token is the last one, so the last embedding is a second input; the
    residual connection of makemore's ``BoW`` has the same purpose. Position embeddings of makemore
    are omitted.

    The state is the sum of the embeddings (B, E) and their number (B, 1).

    Args:
        config: Sizes, activation, dropout, input, output and initialization.
        n_vocab: V.
    """

    def __init__(self, config: BowConfig, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding, self.n_in = make_input(config, n_vocab)
        widths = [2 * self.n_in, *[config.hidden] * config.layers]
        self.hidden = make_hidden_layers(widths, config.activation, config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.hidden, self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`."""
        vectors = self.embedding(tokens)  # (B, T, E)
        sums = vectors.cumsum(1)  # (B, T, E)
        counts = torch.arange(1, tokens.shape[1] + 1, device=vectors.device)[:, None]  # (T, 1)
        if state is not None:
            sums, counts = sums + state[0][:, None], counts + state[1][:, None]
        means = sums / counts  # (B, T, E)
        logits = self.output(self.hidden(torch.cat([means, vectors], dim=-1)))  # (B, T, V)
        n_seen = counts[..., -1, :].float().expand(len(tokens), 1)
        return logits, (sums[:, -1], n_seen)

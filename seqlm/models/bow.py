"""A bag of words: what was seen so far, in no order (Bengio et al. 2003 is its ordered sibling)."""

import torch
from torch import Tensor

from seqlm.configuration.model_configs import BowConfig
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import hidden_layers, initialize, make_input, make_output


class BagOfWords(SequenceModel):
    """The mean of all vectors so far, the last vector beside it, hidden layers, output.

    The mean alone would not know which letter stands last, so the last vector is fed too, as the
    residual connection of Karpathy's makemore does (``BoW``; its table of positions is left out: how
    far the text has come shows in the mean, where each token weighs one part of the count).

    The state is the sum of the vectors (B, E) and how many there were (B, 1).

    Args:
        config: Sizes, activation, dropout, the two ends and the first weights.
        n_vocab: V.
    """

    def __init__(self, config: BowConfig, n_vocab: int) -> None:
        super().__init__(n_vocab)
        self.embedding, self.n_in = make_input(config, n_vocab)
        widths = [2 * self.n_in, *[config.hidden] * config.layers]
        self.hidden = hidden_layers(widths, config.activation, config.dropout)
        self.output = make_output(config.hidden, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, self.hidden, self.output)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        vectors = self.embedding(tokens)  # (B, T, E)
        sums = vectors.cumsum(1)  # (B, T, E)
        counts = torch.arange(1, tokens.shape[1] + 1, device=vectors.device)[:, None]  # (T, 1)
        if state is not None:
            sums, counts = sums + state[0][:, None], counts + state[1][:, None]
        means = sums / counts  # (B, T, E)
        logits = self.output(self.hidden(torch.cat([means, vectors], dim=-1)))  # (B, T, V)
        n_seen = counts[..., -1, :].float().expand(len(tokens), 1)
        return logits, (sums[:, -1], n_seen)

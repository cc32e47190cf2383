"""The law that every model obeys.

A model is a function ``(tokens, state) -> (logits, state)``. ``logits[:, t]`` predicts the token after
``tokens[:, t]``, and ``state`` is whatever lets the next call go on where this one left, so that
``model(a + b)`` equals ``model(a)`` and then ``model(b, state)``. Training, prompts, generation one
token at a time, scoring and inspection are all this one call.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from torch import Tensor, cat, nn

State: TypeAlias = tuple[Tensor, ...]
"""Tensors whose first dimension is the batch; empty where a model carries nothing."""


class SequenceModel(nn.Module):
    """A next-token model over a vocabulary of ``n_vocab`` tokens.

    Attributes:
        n_vocab: V, the number of tokens that can be predicted.
        context: How many last tokens a prediction depends on, or None where it is all of them.
        max_tokens: How many tokens can be read from nothing, or None where it goes on and on.
    """

    def __init__(
        self, n_vocab: int, context: int | None = None, max_tokens: int | None = None
    ) -> None:
        super().__init__()
        self.n_vocab = n_vocab
        self.context = context
        self.max_tokens = max_tokens

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token.

        Args:
            tokens: (B, T) int64, T >= 1, padded on the right if at all.
            state: What the call before returned; None where nothing came before.

        Returns:
            logits (B, T, V) float32, and the state after the last token of each row (defined only
            for rows without padding).

        Raises:
            SeqlmError: There are more than ``max_tokens`` tokens, those before included.
        """
        raise NotImplementedError


class FixedContextModel(SequenceModel):
    """A model that sees exactly the last ``context`` tokens; its state is the last ``context - 1``.

    Where a context reaches back before the first token it is filled with ``fill_id``: the end token
    of items, or else (V, one past the vocabulary) a symbol that stands for "nothing yet".

    Args:
        n_vocab: V.
        context: Tokens seen, k >= 0 (0 sees nothing: a unigram).
        fill_id: The id that fills a context before the first token, in [0, V].
    """

    def __init__(self, n_vocab: int, context: int, fill_id: int) -> None:
        super().__init__(n_vocab, context)
        self.fill_id = fill_id

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        n_before = max(self.width - 1, 0)
        before = (
            tokens.new_full((len(tokens), n_before), self.fill_id) if state is None else state[0]
        )
        line = _join(before, tokens)  # (B, k-1+T)
        windows = line.unfold(1, self.width, 1)  # (B, T, k)
        return self.predict(windows), (line[:, line.shape[1] - n_before :],)

    @property
    def width(self) -> int:
        """Tokens in one window: the context, and at least the current token."""
        return max(self.context or 0, 1)

    def predict(self, windows: Tensor) -> Tensor:
        """Logits (..., V) of the token after each window (..., k) of the last k tokens, oldest first."""
        raise NotImplementedError


class CountedModel(FixedContextModel):
    """A model whose numbers are counts: one look at the text makes them, no step improves them."""

    def fit(self, sequences: Iterable[Sequence[int]], *, only_last: bool = False) -> None:
        """Count ``sequences`` in place of those before; all but the first token are targets.

        With ``only_last`` the last token of each sequence alone is one.
        """
        raise NotImplementedError


def _join(before: Tensor, tokens: Tensor) -> Tensor:
    return tokens if before.shape[1] == 0 else cat([before, tokens], dim=1)

"""Base classes of models, and the model law.

A model is a function ``(tokens, state) -> (logits, state)``. ``logits[:, t]`` predicts the token after
``tokens[:, t]``. ``state`` contains everything that the next call needs to continue, so that
``model(a + b)`` equals ``model(a)`` followed by ``model(b, state)``. Training, prompts, generation of
one token at a time, scoring and inspection all use this call.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from torch import Tensor, cat, nn

State: TypeAlias = tuple[Tensor, ...]
"""Tensors with the batch as first dimension; empty if a model has no state."""


class SequenceModel(nn.Module):
    """Next-token model.

    Attributes:
        n_vocab: V, the vocabulary size.
        context: Number of last tokens that a prediction depends on; None if all of them.
        max_tokens: Maximum number of tokens including those in the state; None if unlimited.
    """

    def __init__(
        self, n_vocab: int, context: int | None = None, max_tokens: int | None = None
    ) -> None:
        super().__init__()
        self.n_vocab = n_vocab
        self.context = context
        self.max_tokens = max_tokens

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the logits of the token after each token.

        Args:
            tokens: (B, T) int64, T >= 1, optionally padded on the right.
            state: State that the previous call returned; None at the beginning.

        Returns:
            Logits (B, T, V) float32, and the state after the last token of each row (defined only
            for rows without padding).

        Raises:
            SeqlmError: There are more than ``max_tokens`` tokens, including those in the state.
        """
        raise NotImplementedError


class FixedContextModel(SequenceModel):
    """Model whose prediction depends on exactly the last ``context`` tokens.

    The state is the last ``context - 1`` tokens. Positions before the first token are filled with
    ``fill_id``: the end token of items, or else V, a start id outside the vocabulary.

    Args:
        n_vocab: V.
        context: k >= 0, the number of tokens that a prediction depends on; 0 for a unigram.
        fill_id: Id that fills a context before the first token, in [0, V].
    """

    def __init__(self, n_vocab: int, context: int, fill_id: int) -> None:
        super().__init__(n_vocab, context)
        self.fill_id = fill_id

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`."""
        windows, after = self.make_windows(tokens, state)
        return self.predict(windows), after  # (B, T, V)

    def make_windows(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the context (B, T, k) of each prediction, oldest token first, and the next state."""
        n_before = self.window_length - 1
        before = (
            tokens.new_full((len(tokens), n_before), self.fill_id) if state is None else state[0]
        )
        extended = _concatenate(before, tokens)  # (B, k-1+T)
        windows = extended.unfold(1, self.window_length, 1)  # (B, T, k)
        return windows, (extended[:, extended.shape[1] - n_before :],)

    @property
    def window_length(self) -> int:
        """Number of tokens in one window: the context, at least 1."""
        return max(self.context or 0, 1)

    def predict(self, windows: Tensor) -> Tensor:
        """Return the logits (..., V) of the token after each window (..., k), oldest token first."""
        raise NotImplementedError


class CountedModel(FixedContextModel):
    """Model that is fitted by counting n-grams once, without training steps."""

    def fit(self, sequences: Iterable[Sequence[int]], *, only_last: bool = False) -> None:
        """Replace the counts by the counts of ``sequences``.

        Args:
            sequences: Token ids. All tokens but the first of each sequence are targets.
            only_last: Whether only the last token of each sequence is a target.
        """
        raise NotImplementedError


def _concatenate(before: Tensor, tokens: Tensor) -> Tensor:
    return tokens if before.shape[1] == 0 else cat([before, tokens], dim=1)

"""Sliding window for models with a maximum number of tokens."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from seqlm.models.base import SequenceModel, State

ForwardFunction: TypeAlias = Callable[[Tensor, State | None], tuple[Tensor, State]]
"""``(tokens, state) -> (logits, state)``, for any number of tokens."""


def with_sliding_window(model: SequenceModel) -> ForwardFunction:
    """Return the model itself if it has no ``max_tokens``, else the model with a sliding window."""
    return model if model.max_tokens is None else SlidingWindowModel(model, model.max_tokens)


def window_stride(max_tokens: int) -> int:
    """Return the number of tokens that a full window moves: half of its size, rounded up."""
    return (max_tokens + 1) // 2


def window_length(n_tokens: int, max_tokens: int) -> int:
    """Return the number of tokens in the window after ``n_tokens`` tokens."""
    beyond = n_tokens - max_tokens
    return n_tokens if beyond <= 0 else max_tokens - (-beyond) % window_stride(max_tokens)


class SlidingWindowModel:
    """Model with ``max_tokens`` extended to any number of tokens; it satisfies the model law.

    If a token follows a full window, the older half of the window is discarded, and the newer half is
    processed again from the start, followed by the new tokens. The position of the window depends
    only on the number of tokens, so the model law holds at any split of the tokens.

    The state is the state of the model and the tokens in the window (B, n).

    Args:
        model: Model; its mode and weights are not changed.
        max_tokens: Maximum number of tokens in the window.
    """

    def __init__(self, model: SequenceModel, max_tokens: int) -> None:
        self._model, self._size = model, max_tokens
        self._stride = window_stride(max_tokens)

    def __call__(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits (B, T, V) and state; see :class:`SequenceModel`."""
        window = tokens[:, :0] if state is None else state[-1]
        n_fitting = self._size - window.shape[1]
        line = torch.cat([window, tokens], dim=1)  # (B, n+T)
        if tokens.shape[1] <= n_fitting:
            logits, after = self._model(tokens, state and state[:-1])
            return logits, (*after, line)
        parts = []
        if n_fitting:
            parts.append(self._model(tokens[:, :n_fitting], state and state[:-1])[0])
        line = line[:, self._stride :]  # the newer half of the window, and all new tokens
        n_kept = self._size - self._stride
        n_full = (line.shape[1] - n_kept - 1) // self._stride  # full windows before the last
        if n_full:
            parts.append(self._predict_full_windows(line, n_full))
            line = line[:, n_full * self._stride :]
        logits, after = self._model(line, None)
        parts.append(logits[:, n_kept:])
        return torch.cat(parts, dim=1), (*after, line)  # (B, T, V)

    def _predict_full_windows(self, line: Tensor, n_windows: int) -> Tensor:
        """Return the logits of the new tokens in each of the first windows, in one batch."""
        windows = line.unfold(1, self._size, self._stride)[:, :n_windows]  # (B, n, size)
        logits: Tensor = self._model(windows.flatten(0, 1), None)[0]  # (B*n, size, V)
        new = logits[:, self._size - self._stride :]  # (B*n, window_stride, V)
        return new.reshape(len(line), n_windows * self._stride, -1)  # (B, n*window_stride, V)

"""Reading on and on with a model that can hold only so many tokens: a window that slides by half."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from seqlm.models.base import SequenceModel, State

ForwardFunction: TypeAlias = Callable[[Tensor, State | None], tuple[Tensor, State]]
"""``(tokens, state) -> (logits, state)``, for any number of tokens."""


def with_sliding_window(model: SequenceModel) -> ForwardFunction:
    """``model`` where it reads on and on by itself, and else with a window that slides."""
    return model if model.max_tokens is None else SlidingWindowModel(model, model.max_tokens)


def window_stride(max_tokens: int) -> int:
    """How far a full window moves: half of it, so that a new token has the other half before it."""
    return (max_tokens + 1) // 2


def window_length(n_tokens: int, max_tokens: int) -> int:
    """How many of the last tokens stand in the window after ``n_tokens``."""
    beyond = n_tokens - max_tokens
    return n_tokens if beyond <= 0 else max_tokens - (-beyond) % window_stride(max_tokens)


class SlidingWindowModel:
    """The law for any number of tokens, over a model that can hold ``max_tokens``.

    When the window is full and a token follows, its older half is forgotten and the other half is
    read again from nothing, followed by what is new. Where the window stands depends on the number
    of tokens alone, so the law holds at any cut.

    The state is the model's own and the tokens in the window (B, n).

    Args:
        model: The model; its mode and its weights are left alone.
        max_tokens: What it can hold.
    """

    def __init__(self, model: SequenceModel, max_tokens: int) -> None:
        self._model, self._size = model, max_tokens
        self._stride = window_stride(max_tokens)

    def __call__(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`."""
        held = tokens[:, :0] if state is None else state[-1]
        n_fitting = self._size - held.shape[1]
        line = torch.cat([held, tokens], dim=1)  # (B, n+T)
        if tokens.shape[1] <= n_fitting:
            logits, after = self._model(tokens, state and state[:-1])
            return logits, (*after, line)
        found = []
        if n_fitting:
            found.append(self._model(tokens[:, :n_fitting], state and state[:-1])[0])
        line = line[:, self._stride :]  # what is kept of the full window, and all that is new
        n_kept = self._size - self._stride
        n_full = (
            line.shape[1] - n_kept - 1
        ) // self._stride  # windows that will be full, but the last
        if n_full:
            found.append(self._full(line, n_full))
            line = line[:, n_full * self._stride :]
        logits, after = self._model(line, None)
        found.append(logits[:, n_kept:])
        return torch.cat(found, dim=1), (*after, line)

    def _full(self, line: Tensor, n_windows: int) -> Tensor:
        """Logits of what is new in each of the first windows of a line: all read at once."""
        windows = line.unfold(1, self._size, self._stride)[:, :n_windows]  # (B, n, size)
        logits: Tensor = self._model(windows.flatten(0, 1), None)[0]  # (B*n, size, V)
        new = logits[:, self._size - self._stride :]  # (B*n, window_stride, V)
        return new.reshape(len(line), n_windows * self._stride, -1)  # (B, n*window_stride, V)

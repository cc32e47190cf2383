"""N-gram model: smoothed counts with the same interface as the neural networks."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqlm.configuration.model_configs import NgramConfig
from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.models.base import CountedModel

_MAX_CACHED_LOGITS = 1 << 22  # 16 MB of float32


class NgramModel(CountedModel):
    """N-gram model whose logits are log probabilities from smoothed counts.

    :meth:`fit` counts once instead of training by steps. Before, all tokens are equally probable. The
    state dict has two buffers, the n-grams of the highest order and their counts; lower orders are
    derived from them.

    Args:
        config: Order and smoothing.
        n_vocab: V.
        fill_id: Id that fills a context before the first token, in [0, V].

    Attributes:
        grams: (N, order) int32, the distinct n-grams in sorted order.
        counts: (N,) int64, the count of each n-gram.
    """

    grams: Tensor
    counts: Tensor

    def __init__(self, config: NgramConfig, n_vocab: int, fill_id: int) -> None:
        super().__init__(n_vocab, config.order - 1, fill_id)
        self.config = config
        self.register_buffer("grams", torch.zeros(0, config.order, dtype=torch.int32))
        self.register_buffer("counts", torch.zeros(0, dtype=torch.int64))
        self._table: NgramTable | None = None
        self._rows: dict[str, Tensor] = {}

    def fit(self, sequences: Iterable[Sequence[int]], *, only_last: bool = False) -> None:
        """Replace the counts by the counts of ``sequences``; see :class:`CountedModel`."""
        counts = NgramCounts.fit(
            sequences, self.config.order, self.n_vocab, self.fill_id, only_last=only_last
        )
        ordered = sorted(counts.grams.items())
        packed = "".join(gram for gram, _ in ordered)
        grams = _unpack(packed).reshape(-1, self.config.order)  # (N, order)
        self._replace(grams, torch.tensor([count for _, count in ordered], dtype=torch.int64))

    @property
    def table(self) -> NgramTable:
        """Smoothed counts in plain Python, for losses of whole splits and for single contexts."""
        if self._table is None:
            packed, order = _pack(self.grams), self.config.order
            keys = (packed[i : i + order] for i in range(0, len(packed), order))
            grams = dict(zip(keys, self.counts.tolist(), strict=True))
            counts = NgramCounts(order, self.n_vocab, self.fill_id, grams)
            self._table = NgramTable(counts, self.config.smoothing, self.config.add_k)
        return self._table

    def predict(self, windows: Tensor) -> Tensor:
        """Return the log probabilities (..., V) of the token after each window (..., k)."""
        size, n = windows.shape[-1], self.config.order - 1
        packed = _pack(windows)
        contexts = (packed[i : i + n] for i in range(0, len(packed), size))
        index: dict[str, int] = {}
        row_ids = torch.tensor([index.setdefault(context, len(index)) for context in contexts])
        rows = torch.stack([self._log_probabilities(c) for c in index])  # (distinct contexts, V)
        return rows[row_ids].view(*windows.shape[:-1], self.n_vocab).to(windows.device)

    def _log_probabilities(self, context: str) -> Tensor:
        """Return the cached log probabilities (V,) after a packed context."""
        row = self._rows.get(context)
        if row is None:
            if len(self._rows) * self.n_vocab > _MAX_CACHED_LOGITS:
                self._rows.clear()
            probabilities = self.table.packed_probabilities(context)
            row = torch.tensor(probabilities, dtype=torch.float64).log().float()
            self._rows[context] = row
        return row

    def _replace(self, grams: Tensor, counts: Tensor) -> None:
        self.grams, self.counts = grams.to(self.grams.device), counts.to(self.counts.device)
        self._table = None
        self._rows = {}

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Load any number of n-grams; PyTorch itself loads only buffers of equal shape."""
        grams, counts = state_dict.get(f"{prefix}grams"), state_dict.get(f"{prefix}counts")
        if isinstance(grams, Tensor) and isinstance(counts, Tensor):
            problem = self._find_problem(grams, counts)
            if problem:
                args[-1].append(f"counts of {prefix or 'the model'} cannot be loaded: {problem}")
                return
            self._replace(torch.zeros_like(grams), torch.zeros_like(counts))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _find_problem(self, grams: Tensor, counts: Tensor) -> str:
        """Return why loaded tensors are not valid counts of this model; empty if they are valid."""
        order = self.config.order
        if grams.dtype != torch.int32 or counts.dtype != torch.int64:
            return f"types {grams.dtype} and {counts.dtype} are not int32 and int64"
        if grams.ndim != 2 or grams.shape[1] != order or counts.shape != grams.shape[:1]:
            return (
                f"shapes {list(grams.shape)} and {list(counts.shape)} are not [N, {order}] and [N]"
            )
        highest = max(self.n_vocab - 1, self.fill_id)
        if len(grams) and (grams.min() < 0 or grams.max() > highest or counts.min() < 1):
            return f"a token is not in 0 to {highest}, or a count is below 1"
        if len(grams) and grams[:, -1].max() >= self.n_vocab:
            return f"a predicted token is not in 0 to {self.n_vocab - 1}"
        return ""


def _pack(ids: Tensor) -> str:
    """Return all ids as a string of ``chr(id)``."""
    raw = ids.detach().cpu().numpy().astype("<i4").tobytes()
    return raw.decode("utf-32-le", "surrogatepass")


def _unpack(packed: str) -> Tensor:
    """Return the ids (N,) int32 of a string of ``chr(id)``."""
    raw = packed.encode("utf-32-le", "surrogatepass")
    return torch.from_numpy(np.frombuffer(raw, "<i4").astype(np.int32))

"""Training batches: windows of fixed context, padded items, and chunks of a stream.

The batch of a step is a pure function of the seed and the step. A checkpoint therefore needs no
state of a random generator: a resumed run has the same batches as an uninterrupted run.
"""

from abc import ABC, abstractmethod
from array import array
from typing import NamedTuple

import torch
from torch import Tensor

from seqlm.errors import RequestError

IGNORED = -100
"""Target of padding: ``cross_entropy`` of PyTorch ignores it."""

_STEPS_PER_BLOCK = 1024
_MAX_DRAWS_PER_BLOCK = 1 << 20  # random indexes: 8 MB


class Batch(NamedTuple):
    """Inputs and targets of one training step.

    Attributes:
        tokens: (B, T) int64.
        targets: (B, T) int64, the token after each input token; ``IGNORED`` at padding. For windows
            (B, 1), the token after the last input token.
        is_windowed: Whether each row of ``tokens`` is one whole context with one target.
        continues_previous: Whether each row starts where the same row of the previous batch ended.
    """

    tokens: Tensor
    targets: Tensor
    is_windowed: bool = False
    continues_previous: bool = False


class Batches(ABC):
    """Infinite sequence of batches.

    Attributes:
        n_examples: Number of examples in an epoch.
        steps_per_epoch: Number of batches in an epoch.
        carries_state: Whether rows continue from one batch to the next, so that the hidden state can
            be carried.
    """

    n_examples: int
    steps_per_epoch: int
    carries_state = False

    @abstractmethod
    def at(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0."""


class IndexSampler:
    """Sampler of example indexes: shuffled each epoch, or sampled with replacement.

    Random indexes are generated in blocks: one epoch when shuffled, about 1,024 steps otherwise.

    Args:
        n_examples: Number of examples.
        batch: B, examples per step.
        seed: Seed of the random generator.
        replacement: Whether to sample with replacement.
    """

    def __init__(self, n_examples: int, batch: int, seed: int, *, replacement: bool) -> None:
        self.n_examples, self.batch, self.seed = n_examples, batch, seed
        self.replacement = replacement
        per_epoch = -(-n_examples // batch)
        per_block = max(1, min(_STEPS_PER_BLOCK, _MAX_DRAWS_PER_BLOCK // batch))
        self.steps_per_block = per_block if replacement else per_epoch
        self._block_index = -1
        self._block = torch.empty(0, dtype=torch.int64)

    def block(self, index: int) -> Tensor:
        """Return all example indexes of a block, (N,) int64, in the order of their steps."""
        if index != self._block_index:
            generator = make_generator(self.seed, index)
            if self.replacement:
                shape = (self.steps_per_block * self.batch,)
                self._block = torch.randint(self.n_examples, shape, generator=generator)
            else:
                self._block = torch.randperm(self.n_examples, generator=generator)
            self._block_index = index
        return self._block

    def at(self, step: int) -> Tensor:
        """Return the example indexes of a step, (B,) int64; the last step of an epoch may have fewer."""
        block, offset = divmod(step, self.steps_per_block)
        return self.block(block)[offset * self.batch : (offset + 1) * self.batch]


class WindowBatches(Batches):
    """Batches of windows: one context of fixed length and its target per row.

    Args:
        sequences: Token ids, with an end token before and after each item, or one stream.
        context: k, tokens in a window.
        fill_id: Id that fills a window before the first token.
        batch: B.
        seed: Seed of the order.
        replacement: Whether to sample windows with replacement instead of once per epoch.
        only_last: Whether only the last token of each sequence is a target.
    """

    def __init__(
        self,
        sequences: list[list[int]],
        context: int,
        fill_id: int,
        batch: int,
        seed: int,
        *,
        replacement: bool,
        only_last: bool = False,
    ) -> None:
        flat = array("q")  # 8 bytes per token; a list of integers needs five times that
        for sequence in sequences:
            flat.extend([fill_id] * (context - 1))
            flat.extend(sequence)
        self._flat = torch.frombuffer(flat, dtype=torch.int64)
        self._positions = _target_positions(sequences, context - 1, only_last)
        self._offsets = torch.arange(1 - context, 2)  # (k+1,): the window and its target
        self.n_examples = len(self._positions)
        self._sampler = IndexSampler(self.n_examples, batch, seed, replacement=replacement)
        self.steps_per_epoch = -(-self.n_examples // batch)

    def at(self, step: int) -> Batch:
        """Return the windows of a step: tokens (B, k), targets (B, 1)."""
        positions = self._positions[self._sampler.at(step)]
        rows = self._flat[positions[:, None] + self._offsets]  # (B, k+1)
        return Batch(rows[:, :-1], rows[:, -1:], is_windowed=True)


def _target_positions(sequences: list[list[int]], n_before: int, only_last: bool) -> Tensor:
    """Return the position of each token that has a target, (N,) int64, in the concatenated sequences.

    Args:
        sequences: Token ids.
        n_before: Number of fill ids before each sequence.
        only_last: Whether only the last token of each sequence is a target.
    """
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    n_targets = lengths - 1
    starts = (lengths + n_before).cumsum(0) - lengths
    if only_last:
        return (starts + n_targets - 1)[n_targets > 0]
    shifts = starts - (n_targets.cumsum(0) - n_targets)  # from target number to position
    return torch.arange(int(n_targets.sum())) + shifts.repeat_interleave(n_targets)


class ItemBatches(Batches):
    """Batches of whole items, padded on the right.

    Items of similar length are batched together to reduce padding (bucketing).

    Args:
        sequences: Token ids of each item.
        batch: B.
        seed: Seed of the order.
        replacement: Whether to sample items with replacement instead of once per epoch.
        only_last: Whether only the last token of each item is a target.
    """

    _STEPS_PER_POOL = 16

    def __init__(
        self,
        sequences: list[list[int]],
        batch: int,
        seed: int,
        *,
        replacement: bool,
        only_last: bool = False,
    ) -> None:
        self._items = [torch.tensor(sequence) for sequence in sequences]
        self._lengths = torch.tensor([len(sequence) for sequence in sequences])
        self._batch = batch
        self._seed = seed
        self._only_last = only_last
        self.n_examples = len(sequences)
        self._sampler = IndexSampler(self.n_examples, batch, seed, replacement=replacement)
        self.steps_per_epoch = -(-self.n_examples // batch)
        self._block_index = -1
        self._batches: list[Tensor] = []

    def at(self, step: int) -> Batch:
        """Return the items of a step: tokens and targets (B, T), T = longest item - 1."""
        block, offset = divmod(step, self._sampler.steps_per_block)
        if block != self._block_index:
            self._batches, self._block_index = self._bucket_by_length(block), block
        items = [self._items[index] for index in self._batches[offset].tolist()]
        return pad_sequences(items, only_last=self._only_last)

    def _bucket_by_length(self, block: int) -> list[Tensor]:
        """Return the item indexes of each batch: items sorted by length in pools, batches shuffled."""
        pools = torch.split(self._sampler.block(block), self._batch * self._STEPS_PER_POOL)
        sorted_pools = [pool[self._lengths[pool].argsort(stable=True)] for pool in pools]
        batches = [batch for pool in sorted_pools for batch in torch.split(pool, self._batch)]
        shuffled = torch.randperm(len(batches), generator=make_generator(self._seed, -1 - block))
        return [batches[index] for index in shuffled.tolist()]


class ChunkBatches(Batches):
    """Batches of chunks of one stream.

    With ``carry``, the stream is divided into B contiguous rows, and each step takes the next
    ``chunk`` tokens of each row, so that the hidden state of a row can be carried. Without ``carry``,
    chunks are taken in random order.

    Args:
        sequences: Token ids; several sequences are concatenated and share the end token between them.
        batch: B.
        chunk: T.
        seed: Seed of the order of chunks without ``carry``.
        carry: Whether rows continue from step to step.
        replacement: Whether to sample chunks with replacement, without ``carry``.

    Raises:
        RequestError: The stream is too short for one batch.
    """

    def __init__(
        self,
        sequences: list[list[int]],
        batch: int,
        chunk: int,
        seed: int,
        *,
        carry: bool,
        replacement: bool,
    ) -> None:
        stream = torch.tensor(concatenate_items(sequences))
        n_targets = len(stream) - 1
        if n_targets < batch * chunk:
            raise RequestError(_describe_shortage(batch, chunk, n_targets), batch)
        self._stream, self._chunk, self.carries_state = stream, chunk, carry
        self._row_length = n_targets // batch
        self._row_starts = torch.arange(batch) * self._row_length
        self._chunks_per_row = self._row_length // chunk
        self.n_examples = n_targets // chunk
        self._sampler = IndexSampler(self.n_examples, batch, seed, replacement=replacement)
        self.steps_per_epoch = self._chunks_per_row if carry else self._sampler.steps_per_block

    def at(self, step: int) -> Batch:
        """Return the chunks of a step: tokens and targets (B, T)."""
        offset = step % self._chunks_per_row
        if self.carries_state:
            starts = self._row_starts + offset * self._chunk
        else:
            starts = self._sampler.at(step) * self._chunk
        chunks = self._stream[starts[:, None] + torch.arange(self._chunk + 1)]  # (B, T+1)
        return Batch(
            chunks[:, :-1], chunks[:, 1:], continues_previous=self.carries_state and offset > 0
        )


def _describe_shortage(batch: int, chunk: int, n_targets: int) -> str:
    """Return why chunks of a stream fill no batch, and the values that do."""
    need = f"train.batch={batch} rows of train.chunk={chunk} tokens need {batch * chunk:,} tokens"
    fewer_rows = f"train.batch={n_targets // chunk} or fewer" if n_targets >= chunk else ""
    shorter = n_targets // batch
    shorter_rows = f"train.chunk={shorter} or less" if shorter else ""
    values = " or ".join(filter(None, (fewer_rows, shorter_rows)))
    advice = values or f"train.batch=1 train.chunk={n_targets}"
    return f"{need}; the training split has {n_targets:,}. Use {advice}"


def make_generator(seed: int, index: int) -> torch.Generator:
    """Return a generator that depends only on ``seed`` and ``index``, whatever else is sampled."""
    generator = torch.Generator()
    generator.manual_seed((seed * 1_000_003 + index) % 2**63)
    return generator


def pad_sequences(items: list[Tensor], *, only_last: bool = False) -> Batch:
    """Return items of any length as one batch, padded on the right.

    Args:
        items: B tensors (T + 1,) int64 of any length.
        only_last: Whether only the last token of each item is a target.

    Returns:
        Tokens and targets (B, T), T = longest item - 1.
    """
    rows = torch.nn.utils.rnn.pad_sequence(items, batch_first=True, padding_value=IGNORED)
    tokens, targets = rows[:, :-1], rows[:, 1:]
    if only_last:
        last = torch.tensor([len(item) - 2 for item in items])[:, None]
        targets = targets.where(torch.arange(targets.shape[1]) == last, IGNORED)
    return Batch(tokens.clamp(min=0), targets)


def concatenate_items(sequences: list[list[int]]) -> list[int]:
    """Return concatenated sequences in which the end token between two items occurs once."""
    stream = list(sequences[0]) if sequences else []
    for sequence in sequences[1:]:
        stream += sequence[1:]
    return stream

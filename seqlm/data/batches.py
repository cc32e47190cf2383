"""From sequences of token ids to the batch of a step.

The batch of a step is a pure function of the seed and the step. So there is no generator to save: a
run goes on from any step with the batches it would have had.
"""

from abc import ABC, abstractmethod
from array import array
from typing import NamedTuple

import torch
from torch import Tensor

from seqlm.errors import RequestError

IGNORED = -100
"""A target that does not count: torch's cross entropy passes over it."""

_STEPS_PER_BLOCK = 1024
_MAX_DRAWS_PER_BLOCK = 1 << 20  # 8 MB


class Batch(NamedTuple):
    """What one step is fed.

    Attributes:
        tokens: (B, T) int64.
        targets: (B, T) int64, what comes after each token; ``IGNORED`` at padding. Of windows (B, 1):
            what comes after the last token.
        is_windowed: Whether each row of ``tokens`` is one whole context with one target.
        continues_previous: Whether each row goes on where the same row of the batch before ended.
    """

    tokens: Tensor
    targets: Tensor
    is_windowed: bool = False
    continues_previous: bool = False


class Batches(ABC):
    """An endless series of batches.

    Attributes:
        n_examples: In an epoch.
        steps_per_epoch: Batches in an epoch.
        carries_state: Whether rows go on from one batch to the next.
    """

    n_examples: int
    steps_per_epoch: int
    carries_state = False

    @abstractmethod
    def at(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""


class IndexSampler:
    """Which examples a step takes: shuffled anew each epoch, or drawn with replacement."""

    def __init__(self, n_examples: int, batch: int, seed: int, *, replacement: bool) -> None:
        self.n_examples, self.batch, self.seed = n_examples, batch, seed
        self.replacement = replacement
        per_epoch = -(-n_examples // batch)
        drawn = max(1, min(_STEPS_PER_BLOCK, _MAX_DRAWS_PER_BLOCK // batch))
        self.steps_per_block = drawn if replacement else per_epoch
        self._block_index = -1
        self._block = torch.empty(0, dtype=torch.int64)

    def block(self, index: int) -> Tensor:
        """All examples of one epoch (or of one block of draws), in the order of their steps."""
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
        """The examples of a step: (B,) int64; the last step of an epoch may have fewer."""
        block, offset = divmod(step, self.steps_per_block)
        return self.block(block)[offset * self.batch : (offset + 1) * self.batch]


class WindowBatches(Batches):
    """One context and its target, drawn by position.

    Args:
        sequences: Token ids; with an end token both before and after, or one stream.
        context: k, tokens in a window.
        fill_id: What stands before the first token.
        batch: B.
        seed: Fixes the order.
        replacement: Draw anew each time, instead of each window once an epoch.
        only_last: Whether of each sequence the last token alone is a target.
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
        flat = array("q")  # 8 bytes a token; a list of Python's numbers takes five times that
        for sequence in sequences:
            flat.extend([fill_id] * (context - 1))
            flat.extend(sequence)
        self._flat = torch.frombuffer(flat, dtype=torch.int64)
        self._positions = _positions(sequences, context - 1, only_last)
        self._offsets = torch.arange(1 - context, 2)  # the window, and its target
        self.n_examples = len(self._positions)
        self._sampler = IndexSampler(self.n_examples, batch, seed, replacement=replacement)
        self.steps_per_epoch = -(-self.n_examples // batch)

    def at(self, step: int) -> Batch:
        """The windows of a step: tokens (B, k), targets (B, 1)."""
        positions = self._positions[self._sampler.at(step)]
        rows = self._flat[positions[:, None] + self._offsets]  # (B, k+1)
        return Batch(rows[:, :-1], rows[:, -1:], is_windowed=True)


def _positions(sequences: list[list[int]], n_before: int, only_last: bool) -> Tensor:
    """Where each token stands that has a target, in sequences laid out with a filling before each."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    n_targets = lengths - 1
    begins = (lengths + n_before).cumsum(0) - lengths
    if only_last:
        return (begins + n_targets - 1)[n_targets > 0]
    shifts = begins - (n_targets.cumsum(0) - n_targets)  # from its number among all to its place
    return torch.arange(int(n_targets.sum())) + shifts.repeat_interleave(n_targets)


class ItemBatches(Batches):
    """Whole items, padded on the right. Items of like length go together, so that little is padding.

    Args:
        sequences: Token ids with an end token before and after.
        batch: B.
        seed: Fixes the order.
        replacement: Draw anew each time, instead of each item once an epoch.
        only_last: Whether of each item the last token alone is a target.
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
        """The items of a step: (B, T), T the longest of them less one."""
        block, offset = divmod(step, self._sampler.steps_per_block)
        if block != self._block_index:
            self._batches, self._block_index = self._bucketed(block), block
        items = [self._items[index] for index in self._batches[offset].tolist()]
        return pad_sequences(items, only_last=self._only_last)

    def _bucketed(self, block: int) -> list[Tensor]:
        """The batches of a block: sorted by length within pools, then shuffled among each other."""
        pools = torch.split(self._sampler.block(block), self._batch * self._STEPS_PER_POOL)
        sorted_pools = [pool[self._lengths[pool].argsort(stable=True)] for pool in pools]
        batches = [batch for pool in sorted_pools for batch in torch.split(pool, self._batch)]
        shuffled = torch.randperm(len(batches), generator=make_generator(self._seed, -1 - block))
        return [batches[index] for index in shuffled.tolist()]


class ChunkBatches(Batches):
    """Pieces of one long text.

    Carried: the text is laid out in B contiguous rows, and a step takes the next ``chunk`` tokens of
    each, so that the state of a row can go on. Otherwise chunks are drawn from anywhere.

    Args:
        sequences: Token ids; several are joined, sharing the end token between them.
        batch: B.
        chunk: T.
        seed: Fixes the order of chunks that are not carried.
        carry: Whether rows go on from step to step.
        replacement: Draw anew each time (not carried only).

    Raises:
        RequestError: The text is too short for one batch.
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
            raise RequestError(
                f"train.batch={batch} rows of train.chunk={chunk} tokens need {batch * chunk:,}"
                f" tokens; the training split has {n_targets:,}. Take a smaller batch or chunk",
                batch,
            )
        self._stream, self._chunk, self.carries_state = stream, chunk, carry
        self._row_length = n_targets // batch
        self._row_starts = torch.arange(batch) * self._row_length
        self._chunks_per_row = self._row_length // chunk
        self.n_examples = n_targets // chunk
        self._sampler = IndexSampler(self.n_examples, batch, seed, replacement=replacement)
        self.steps_per_epoch = self._chunks_per_row if carry else self._sampler.steps_per_block

    def at(self, step: int) -> Batch:
        """The chunks of a step: tokens (B, T)."""
        offset = step % self._chunks_per_row
        if self.carries_state:
            starts = self._row_starts + offset * self._chunk
        else:
            starts = self._sampler.at(step) * self._chunk
        pieces = self._stream[starts[:, None] + torch.arange(self._chunk + 1)]  # (B, T+1)
        return Batch(
            pieces[:, :-1], pieces[:, 1:], continues_previous=self.carries_state and offset > 0
        )


def make_generator(seed: int, index: int) -> torch.Generator:
    """A generator of its own for each pair, so that nothing drawn elsewhere can shift it."""
    generator = torch.Generator()
    generator.manual_seed((seed * 1_000_003 + index) % 2**63)
    return generator


def pad_sequences(items: list[Tensor], *, only_last: bool = False) -> Batch:
    """Items of any length as one batch, padded on the right; with one target each, or all."""
    rows = torch.nn.utils.rnn.pad_sequence(items, batch_first=True, padding_value=IGNORED)
    tokens, targets = rows[:, :-1], rows[:, 1:]
    if only_last:
        last = torch.tensor([len(item) - 2 for item in items])[:, None]
        targets = targets.where(torch.arange(targets.shape[1]) == last, IGNORED)
    return Batch(tokens.clamp(min=0), targets)


def concatenate_items(sequences: list[list[int]]) -> list[int]:
    """Sequences one after the other; the end token between two items stands once."""
    stream = list(sequences[0]) if sequences else []
    for sequence in sequences[1:]:
        stream += sequence[1:]
    return stream

"""The loss of a model on a split, found in small pieces so that questions can be answered between."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqlm.data.batches import IGNORED, Batch, padded
from seqlm.data.prepare import PreparedText
from seqlm.data.split import Split
from seqlm.models.base import SequenceModel, State

_ITEMS_PER_PIECE = 128
_TOKENS_PER_PIECE = 512
_WHOLE_UP_TO = 1_000_000
_SAMPLE = 100_000


class Score(NamedTuple):
    """What a split, or a piece of one, was found to cost.

    Attributes:
        nats: The sum of the surprisals.
        n_correct: Targets that were the most probable token.
        n_tokens: Targets.
    """

    nats: float = 0.0
    n_correct: int = 0
    n_tokens: int = 0

    @property
    def loss(self) -> float:
        """Mean surprisal, nats per token."""
        return self.nats / self.n_tokens if self.n_tokens else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of targets that were the most probable token."""
        return self.n_correct / self.n_tokens if self.n_tokens else float("nan")

    def plus(self, other: "Score") -> "Score":
        """Both together."""
        n_correct, n_tokens = self.n_correct + other.n_correct, self.n_tokens + other.n_tokens
        return Score(self.nats + other.nats, n_correct, n_tokens)


class SplitScorer:
    """Scores one split, always the same way.

    Items are read from nothing, each on its own. A stream is read in one pass, in order, with the
    state carried throughout. A split of over a million tokens is scored on a fixed sample of it.

    Args:
        text: The prepared text.
        split: Which split.
        device: Where the model is.
    """

    def __init__(self, text: PreparedText, split: Split, device: torch.device) -> None:
        sequences = text.sequences(split)
        self.split = split
        self._device = device
        self._is_stream = text.corpus.mode == "stream"
        limit = _SAMPLE if text.n_targets(split) > _WHOLE_UP_TO else None
        self.protocol = _protocol(limit, is_stream=self._is_stream)
        self._pieces = list(
            _stream_pieces(sequences, limit) if self._is_stream else _item_pieces(sequences, limit)
        )

    def run(self, model: SequenceModel) -> Iterator[Score]:
        """The score so far after each piece; the last one is the whole. Leaves the model as it was."""
        score, state = Score(), None
        was_training = model.training
        model.eval()
        try:
            for piece in self._pieces:
                tokens, targets = piece.tokens.to(self._device), piece.targets.to(self._device)
                found, state = _score(model, tokens, targets, state if self._is_stream else None)
                score = score.plus(found)
                model.train(was_training)
                yield score
                model.eval()
        finally:
            model.train(was_training)

    def whole(self, model: SequenceModel) -> Score:
        """The score of the whole split at once."""
        score = Score()
        for score in self.run(model):
            pass
        return score


@torch.inference_mode()
def _score(
    model: SequenceModel, tokens: Tensor, targets: Tensor, state: State | None
) -> tuple[Score, State]:
    logits, state = model(tokens, state)  # (B, T, V)
    flat, wanted = logits.flatten(0, 1), targets.flatten()
    nats = cross_entropy(flat, wanted, ignore_index=IGNORED, reduction="none")
    counted = wanted != IGNORED
    n_correct = int(((flat.argmax(1) == wanted) & counted).sum())
    return Score(float(nats.cpu().double().sum()), n_correct, int(counted.sum())), state


def _protocol(limit: int | None, *, is_stream: bool) -> str:
    how = "one pass, state carried" if is_stream else "each item from nothing"
    return how if limit is None else f"{how}; the first {limit:,} tokens"


def _item_pieces(sequences: list[list[int]], limit: int | None) -> Iterator[Batch]:
    if limit is not None:
        sequences = sequences[: max(1, limit * len(sequences) // sum(map(len, sequences)))]
    by_length = sorted(sequences, key=len)
    for start in range(0, len(by_length), _ITEMS_PER_PIECE):
        piece = by_length[start : start + _ITEMS_PER_PIECE]
        yield padded([torch.tensor(sequence) for sequence in piece])


def _stream_pieces(sequences: list[list[int]], limit: int | None) -> Iterator[Batch]:
    for sequence in sequences:
        stream = torch.tensor(sequence[: limit + 1] if limit is not None else sequence)[None]
        for start in range(0, stream.shape[1] - 1, _TOKENS_PER_PIECE):
            piece = stream[:, start : start + _TOKENS_PER_PIECE + 1]
            yield Batch(piece[:, :-1], piece[:, 1:])

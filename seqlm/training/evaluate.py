"""Evaluation of a model on a split, in small pieces so that queries can be answered in between."""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqlm.data.batches import IGNORED, Batch, pad_sequences
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split
from seqlm.data.tokenizer import AnyTokenizer
from seqlm.models.base import SequenceModel, State
from seqlm.models.sliding_window import ForwardFunction, window_stride, with_sliding_window

_ITEMS_PER_PIECE = 128
_TOKENS_PER_PIECE = 512  # per row
_MAX_TOKENS = 1 << 14  # in all rows of a piece
_MAX_LOGITS = 1 << 20  # in a piece: 4 MB
_MAX_FULL_TOKENS, _MAX_FULL_LOGITS = 1_000_000, 256_000_000
_SAMPLE_TOKENS, _SAMPLE_LOGITS = 100_000, 64_000_000
_MIN_SAMPLE_TOKENS = 2_000  # of a large vocabulary
_SEGMENTS = 20  # of a stream, when it is sampled


class EvalResult(NamedTuple):
    """Evaluation result of a split, or of a piece of one.

    Attributes:
        nats: Sum of the surprisals, in nats.
        n_correct: Number of targets that were the most probable token.
        n_tokens: Number of targets.
    """

    nats: float = 0.0
    n_correct: int = 0
    n_tokens: int = 0

    @property
    def loss(self) -> float:
        """Mean surprisal, in nats per token; NaN without tokens."""
        return self.nats / self.n_tokens if self.n_tokens else float("nan")

    @property
    def accuracy(self) -> float:
        """Fraction of targets that were the most probable token; NaN without tokens."""
        return self.n_correct / self.n_tokens if self.n_tokens else float("nan")

    def combine(self, other: "EvalResult") -> "EvalResult":
        """Return the result of both pieces together."""
        n_correct, n_tokens = self.n_correct + other.n_correct, self.n_tokens + other.n_tokens
        return EvalResult(self.nats + other.nats, n_correct, n_tokens)


class SplitEvaluator:
    """Evaluator of one split, which reads the split in the same way each time.

    For lines, the hidden state is reset for each line. A stream is read in one pass, in order, with
    the hidden state carried. A model with a maximum length reads longer texts through a window that
    slides by half its length. A split of more than a million tokens is evaluated on a fixed sample
    that is spread evenly over it, because its parts may differ; with a large vocabulary also a
    smaller split, because each token has one logit for each token of the vocabulary.

    The text is tokenized in :meth:`run`, piece by piece, so that creating an evaluator takes no time.

    Args:
        text: The prepared corpus.
        split: The split.
        device: Device of the model.
        max_tokens: Maximum number of tokens the model can read at once, or None for no limit.
        reset_every: For a stream: reset the hidden state after this many tokens, as for a model whose
            state is not carried from chunk to chunk; None for no reset.

    Attributes:
        split: The split.
        protocol: Description of how the split is read.
    """

    def __init__(
        self,
        text: PreparedText,
        split: Split,
        device: torch.device,
        max_tokens: int | None = None,
        reset_every: int | None = None,
    ) -> None:
        self.split = split
        self._text, self._device = text, device
        self._is_stream = text.corpus.mode == "stream"
        self._n_sample = _sample_size(text.n_targets(split), text.tokenizer.n_vocab)
        self.protocol = _describe_protocol(
            max_tokens, is_stream=self._is_stream, n_sample=self._n_sample
        )
        if text.only_last:
            self.protocol += ", loss of the last token only"
        if reset_every is not None:
            reset = f", hidden state reset every {reset_every:,} tokens"
            self.protocol = self.protocol.replace(", hidden state carried", "") + reset
        self._reset_every = reset_every
        self._pieces: list[Batch] | None = None

    def run(self, model: SequenceModel) -> Iterator[EvalResult]:
        """Evaluate a model piece by piece. The model's weights and mode do not change.

        Yields:
            The result so far, after each piece; the last one is of the whole split.
        """
        result, state, forward = EvalResult(), None, with_sliding_window(model)
        was_training = model.training
        model.eval()
        try:
            for piece in self._each_piece():
                tokens, targets = piece.tokens.to(self._device), piece.targets.to(self._device)
                piece_result, state = _evaluate_piece(
                    forward, tokens, targets, state if piece.continues_previous else None
                )
                result = result.combine(piece_result)
                model.train(was_training)
                yield result
                model.eval()
        finally:
            model.train(was_training)

    def _each_piece(self) -> Iterator[Batch]:
        """Yield the pieces of the split; they are made during the first pass and reused later."""
        if self._pieces is not None:
            yield from self._pieces
            return
        pieces: list[Batch] = []
        for piece in self._make_pieces():
            pieces.append(piece)
            yield piece
        self._pieces = pieces

    def _make_pieces(self) -> Iterator[Batch]:
        items = self._text.items[self.split]
        n_sample, n_targets = self._n_sample, self._text.n_targets(self.split)
        fraction = 1.0 if n_sample is None else n_sample / n_targets
        if not self._is_stream:
            yield from _item_pieces(items, self._text, fraction)
            return
        for ids in _stream_segments(items, self._text, fraction):
            yield from _stream_pieces(ids, self._text.tokenizer.n_vocab, self._reset_every)

    def evaluate(self, model: SequenceModel) -> EvalResult:
        """Evaluate a model on the whole split at once."""
        result = EvalResult()
        for result in self.run(model):
            pass
        return result


@torch.inference_mode()
def _evaluate_piece(
    forward: ForwardFunction, tokens: Tensor, targets: Tensor, state: State | None
) -> tuple[EvalResult, State]:
    logits, state = forward(tokens, state)  # (B, T, V)
    flat, flat_targets = logits.flatten(0, 1), targets.flatten()
    nats = cross_entropy(flat, flat_targets, ignore_index=IGNORED, reduction="none")
    is_counted = flat_targets != IGNORED
    n_correct = int(((flat.argmax(1) == flat_targets) & is_counted).sum())
    return EvalResult(float(nats.cpu().double().sum()), n_correct, int(is_counted.sum())), state


def _sample_size(n_targets: int, n_vocab: int) -> int | None:
    """Return the number of tokens of a split that are evaluated; None for all of them."""
    n_full, n_sample = (
        min(n_tokens, max(_MIN_SAMPLE_TOKENS, n_logits // n_vocab))
        for n_tokens, n_logits in (
            (_MAX_FULL_TOKENS, _MAX_FULL_LOGITS),
            (_SAMPLE_TOKENS, _SAMPLE_LOGITS),
        )
    )
    return None if n_targets <= n_full else n_sample


def _describe_protocol(max_tokens: int | None, *, is_stream: bool, n_sample: int | None) -> str:
    window = f"a window of {max_tokens} tokens sliding by {window_stride(max_tokens or 1)}"
    carried = "hidden state carried" if max_tokens is None else window
    if is_stream and n_sample is not None:
        return (
            f"a sample of about {n_sample:,} tokens, {_SEGMENTS} segments spread evenly,"
            f" hidden state reset for each segment, {carried}"
        )
    if is_stream:
        return f"one pass, {carried}"
    longer = "" if max_tokens is None else f", longer lines with {window}"
    sample = (
        "" if n_sample is None else f"a sample of about {n_sample:,} tokens, lines spread evenly, "
    )
    return f"{sample}hidden state reset for each line{longer}"


def _item_pieces(items: Sequence[str], text: PreparedText, fraction: float) -> Iterator[Batch]:
    if fraction < 1:
        n_kept = max(1, int(fraction * len(items)))
        items = [items[index * len(items) // n_kept] for index in range(n_kept)]
    max_tokens = _max_tokens(text.tokenizer.n_vocab)
    rows, n_longest = list[Tensor](), 0
    for item in sorted(items, key=len):
        row = torch.tensor(text.sequence(item))
        n_longest = max(n_longest, len(row) - 1)
        if rows and (len(rows) == _ITEMS_PER_PIECE or (len(rows) + 1) * n_longest > max_tokens):
            yield from _split_long_rows(pad_sequences(rows, only_last=text.only_last), max_tokens)
            rows, n_longest = [], len(row) - 1
        rows.append(row)
    if rows:
        yield from _split_long_rows(pad_sequences(rows, only_last=text.only_last), max_tokens)


def _max_tokens(n_vocab: int) -> int:
    """Return the maximum number of tokens of a piece, which bounds the time and memory of its logits."""
    return max(1, min(_MAX_TOKENS, _MAX_LOGITS // n_vocab))


def _split_long_rows(piece: Batch, max_tokens: int) -> Iterator[Batch]:
    """Yield a piece as it is, or in parts if it has too many tokens, as one long row may have."""
    n_steps, fits = piece.tokens.shape[1], piece.tokens.numel() <= max_tokens
    n_part = max(1, n_steps) if fits else min(_TOKENS_PER_PIECE, max_tokens)
    for start in range(0, n_steps, n_part):
        part = slice(start, start + n_part)
        yield Batch(piece.tokens[:, part], piece.targets[:, part], continues_previous=start > 0)


def _stream_segments(
    items: Sequence[str], text: PreparedText, fraction: float
) -> Iterator[Iterator[int]]:
    """Yield the token ids of each stream, or of segments that are spread evenly over it."""
    ends = [] if text.tokenizer.end_id is None else [text.tokenizer.end_id]
    n_ends = len(ends)  # end tokens before and after the stream
    for item in items:
        n_own = len(text.tokenizer.split(item))
        n_tokens = n_own + 2 * n_ends
        n_segments = _SEGMENTS if fraction < 1 else 1
        n_targets = max(1, int(fraction * (n_tokens - 1) / n_segments))
        for segment in range(n_segments):
            start = max(0, segment * (n_tokens - 1) // n_segments - n_ends)
            ids = _ids_from(item, start * len(item) // n_own, text.tokenizer)
            whole = chain(ends if segment == 0 else (), ids, ends)
            yield islice(whole, n_targets + 1)


def _ids_from(item: str, start: int, tokenizer: AnyTokenizer) -> Iterator[int]:
    """Yield the token ids of a long text from about a character on, tokenized piece by piece."""
    position = tokenizer.safe_split_point(item, start)
    while position < len(item):
        stop = tokenizer.safe_split_point(item, position + _TOKENS_PER_PIECE + 1)
        yield from tokenizer.encode(item[position:stop])
        position = stop


def _stream_pieces(ids: Iterator[int], n_vocab: int, every: int | None) -> Iterator[Batch]:
    """Yield token ids as batches; the hidden state is carried, or reset after ``every`` tokens."""
    n_part = min(_TOKENS_PER_PIECE, _max_tokens(n_vocab))
    if every is not None and every <= n_part:
        return _short_rows(ids, every, n_part // every)
    return _parts_of_rows(ids, n_part, every or sys.maxsize)


def _parts_of_rows(ids: Iterator[int], n_part: int, every: int) -> Iterator[Batch]:
    """Yield batches of one row that continue the row, or start a new row after ``every`` tokens."""
    last, n_before = list(islice(ids, 1)), 0
    while following := list(islice(ids, min(n_part, every - n_before))):
        piece = torch.tensor([*last, *following])[None]
        yield Batch(piece[:, :-1], piece[:, 1:], continues_previous=n_before > 0)
        last, n_before = following[-1:], (n_before + len(following)) % every


def _short_rows(ids: Iterator[int], every: int, n_rows: int) -> Iterator[Batch]:
    """Yield batches of ``n_rows`` independent rows of ``every`` tokens."""
    last = list(islice(ids, 1))
    while following := list(islice(ids, every * n_rows)):
        piece = torch.tensor([*last, *following])
        yield pad_sequences(
            [piece[start : start + every + 1] for start in range(0, len(following), every)]
        )
        last = following[-1:]

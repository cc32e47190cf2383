"""The loss of a model on a split, found in small pieces so that questions can be answered between."""

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
_TOKENS_PER_PIECE = 512  # in a row
_MOST_TOKENS = 1 << 14  # in all rows of a piece
_MOST_LOGITS = 1 << 20  # in a piece: 4 MB
_WHOLE_UP_TO = 1_000_000
_SAMPLE = 100_000
_STRETCHES = 20  # of a stream, for its sample


class EvalResult(NamedTuple):
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

    def plus(self, other: "EvalResult") -> "EvalResult":
        """Both together."""
        n_correct, n_tokens = self.n_correct + other.n_correct, self.n_tokens + other.n_tokens
        return EvalResult(self.nats + other.nats, n_correct, n_tokens)


class SplitEvaluator:
    """Scores one split, always the same way.

    Items are read from nothing, each on its own. A stream is read in one pass, in order, with the
    state carried throughout. A model that can hold only so many tokens reads what is longer through a
    window that slides by half. A split of over a million tokens is scored on a fixed sample of it,
    spread evenly: its parts differ, as the files do that a stream may be put together from.

    Nothing is numbered before :meth:`run` comes to it, so that making a scorer takes no time.

    Args:
        text: The prepared text.
        split: Which split.
        device: Where the model is.
        max_tokens: What the model can hold, or None where it reads on and on.
        reset_every: Of a stream: forget what was read after so many tokens, as a model does whose
            state is not carried from chunk to chunk; None to read on.

    Attributes:
        protocol: How the split is read, in words.
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
        self._is_sample = text.n_targets(split) > _WHOLE_UP_TO
        self.protocol = _protocol(max_tokens, is_stream=self._is_stream, is_sample=self._is_sample)
        if text.only_last:
            self.protocol += ", the last token of each alone"
        if reset_every is not None:
            forgets = f", begun anew every {reset_every:,} tokens"
            self.protocol = self.protocol.replace(", state carried", "") + forgets
        self._reset_every = reset_every
        self._pieces: list[Batch] | None = None

    def run(self, model: SequenceModel) -> Iterator[EvalResult]:
        """The score so far after each piece; the last one is the whole. Leaves the model as it was."""
        score, state, read = EvalResult(), None, with_sliding_window(model)
        was_training = model.training
        model.eval()
        try:
            for piece in self._each_piece():
                tokens, targets = piece.tokens.to(self._device), piece.targets.to(self._device)
                found, state = _score(
                    read, tokens, targets, state if piece.continues_previous else None
                )
                score = score.plus(found)
                model.train(was_training)
                yield score
                model.eval()
        finally:
            model.train(was_training)

    def _each_piece(self) -> Iterator[Batch]:
        """The pieces of the split, made one after the other the first time and kept for the next."""
        if self._pieces is not None:
            yield from self._pieces
            return
        made: list[Batch] = []
        for piece in self._cut():
            made.append(piece)
            yield piece
        self._pieces = made

    def _cut(self) -> Iterator[Batch]:
        items = self._text.items[self.split]
        share = _SAMPLE / self._text.n_targets(self.split) if self._is_sample else 1.0
        if not self._is_stream:
            yield from _item_pieces(items, self._text, share)
            return
        for ids in _stream_stretches(items, self._text, share):
            yield from _stream_pieces(ids, self._text.tokenizer.n_vocab, self._reset_every)

    def whole(self, model: SequenceModel) -> EvalResult:
        """The score of the whole split at once."""
        score = EvalResult()
        for score in self.run(model):
            pass
        return score


@torch.inference_mode()
def _score(
    read: ForwardFunction, tokens: Tensor, targets: Tensor, state: State | None
) -> tuple[EvalResult, State]:
    logits, state = read(tokens, state)  # (B, T, V)
    flat, wanted = logits.flatten(0, 1), targets.flatten()
    nats = cross_entropy(flat, wanted, ignore_index=IGNORED, reduction="none")
    counted = wanted != IGNORED
    n_correct = int(((flat.argmax(1) == wanted) & counted).sum())
    return EvalResult(float(nats.cpu().double().sum()), n_correct, int(counted.sum())), state


def _protocol(max_tokens: int | None, *, is_stream: bool, is_sample: bool) -> str:
    window = f"a window of {max_tokens} tokens sliding by {window_stride(max_tokens or 1)}"
    carried = "state carried" if max_tokens is None else window
    if is_stream and is_sample:
        return (
            f"a sample of about {_SAMPLE:,} tokens, {_STRETCHES} stretches spread evenly,"
            f" each from nothing, {carried}"
        )
    if is_stream:
        return f"one pass, {carried}"
    longer = "" if max_tokens is None else f", longer ones by {window}"
    sample = f"a sample of about {_SAMPLE:,} tokens, items spread evenly, " if is_sample else ""
    return f"{sample}each {'' if is_sample else 'item '}from nothing{longer}"


def _item_pieces(items: Sequence[str], text: PreparedText, share: float) -> Iterator[Batch]:
    if share < 1:
        n_kept = max(1, int(share * len(items)))
        items = [items[index * len(items) // n_kept] for index in range(n_kept)]
    most = _most_tokens(text.tokenizer.n_vocab)
    rows, n_longest = list[Tensor](), 0
    for item in sorted(items, key=len):
        row = torch.tensor(text.sequence(item))
        n_longest = max(n_longest, len(row) - 1)
        if rows and (len(rows) == _ITEMS_PER_PIECE or (len(rows) + 1) * n_longest > most):
            yield from _in_time(pad_sequences(rows, only_last=text.only_last), most)
            rows, n_longest = [], len(row) - 1
        rows.append(row)
    if rows:
        yield from _in_time(pad_sequences(rows, only_last=text.only_last), most)


def _most_tokens(n_vocab: int) -> int:
    """How many tokens a piece may have, so that its logits take little time and memory."""
    return max(1, min(_MOST_TOKENS, _MOST_LOGITS // n_vocab))


def _in_time(piece: Batch, most: int) -> Iterator[Batch]:
    """A piece of at most so many tokens as it is; of more, which is one long row, part by part."""
    n_steps, fits = piece.tokens.shape[1], piece.tokens.numel() <= most
    n_part = max(1, n_steps) if fits else min(_TOKENS_PER_PIECE, most)
    for begin in range(0, n_steps, n_part):
        part = slice(begin, begin + n_part)
        yield Batch(piece.tokens[:, part], piece.targets[:, part], continues_previous=begin > 0)


def _stream_stretches(
    items: Sequence[str], text: PreparedText, share: float
) -> Iterator[Iterator[int]]:
    """The token ids of a stream, or of stretches that are spread evenly over it."""
    ends = [] if text.tokenizer.end_id is None else [text.tokenizer.end_id]
    n_before = len(ends)  # an end token, before and after
    for item in items:
        n_own = len(text.tokenizer.split(item))
        n_tokens = n_own + 2 * n_before
        n_stretches = _STRETCHES if share < 1 else 1
        n_targets = max(1, int(share * (n_tokens - 1) / n_stretches))
        for stretch in range(n_stretches):
            begin = max(0, stretch * (n_tokens - 1) // n_stretches - n_before)
            ids = _ids_from(item, begin * len(item) // n_own, text.tokenizer)
            whole = chain(ends if stretch == 0 else (), ids, ends)
            yield islice(whole, n_targets + 1)


def _ids_from(item: str, begin: int, tokenizer: AnyTokenizer) -> Iterator[int]:
    """The ids of a long text from about a character on, numbered little by little."""
    place = tokenizer.safe_split_point(item, begin)
    while place < len(item):
        stop = tokenizer.safe_split_point(item, place + _TOKENS_PER_PIECE + 1)
        yield from tokenizer.encode(item[place:stop])
        place = stop


def _stream_pieces(ids: Iterator[int], n_vocab: int, every: int | None) -> Iterator[Batch]:
    """Token ids as batches, read on or begun anew after ``every`` tokens."""
    n_part = min(_TOKENS_PER_PIECE, _most_tokens(n_vocab))
    if every is not None and every <= n_part:
        return _short_rows(ids, every, n_part // every)
    return _parts_of_rows(ids, n_part, every or sys.maxsize)


def _parts_of_rows(ids: Iterator[int], n_part: int, every: int) -> Iterator[Batch]:
    """Batches of one row: the next tokens of it, or the first ones of a row begun anew."""
    last, n_before = list(islice(ids, 1)), 0
    while following := list(islice(ids, min(n_part, every - n_before))):
        piece = torch.tensor([*last, *following])[None]
        yield Batch(piece[:, :-1], piece[:, 1:], continues_previous=n_before > 0)
        last, n_before = following[-1:], (n_before + len(following)) % every


def _short_rows(ids: Iterator[int], every: int, n_rows: int) -> Iterator[Batch]:
    """Batches of so many rows that each begin from nothing, ``every`` tokens long."""
    last = list(islice(ids, 1))
    while following := list(islice(ids, every * n_rows)):
        piece = torch.tensor([*last, *following])
        yield pad_sequences(
            [piece[begin : begin + every + 1] for begin in range(0, len(following), every)]
        )
        last = following[-1:]

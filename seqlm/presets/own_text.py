"""Presets for a user's own text, and the settings that fit them to the size of the text."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import LstmConfig
from seqlm.configuration.run_config import TrainConfig
from seqlm.presets.preset import make_preset

OWN_LINES, OWN_STREAM = "own-lines", "own-stream"
"""The presets for a file of lines and for one long text."""

UNSPLIT = "100/0/0"
"""The split of a text that is too short for validation."""

_TRAIN = TrainConfig(
    steps=4000,
    batch=64,
    optimizer="adamw",
    learning_rate=4e-3,
    weight_decay=0.1,
    schedule="one-cycle",
    clip=1.0,
    evaluate_every=200,
    patience=10,
)


class TextSize(NamedTuple):
    """Size of the training part of a text.

    Attributes:
        n_targets: Number of tokens to predict.
        n_examples: Number of training examples: lines, windows, or tokens of a stream in chunks.
        n_vocab: V, the vocabulary size.
    """

    n_targets: int
    n_examples: int
    n_vocab: int


class _Fit(NamedTuple):
    """Model and training for texts of up to ``n_targets`` training tokens."""

    n_targets: float
    hidden: int
    dropout: float
    learning_rate: float
    steps: int
    evaluate_every: int


_LINES = (
    _Fit(1_000, 32, 0.3, 5e-3, 400, 20),
    _Fit(10_000, 64, 0.4, 5e-3, 800, 25),
    _Fit(40_000, 128, 0.5, 5e-3, 1500, 75),
    _Fit(400_000, 256, 0.4, 4e-3, 3500, 250),
    _Fit(float("inf"), 256, 0.2, 4e-3, 5000, 500),
)
_STREAM = (
    _Fit(1_000, 32, 0.2, 5e-3, 400, 20),
    _Fit(10_000, 64, 0.4, 5e-3, 800, 25),
    _Fit(40_000, 128, 0.4, 4e-3, 1500, 75),
    _Fit(400_000, 192, 0.4, 4e-3, 2500, 250),
    _Fit(float("inf"), 256, 0.1, 3e-3, 4000, 500),
)
_LARGE_VOCAB, _SLOW_VOCAB = 500, 20_000
_MAX_LOGITS = 8_000_000  # in a batch of chunks
_MAX_CHUNK, _MAX_ROWS, _CHUNKS_PER_ROW = 64, 16, 4
_LINES_FOR_THREE, _LINES_FOR_TWO = 30, 20
_TOKENS_FOR_THREE, _TOKENS_FOR_TWO = 300, 200


def split_for(n: int, *, is_list: bool) -> str:
    """Return the split that a text has enough lines or tokens for, in percent."""
    three, two = (
        (_LINES_FOR_THREE, _LINES_FOR_TWO) if is_list else (_TOKENS_FOR_THREE, _TOKENS_FOR_TWO)
    )
    if n >= three:
        return DataConfig().split
    return "80/20/0" if n >= two else UNSPLIT


def model_settings_for(size: TextSize, *, is_list: bool) -> dict[str, Any]:
    """Return the model and training settings for a text of this size, by dotted key."""
    fit = next(fit for fit in (_LINES if is_list else _STREAM) if size.n_targets <= fit.n_targets)
    return {
        "model.hidden": fit.hidden,
        "model.embedding": 64 if size.n_vocab > _LARGE_VOCAB else min(64, fit.hidden // 2),
        "model.dropout": fit.dropout,
        "train.learning_rate": fit.learning_rate,
        "train.steps": fit.steps,
        "train.evaluate_every": fit.evaluate_every,
    }


def is_large_vocab(n_vocab: int) -> bool:
    """Return whether each step takes long because each token has a logit for each of so many."""
    return n_vocab > _SLOW_VOCAB


def batch_for(n_examples: int, largest: int) -> int:
    """Return the batch size for windows or lines: an eighth of the examples, up to ``largest``."""
    return max(1, min(largest, n_examples // 8))


def chunks_for(n_targets: int, n_vocab: int, given: Mapping[str, Any]) -> dict[str, int]:
    """Return batch size and chunk length of a stream with at least one batch of tokens.

    Args:
        n_targets: Training tokens to predict.
        n_vocab: V; a large vocabulary has fewer rows, so that a step does not take seconds.
        given: Settings that the user gave, by dotted key; they stay as they are.
    """
    batch, chunk = given.get("train.batch"), given.get("train.chunk")
    if chunk is None:
        chunk = max(1, min(_MAX_CHUNK, n_targets // (batch or 1)))
    if batch is None:
        n_tokens = min(n_targets // _CHUNKS_PER_ROW, _MAX_LOGITS // n_vocab)
        batch = max(1, min(_MAX_ROWS, n_tokens // chunk))
    return {"train.batch": batch, "train.chunk": chunk}


PRESETS = (
    make_preset(
        OWN_LINES,
        LstmConfig(embedding=64, hidden=256, dropout=0.4, init="scaled"),
        _TRAIN,
        "your own list, one item per line: seqlm train FILE fits it to the size of the file",
    ),
    make_preset(
        OWN_STREAM,
        LstmConfig(embedding=64, hidden=256, dropout=0.1, init="scaled"),
        _TRAIN,
        "your own long text: seqlm train FILE fits it to the size of the file",
        data=DataConfig(corpus="prose"),
    ),
)

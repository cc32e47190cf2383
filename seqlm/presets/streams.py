"""Presets for one long text: n-gram counts, and networks that carry the state between chunks."""

from msgspec.structs import replace

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import (
    GruConfig,
    LstmConfig,
    MlpConfig,
    NgramConfig,
    TransformerConfig,
)
from seqlm.configuration.run_config import TrainConfig
from seqlm.presets.preset import make_preset

_PYTHON = DataConfig(corpus="python", split="94/3/3")
_PROSE = DataConfig(corpus="prose")
_GRAMMAR = DataConfig(corpus="grammar", split="90/5/5")
_WORDS = replace(_GRAMMAR, tokenizer="word")
_SHAKESPEARE = DataConfig(corpus="shakespeare", split="90/10/0")

_COUNTED = TrainConfig(steps=1)
_CHUNKS = TrainConfig(
    batch=16,
    example="chunk",
    chunk=64,
    optimizer="adamw",
    learning_rate=3e-3,
    schedule="one-cycle",
    clip=1.0,
    evaluate_every=500,
)
_SHORT_CHUNKS = replace(_CHUNKS, steps=1000, batch=32, chunk=8, learning_rate=5e-3)


def _ngram(order: int) -> NgramConfig:
    return NgramConfig(order=order, smoothing="kneser-ney")


PRESETS = (
    make_preset(
        "words",
        LstmConfig(embedding=32, hidden=128),
        _SHORT_CHUNKS,
        "word tokens, hidden state carried between chunks: 2.117, without 2.265",
        (2.117, 7.5),
        data=_WORDS,
    ),
    make_preset(
        "words-reset",
        LstmConfig(embedding=32, hidden=128),
        replace(_SHORT_CHUNKS, carry_state=False),
        "hidden state reset every 8 words; scored that way (--reset-every 8): 2.265",
        (2.154, 7.1),
        data=_WORDS,
    ),
    make_preset(
        "words-scalar",
        LstmConfig(input="scalar", hidden=128),
        _SHORT_CHUNKS,
        "the token id as the only input, as if word 6 were twice word 3: it fails",
        (3.008, 6.9),
        data=_WORDS,
    ),
    make_preset(
        "words-one-hot",
        LstmConfig(input="one_hot", hidden=128),
        _SHORT_CHUNKS,
        "one-hot input: one input per word, equivalent to an embedding",
        (2.128, 7.9),
        data=_WORDS,
    ),
    make_preset(
        "prose-ngram",
        _ngram(5),
        _COUNTED,
        "n-gram counts of a short story: most long contexts occur once or never",
        (1.478, 0.2),
        data=_PROSE,
    ),
    make_preset(
        "prose-lstm",
        LstmConfig(embedding=32, hidden=128, dropout=0.4),
        replace(_CHUNKS, steps=1000, evaluate_every=100),
        "overfitting: an LSTM memorizes a short story; dropout reduces it",
        (1.688, 20),
        data=_PROSE,
    ),
    make_preset(
        "grammar-ngram",
        _ngram(6),
        _COUNTED,
        "n-gram counts on a grammar: the subject is often outside the context",
        (0.487, 0.3),
        data=_GRAMMAR,
    ),
    make_preset(
        "grammar-lstm",
        LstmConfig(embedding=32, hidden=192),
        replace(_CHUNKS, steps=3000, learning_rate=5e-3),
        "distance from optimal: the chart shows the exact entropy of the grammar",
        (0.388, 81),
        data=_GRAMMAR,
    ),
    make_preset(
        "python-ngram",
        _ngram(6),
        _COUNTED,
        "n-gram counts of one long text: the source code of your Python",
        (1.535, 4.2),
        data=_PYTHON,
    ),
    make_preset(
        "python-lstm",
        LstmConfig(embedding=32, hidden=256),
        replace(_CHUNKS, steps=4000),
        "hidden state carried between chunks through millions of characters",
        (1.468, 196),
        data=_PYTHON,
    ),
    make_preset(
        "shakespeare-ngram",
        _ngram(7),
        _COUNTED,
        "n-gram counts of plays, the baseline to beat (seqlm data fetch shakespeare)",
        (1.516, 2.8),
        data=_SHAKESPEARE,
    ),
    make_preset(
        "shakespeare-mlp",
        MlpConfig(
            context=16,
            embedding=32,
            hidden=512,
            layers=2,
            activation="gelu",
            dropout=0.15,
            init="library",
        ),
        replace(_CHUNKS, steps=5000, batch=512, example="window", weight_decay=0.1, clip=None),
        "MLP on plays: sixteen letters of context",
        (1.604, 184),
        data=_SHAKESPEARE,
    ),
    make_preset(
        "shakespeare-gru",
        GruConfig(embedding=48, hidden=320, dropout=0.1),
        replace(_CHUNKS, steps=3000, batch=32),
        "GRU on plays",
        (1.479, 401),
        data=_SHAKESPEARE,
    ),
    make_preset(
        "shakespeare-lstm",
        LstmConfig(embedding=48, hidden=320, dropout=0.35),
        replace(_CHUNKS, steps=10_000),
        "LSTM on plays: once needed a GPU, now one CPU core",
        (1.457, 645),
        data=_SHAKESPEARE,
    ),
    make_preset(
        "shakespeare-transformer",
        TransformerConfig(
            max_tokens=64, width=160, heads=4, layers=3, hidden=320, activation="relu", dropout=0.1
        ),
        replace(_CHUNKS, steps=7000),
        "self-attention over the last 64 letters of plays",
        (1.583, 642),
        data=_SHAKESPEARE,
    ),
)

"""One long text: counted, and with the state carried from chunk to chunk."""

from msgspec.structs import replace

from seqlm.configuration.model_configs import (
    GruConfig,
    LstmConfig,
    MlpConfig,
    NgramConfig,
    TransformerConfig,
)
from seqlm.configuration.run_config import DataConfig, TrainConfig
from seqlm.presets.preset import make

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


def _counts(order: int) -> NgramConfig:
    return NgramConfig(order=order, smoothing="kneser-ney")


PRESETS = (
    make(
        "words",
        LstmConfig(embedding=32, hidden=128),
        _SHORT_CHUNKS,
        "words for tokens, the state carried from chunk to chunk: 2.117, without that 2.265",
        (2.117, 7.5),
        data=_WORDS,
    ),
    make(
        "words-reset",
        LstmConfig(embedding=32, hidden=128),
        replace(_SHORT_CHUNKS, carry_state=False),
        "the same with the state forgotten every 8 words: scored so (--reset-every 8) 2.265",
        (2.154, 7.1),
        data=_WORDS,
    ),
    make(
        "words-scalar",
        LstmConfig(input="scalar", hidden=128),
        _SHORT_CHUNKS,
        "the bare number of a word as input, as if word 6 were twice word 3: it fails",
        (3.008, 6.9),
        data=_WORDS,
    ),
    make(
        "words-one-hot",
        LstmConfig(input="one_hot", hidden=128),
        _SHORT_CHUNKS,
        "each word an input of its own, which is what an embedding looks up",
        (2.128, 7.9),
        data=_WORDS,
    ),
    make(
        "prose-ngram",
        _counts(5),
        _COUNTED,
        "a short story counted: few letters, so long contexts were seen once or never",
        (1.478, 0.2),
        data=_PROSE,
    ),
    make(
        "prose-lstm",
        LstmConfig(embedding=32, hidden=128, dropout=0.4),
        replace(_CHUNKS, steps=1000, evaluate_every=100),
        "a network on a short story: it soon learns by heart, and dropout holds it back",
        (1.688, 20),
        data=_PROSE,
    ),
    make(
        "grammar-ngram",
        _counts(6),
        _COUNTED,
        "sentences of a grammar counted: it cannot look back to who did it",
        (0.487, 0.3),
        data=_GRAMMAR,
    ),
    make(
        "grammar-lstm",
        LstmConfig(embedding=32, hidden=192),
        replace(_CHUNKS, steps=3000, learning_rate=5e-3),
        "how far from perfect: the exact entropy of the grammar is a line in the chart",
        (0.388, 81),
        data=_GRAMMAR,
    ),
    make(
        "python-ngram",
        _counts(6),
        _COUNTED,
        "counts on one long text: the source of your own Python",
        (1.535, 4.2),
        data=_PYTHON,
    ),
    make(
        "python-lstm",
        LstmConfig(embedding=32, hidden=256),
        replace(_CHUNKS, steps=4000),
        "a state carried from chunk to chunk through millions of characters",
        (1.468, 196),
        data=_PYTHON,
    ),
    make(
        "shakespeare-ngram",
        _counts(7),
        _COUNTED,
        "plays counted (seqlm data fetch shakespeare): a network says something below this",
        (1.516, 2.8),
        data=_SHAKESPEARE,
    ),
    make(
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
        "sixteen letters side by side",
        (1.604, 184),
        data=_SHAKESPEARE,
    ),
    make(
        "shakespeare-gru",
        GruConfig(embedding=48, hidden=320, dropout=0.1),
        replace(_CHUNKS, steps=3000, batch=32),
        "plays with a gated state",
        (1.479, 401),
        data=_SHAKESPEARE,
    ),
    make(
        "shakespeare-lstm",
        LstmConfig(embedding=48, hidden=320, dropout=0.35),
        replace(_CHUNKS, steps=10_000),
        "plays with gates and a cell: what took a GPU once, on one core",
        (1.457, 645),
        data=_SHAKESPEARE,
    ),
    make(
        "shakespeare-transformer",
        TransformerConfig(
            max_tokens=64, width=160, heads=4, layers=3, hidden=320, activation="relu", dropout=0.1
        ),
        replace(_CHUNKS, steps=7000),
        "plays with attention to the last 64 letters",
        (1.583, 642),
        data=_SHAKESPEARE,
    ),
)

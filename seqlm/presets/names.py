"""Presets for given names, character by character: from n-gram counts to a transformer."""

from msgspec.structs import replace

from seqlm.configuration.model_configs import (
    BigramConfig,
    BowConfig,
    ElmanConfig,
    GruConfig,
    LstmConfig,
    MlpConfig,
    NgramConfig,
    RnnConfig,
    TransformerConfig,
    WaveNetConfig,
)
from seqlm.configuration.run_config import Change, TrainConfig
from seqlm.presets.preset import make_preset

_COUNTED = TrainConfig(steps=1)
_LECTURE = TrainConfig(
    steps=200_000, batch=32, order="replacement", optimizer="sgd", learning_rate=0.1
)
_DECAY = (Change(key="train.learning_rate", value=0.01, step=100_000),)
_WINDOWS = TrainConfig(optimizer="adamw", schedule="one-cycle", evaluate_every=500)
_ITEMS = replace(_WINDOWS, example="item", clip=1.0, batch=64)

PRESETS = (
    make_preset(
        "names-bigram",
        NgramConfig(order=2),
        _COUNTED,
        "bigram counts: the probability of a letter given the previous letter",
        (2.561, 0.1),
    ),
    make_preset(
        "names-bigram-net",
        BigramConfig(),
        replace(_WINDOWS, steps=3000, batch=512, learning_rate=0.05),
        "the bigram table by gradient descent: one linear layer reaches the counts",
        (2.563, 1.6),
    ),
    make_preset(
        "names-ngram",
        NgramConfig(order=6, smoothing="kneser-ney"),
        _COUNTED,
        "n-gram counts with five letters of context and Kneser-Ney smoothing",
        (2.143, 0.3),
    ),
    make_preset(
        "names-mlp",
        MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
        _LECTURE,
        "MLP on three letter embeddings: similar letters share what is learned",
        (2.337, 180),
        changes=_DECAY,
    ),
    make_preset(
        "names-mlp-2d",
        MlpConfig(context=3, embedding=2, hidden=100, init="lecture"),
        _LECTURE,
        "two-dimensional embeddings: few parameters, but they can be plotted",
        (2.418, 174),
        changes=_DECAY,
    ),
    make_preset(
        "names-bad-init",
        MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
        replace(_LECTURE, steps=10_000, evaluate_every=500),
        "bad initialization: weights too large, so the loss starts above 15, not at ln V",
        (2.513, 10),
        changes=(Change(key="train.learning_rate", value=0.01, step=7000),),
    ),
    make_preset(
        "names-full-batch",
        MlpConfig(context=3, embedding=2, hidden=100),
        TrainConfig(steps=50, batch=None, learning_rate=0.5, evaluate_every=10),
        "full-batch gradient descent: a smooth loss but few steps; why batches are small",
        (2.767, 21),
    ),
    make_preset(
        "one-batch",
        MlpConfig(context=3, embedding=2, hidden=100),
        TrainConfig(steps=1000, batch=32, one_batch=True, learning_rate=0.3, evaluate_every=100),
        "memorize 32 examples; the loss stays above 0: some contexts have two continuations",
        (0.091, 1.5),
    ),
    make_preset(
        "names-mlp-best",
        MlpConfig(
            context=8,
            embedding=32,
            hidden=384,
            layers=2,
            activation="gelu",
            dropout=0.4,
            init="library",
        ),
        replace(_WINDOWS, steps=11_000, batch=512, learning_rate=3e-3, weight_decay=0.1),
        "a better MLP: eight letters of context, two hidden layers, AdamW, dropout",
        (2.117, 259),
    ),
    make_preset(
        "names-bow",
        BowConfig(embedding=64, hidden=256, layers=2, dropout=0.1),
        replace(_ITEMS, steps=4000, learning_rate=3e-3),
        "bag of words: the mean of all letters so far shows what their order is worth",
        (2.207, 56),
    ),
    make_preset(
        "names-elman",
        ElmanConfig(embedding=48, hidden=320, dropout=0.25),
        replace(_ITEMS, steps=12_000, learning_rate=1.2e-3),
        "a recurrent network: the hidden state carries all letters so far, but fades",
        (2.147, 157),
    ),
    make_preset(
        "names-rnn",
        RnnConfig(embedding=48, hidden=256, layers=2, dropout=0.25),
        replace(_ITEMS, steps=8000, learning_rate=1.5e-3),
        "two stacked recurrent layers with PyTorch's kernel",
        (2.133, 184),
    ),
    make_preset(
        "names-gru",
        GruConfig(embedding=64, hidden=320, dropout=0.4, init="scaled"),
        replace(_ITEMS, steps=8000, learning_rate=2.5e-3, weight_decay=0.1),
        "GRU: gates decide how much of the hidden state is replaced",
        (2.122, 261),
    ),
    make_preset(
        "names-lstm",
        LstmConfig(embedding=64, hidden=320, dropout=0.45),
        replace(_ITEMS, steps=8000, learning_rate=3e-3, weight_decay=0.1),
        "LSTM: gates decide what is forgotten, written and output",
        (2.109, 264),
    ),
    make_preset(
        "names-wavenet",
        WaveNetConfig(embedding=32, hidden=256, layers=3, dropout=0.25),
        replace(_ITEMS, steps=10_000, learning_rate=3e-3),
        "dilated convolutions: join letters in pairs, then pairs of pairs: eight letters",
        (2.122, 296),
    ),
    make_preset(
        "names-transformer",
        TransformerConfig(
            max_tokens=64,
            width=96,
            heads=4,
            layers=3,
            hidden=192,
            activation="relu",
            dropout=0.1,
        ),
        replace(_ITEMS, steps=10_000, batch=48, learning_rate=2.5e-3),
        "self-attention: each letter attends to all previous letters",
        (2.147, 266),
    ),
)

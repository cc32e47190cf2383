"""Given names, letter by letter: from a table of counts to a Transformer, and the lecture's detours."""

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
from seqlm.presets.preset import make

_COUNTED = TrainConfig(steps=1)
_LECTURE = TrainConfig(
    steps=200_000, batch=32, order="replacement", optimizer="sgd", learning_rate=0.1
)
_DECAY = (Change(key="train.learning_rate", value=0.01, step=100_000),)
_WINDOWS = TrainConfig(optimizer="adamw", schedule="one-cycle", evaluate_every=500)
_ITEMS = replace(_WINDOWS, example="item", clip=1.0, batch=64)

PRESETS = (
    make(
        "names-bigram",
        NgramConfig(order=2),
        _COUNTED,
        "the probability of a letter given the one before it, by counting",
        (2.561, 0.1),
    ),
    make(
        "names-bigram-net",
        BigramConfig(),
        replace(_WINDOWS, steps=3000, batch=512, learning_rate=0.05),
        "the same table found by gradient: one linear layer ends where counting does",
        (2.563, 1.6),
    ),
    make(
        "names-ngram",
        NgramConfig(order=6, smoothing="kneser-ney"),
        _COUNTED,
        "how far counting goes with the last five letters and good smoothing",
        (2.143, 0.3),
    ),
    make(
        "names-mlp",
        MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
        _LECTURE,
        "three letters seen as vectors, so that like letters share what is learned",
        (2.337, 180),
        changes=_DECAY,
    ),
    make(
        "names-mlp-2d",
        MlpConfig(context=3, embedding=2, hidden=100, init="lecture"),
        _LECTURE,
        "letters as points of a plane: few numbers, but they can be drawn",
        (2.418, 174),
        changes=_DECAY,
    ),
    make(
        "names-bad-init",
        MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
        replace(_LECTURE, steps=10_000, evaluate_every=500),
        "first weights too large: sure and wrong, so the loss starts above 15, not at ln V",
        (2.513, 10),
        changes=(Change(key="train.learning_rate", value=0.01, step=7000),),
    ),
    make(
        "names-full-batch",
        MlpConfig(context=3, embedding=2, hidden=100),
        TrainConfig(steps=50, batch=None, learning_rate=0.5, evaluate_every=10),
        "all examples in each step: a smooth line and few steps, so batches came to be small",
        (2.767, 21),
    ),
    make(
        "one-batch",
        MlpConfig(context=3, embedding=2, hidden=100),
        TrainConfig(steps=1000, batch=32, one_batch=True, learning_rate=0.3, evaluate_every=100),
        "32 examples by heart, not to 0: same letters go on in several ways",
        (0.091, 1.5),
    ),
    make(
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
        "the same idea with eight letters, two layers and a better optimizer",
        (2.117, 259),
    ),
    make(
        "names-bow",
        BowConfig(embedding=64, hidden=256, layers=2, dropout=0.1),
        replace(_ITEMS, steps=4000, learning_rate=3e-3),
        "all letters so far in one bag: how much their order is worth",
        (2.207, 56),
    ),
    make(
        "names-elman",
        ElmanConfig(embedding=48, hidden=320, dropout=0.25),
        replace(_ITEMS, steps=12_000, learning_rate=1.2e-3),
        "a hidden vector fed back at each letter: everything so far, fading",
        (2.147, 157),
    ),
    make(
        "names-rnn",
        RnnConfig(embedding=48, hidden=256, layers=2, dropout=0.25),
        replace(_ITEMS, steps=8000, learning_rate=1.5e-3),
        "two such layers, one above the other, with the library's kernel",
        (2.133, 184),
    ),
    make(
        "names-gru",
        GruConfig(embedding=64, hidden=320, dropout=0.4, init="scaled"),
        replace(_ITEMS, steps=8000, learning_rate=2.5e-3, weight_decay=0.1),
        "a gate that decides how much of the hidden vector is made anew",
        (2.122, 261),
    ),
    make(
        "names-lstm",
        LstmConfig(embedding=64, hidden=320, dropout=0.45),
        replace(_ITEMS, steps=8000, learning_rate=3e-3, weight_decay=0.1),
        "gates that decide what is kept, written and shown",
        (2.109, 264),
    ),
    make(
        "names-wavenet",
        WaveNetConfig(embedding=32, hidden=256, layers=3, dropout=0.25),
        replace(_ITEMS, steps=10_000, learning_rate=3e-3),
        "letters joined in pairs, pairs of pairs, and those again: eight at a time",
        (2.122, 296),
    ),
    make(
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
        "each letter looks back at all others and takes what it needs",
        (2.147, 266),
    ),
)

"""Given names, letter by letter: from a table of counts to a Transformer, and the lecture's detours."""

from msgspec.structs import replace

from seqlm.config import Change, RunConfig, TrainConfig
from seqlm.families import (
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
from seqlm.presets.preset import Preset

_COUNTED = TrainConfig(steps=1)
_LECTURE = TrainConfig(
    steps=200_000, batch=32, order="replacement", optimizer="sgd", learning_rate=0.1
)
_DECAY = (Change(key="train.learning_rate", value=0.01, step=100_000),)
_WINDOWS = TrainConfig(optimizer="adamw", schedule="one-cycle", evaluate_every=500)
_ITEMS = replace(_WINDOWS, example="item", clip=1.0, batch=64)

PRESETS = (
    Preset(
        config=RunConfig(preset="names-bigram", model=NgramConfig(order=2), train=_COUNTED),
        teaches="the probability of a letter given the one before it, by counting",
        expected_val_loss=2.561,
        expected_cpu_s=0.1,
    ),
    Preset(
        config=RunConfig(
            preset="names-bigram-net",
            model=BigramConfig(),
            train=replace(_WINDOWS, steps=3000, batch=512, learning_rate=0.05),
        ),
        teaches="the same table found by gradient: one linear layer ends where counting does",
        expected_val_loss=2.563,
        expected_cpu_s=1.6,
    ),
    Preset(
        config=RunConfig(
            preset="names-ngram",
            model=NgramConfig(order=6, smoothing="kneser-ney"),
            train=_COUNTED,
        ),
        teaches="how far counting goes with the last five letters and good smoothing",
        expected_val_loss=2.143,
        expected_cpu_s=0.3,
    ),
    Preset(
        config=RunConfig(
            preset="names-mlp",
            model=MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
            train=_LECTURE,
            changes=_DECAY,
        ),
        teaches="three letters seen as vectors, so that like letters share what is learned",
        expected_val_loss=2.337,
        expected_cpu_s=180,
    ),
    Preset(
        config=RunConfig(
            preset="names-mlp-2d",
            model=MlpConfig(context=3, embedding=2, hidden=100, init="lecture"),
            train=_LECTURE,
            changes=_DECAY,
        ),
        teaches="letters as points of a plane: few numbers, but they can be drawn",
        expected_val_loss=2.418,
        expected_cpu_s=174,
    ),
    Preset(
        config=RunConfig(
            preset="names-bad-init",
            model=MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
            train=replace(_LECTURE, steps=10_000, evaluate_every=500),
            changes=(Change(key="train.learning_rate", value=0.01, step=7000),),
        ),
        teaches="first weights too large: sure and wrong, so the loss starts above 15, not at ln V",
        expected_val_loss=2.513,
        expected_cpu_s=10,
    ),
    Preset(
        config=RunConfig(
            preset="names-full-batch",
            model=MlpConfig(context=3, embedding=2, hidden=100),
            train=TrainConfig(steps=50, batch=None, learning_rate=0.5, evaluate_every=10),
        ),
        teaches="all examples in each step: a smooth line and few steps, so batches came to be small",
        expected_val_loss=2.767,
        expected_cpu_s=21,
    ),
    Preset(
        config=RunConfig(
            preset="one-batch",
            model=MlpConfig(context=3, embedding=2, hidden=100),
            train=TrainConfig(
                steps=1000, batch=32, one_batch=True, learning_rate=0.3, evaluate_every=100
            ),
        ),
        teaches="32 examples by heart; not to 0, for after the same letters stands now this, now that",
    ),
    Preset(
        config=RunConfig(
            preset="names-mlp-best",
            model=MlpConfig(
                context=8,
                embedding=32,
                hidden=384,
                layers=2,
                activation="gelu",
                dropout=0.4,
                init="library",
            ),
            train=replace(_WINDOWS, steps=11_000, batch=512, learning_rate=3e-3, weight_decay=0.1),
        ),
        teaches="the same idea with eight letters, two layers and a better optimizer",
        expected_val_loss=2.117,
        expected_cpu_s=259,
    ),
    Preset(
        config=RunConfig(
            preset="names-bow",
            model=BowConfig(embedding=64, hidden=256, layers=2, dropout=0.1),
            train=replace(_ITEMS, steps=4000, learning_rate=3e-3),
        ),
        teaches="all letters so far in one bag: how much their order is worth",
        expected_val_loss=2.207,
        expected_cpu_s=56,
    ),
    Preset(
        config=RunConfig(
            preset="names-elman",
            model=ElmanConfig(embedding=48, hidden=320, dropout=0.25),
            train=replace(_ITEMS, steps=12_000, learning_rate=1.2e-3),
        ),
        teaches="a hidden vector fed back at each letter: everything so far, fading",
        expected_val_loss=2.147,
        expected_cpu_s=157,
    ),
    Preset(
        config=RunConfig(
            preset="names-rnn",
            model=RnnConfig(embedding=48, hidden=256, layers=2, dropout=0.25),
            train=replace(_ITEMS, steps=8000, learning_rate=1.5e-3),
        ),
        teaches="two such layers, one above the other, with the library's kernel",
        expected_val_loss=2.133,
        expected_cpu_s=184,
    ),
    Preset(
        config=RunConfig(
            preset="names-gru",
            model=GruConfig(embedding=64, hidden=320, dropout=0.4, init="scaled"),
            train=replace(_ITEMS, steps=8000, learning_rate=2.5e-3, weight_decay=0.1),
        ),
        teaches="a gate that decides how much of the hidden vector is made anew",
        expected_val_loss=2.122,
        expected_cpu_s=261,
    ),
    Preset(
        config=RunConfig(
            preset="names-lstm",
            model=LstmConfig(embedding=64, hidden=320, dropout=0.45),
            train=replace(_ITEMS, steps=8000, learning_rate=3e-3, weight_decay=0.1),
        ),
        teaches="gates that decide what is kept, written and shown",
        expected_val_loss=2.109,
        expected_cpu_s=264,
    ),
    Preset(
        config=RunConfig(
            preset="names-wavenet",
            model=WaveNetConfig(embedding=32, hidden=256, layers=3, dropout=0.25),
            train=replace(_ITEMS, steps=10_000, learning_rate=3e-3),
        ),
        teaches="letters joined in pairs, pairs of pairs, and those again: eight at a time",
        expected_val_loss=2.122,
        expected_cpu_s=296,
    ),
    Preset(
        config=RunConfig(
            preset="names-transformer",
            model=TransformerConfig(
                max_tokens=64,
                width=96,
                heads=4,
                layers=3,
                hidden=192,
                activation="relu",
                dropout=0.1,
            ),
            train=replace(_ITEMS, steps=10_000, batch=48, learning_rate=2.5e-3),
        ),
        teaches="each letter looks back at all others and takes what it needs",
        expected_val_loss=2.147,
        expected_cpu_s=266,
    ),
)

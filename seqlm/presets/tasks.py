"""Texts made by a rule: whether a model finds it, and what keeps it from that."""

from msgspec.structs import replace

from seqlm.configuration.model_configs import ElmanConfig, GruConfig, LstmConfig
from seqlm.configuration.run_config import DataConfig, TrainConfig
from seqlm.presets.preset import make

_ALL = "100/0/0"  # each line is to be learned by heart: none is held back
_COUNTING = DataConfig(corpus="counting", tokenizer="word", unknown=False, split=_ALL)
_RECALL = DataConfig(
    corpus="recall", tokenizer="word", unknown=False, length=40, targets="last", split="90/10/0"
)
_RECALLING = TrainConfig(
    steps=1500,
    batch=64,
    example="item",
    optimizer="adamw",
    learning_rate=0.01,
    clip=1.0,
    evaluate_every=100,
)


PRESETS = (
    make(
        "hello",
        ElmanConfig(input="one_hot", hidden=50),
        TrainConfig(
            steps=400,
            batch=1,
            optimizer="adam",
            learning_rate=1e-3,
            clip=1.0,
            clip_by="value",
            evaluate_every=100,
            pace=100,
        ),
        "Hello, RNN! by heart: l is followed by l, then by o, so the last letter is too little",
        (0.007, 1.3),
        data=DataConfig(corpus="hello", split=_ALL),
    ),
    make(
        "counting",
        ElmanConfig(input="one_hot", hidden=32),
        TrainConfig(
            steps=300,
            batch=62,
            optimizer="adam",
            learning_rate=0.01,
            evaluate_every=100,
            pace=50,
        ),
        "learning to count, six numbers at a time, and on beyond; 123-127 never begin a line",
        (0.004, 1.2),
        data=_COUNTING,
    ),
    make(
        "recall-elman",
        ElmanConfig(embedding=32, hidden=64),
        replace(_RECALLING, learning_rate=3e-3),
        "the first of 40 symbols, at the end: a plain recurrence forgets it, 12 % right is chance",
        (2.083, 14),
        data=_RECALL,
    ),
    make(
        "recall-gru",
        GruConfig(embedding=32, hidden=64),
        _RECALLING,
        "a gate can keep the first symbol for 40 steps, once it found that it pays: 100 % right",
        (0.0, 40),
        data=_RECALL,
    ),
    make(
        "recall-lstm",
        LstmConfig(embedding=32, hidden=64, forget_bias="3"),
        _RECALLING,
        "a forget gate that begins open: the first symbol reaches the end, and 100 % are right",
        (0.0, 28),
        data=_RECALL,
    ),
    make(
        "recall-lstm-library",
        LstmConfig(embedding=32, hidden=64),
        _RECALLING,
        "the same with the library's bias: half is forgotten at each step, 13 % right is chance",
        (2.086, 25),
        data=_RECALL,
    ),
)

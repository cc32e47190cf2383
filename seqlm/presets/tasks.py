"""Texts made by a rule: whether a model finds it, and what keeps it from that."""

from msgspec.structs import replace

from seqlm.config import DataConfig, RunConfig, TrainConfig
from seqlm.families import ElmanConfig, GruConfig, LstmConfig, ModelConfig
from seqlm.presets.preset import Preset

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


def _recall(
    name: str, model: ModelConfig, teaches: str, expected: tuple[float, float], rate: float = 0.01
) -> Preset:
    val_loss, cpu_s = expected
    return Preset(
        config=RunConfig(
            preset=name, data=_RECALL, model=model, train=replace(_RECALLING, learning_rate=rate)
        ),
        teaches=teaches,
        expected_val_loss=val_loss,
        expected_cpu_s=cpu_s,
    )


PRESETS = (
    Preset(
        config=RunConfig(
            preset="hello",
            data=DataConfig(corpus="hello", split=_ALL),
            model=ElmanConfig(input="one_hot", hidden=50),
            train=TrainConfig(
                steps=400,
                batch=1,
                optimizer="adam",
                learning_rate=1e-3,
                clip=1.0,
                clip_by="value",
                evaluate_every=100,
                pace=100,
            ),
        ),
        teaches="Hello, RNN! by heart: l is followed by l, then by o, so the last letter is too little",
        expected_val_loss=0.007,
        expected_cpu_s=1.3,
    ),
    Preset(
        config=RunConfig(
            preset="counting",
            data=_COUNTING,
            model=ElmanConfig(input="one_hot", hidden=32),
            train=TrainConfig(
                steps=300,
                batch=62,
                optimizer="adam",
                learning_rate=0.01,
                evaluate_every=100,
                pace=50,
            ),
        ),
        teaches="learning to count, six numbers at a time, and on beyond; 122-126 never begin a line",
        expected_val_loss=0.004,
        expected_cpu_s=1.2,
    ),
    _recall(
        "recall-elman",
        ElmanConfig(embedding=32, hidden=64),
        "the first of 40 symbols, at the end: what a plain recurrence forgets on the way",
        (2.083, 14),
        rate=3e-3,
    ),
    _recall(
        "recall-gru",
        GruConfig(embedding=32, hidden=64),
        "a gate can keep the first symbol for 40 steps, once it has found out that it pays",
        (0.0, 40),
    ),
    _recall(
        "recall-lstm",
        LstmConfig(embedding=32, hidden=64, forget_bias="3"),
        "a forget gate that begins open: the first symbol reaches the end from the first step on",
        (0.0, 28),
    ),
    _recall(
        "recall-lstm-library",
        LstmConfig(embedding=32, hidden=64),
        "the same with the library's bias: half is forgotten at each step, and nothing is learned",
        (2.086, 25),
    ),
)

"""One long text, character by character, with the state carried from chunk to chunk."""

from msgspec.structs import replace

from seqlm.config import DataConfig, RunConfig, TrainConfig
from seqlm.families import LstmConfig, NgramConfig
from seqlm.presets.preset import Preset

_PYTHON = DataConfig(corpus="python", split="94/3/3")
_CHUNKS = TrainConfig(
    batch=16,
    example="chunk",
    chunk=64,
    optimizer="adamw",
    schedule="one-cycle",
    clip=1.0,
    evaluate_every=500,
)

PRESETS = (
    Preset(
        config=RunConfig(
            preset="python-ngram",
            data=_PYTHON,
            model=NgramConfig(order=6, smoothing="kneser-ney"),
            train=TrainConfig(steps=1),
        ),
        teaches="counts on one long text: the source of your own Python",
        expected_val_loss=1.535,
        expected_cpu_s=4.2,
    ),
    Preset(
        config=RunConfig(
            preset="python-lstm",
            data=_PYTHON,
            model=LstmConfig(embedding=32, hidden=256),
            train=replace(_CHUNKS, steps=4000, learning_rate=3e-3),
        ),
        teaches="a state carried from chunk to chunk through millions of characters",
        expected_val_loss=1.468,
        expected_cpu_s=196,
    ),
)

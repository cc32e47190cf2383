"""Named configurations, each with the result to expect on the corpus shipped with the program."""

from msgspec import Struct
from msgspec.structs import replace

from seqlm import errors
from seqlm.config import Change, DataConfig, RunConfig, TrainConfig
from seqlm.families import ElmanConfig, LstmConfig, MlpConfig, NgramConfig


class Preset(Struct, frozen=True, kw_only=True):
    """A configuration with a name, what it teaches, and what it reaches.

    ``expected_val_loss`` is in nats per token on the bundled corpus, ``expected_cpu_s`` the processor
    time that took on one core; both were measured with seed 0.
    """

    config: RunConfig
    teaches: str
    expected_val_loss: float | None = None
    expected_cpu_s: float | None = None

    @property
    def name(self) -> str:
        """The name a person types."""
        return self.config.preset


_RECURRENT = TrainConfig(
    steps=6000,
    batch=48,
    example="item",
    optimizer="adamw",
    learning_rate=4e-3,
    schedule="one-cycle",
    clip=1.0,
    evaluate_every=500,
)
_STREAM = DataConfig(corpus="python", split="94/3/3")

_PRESETS = (
    Preset(
        config=RunConfig(
            preset="names-bigram",
            model=NgramConfig(order=2),
            train=TrainConfig(steps=1),
        ),
        teaches="the probability of a letter given the one before it, by counting",
        expected_val_loss=2.561,
        expected_cpu_s=0.1,
    ),
    Preset(
        config=RunConfig(
            preset="names-ngram",
            model=NgramConfig(order=6, smoothing="kneser-ney"),
            train=TrainConfig(steps=1),
        ),
        teaches="how far counting goes with the last five letters and good smoothing",
        expected_val_loss=2.143,
        expected_cpu_s=0.3,
    ),
    Preset(
        config=RunConfig(
            preset="names-mlp",
            model=MlpConfig(context=3, embedding=10, hidden=200, init="lecture"),
            train=TrainConfig(
                steps=200_000, batch=32, order="replacement", optimizer="sgd", learning_rate=0.1
            ),
            changes=(Change(key="train.learning_rate", value=0.01, step=100_000),),
        ),
        teaches="three letters seen as vectors, so that like letters share what is learned",
        expected_val_loss=2.337,
        expected_cpu_s=180,
    ),
    Preset(
        config=RunConfig(
            preset="names-elman",
            model=ElmanConfig(embedding=48, hidden=256, dropout=0.25),
            train=replace(_RECURRENT, learning_rate=1.5e-3),
        ),
        teaches="a hidden vector fed back at each letter: everything so far, fading",
        expected_val_loss=2.174,
        expected_cpu_s=54,
    ),
    Preset(
        config=RunConfig(
            preset="names-lstm",
            model=LstmConfig(embedding=48, hidden=192, dropout=0.3),
            train=_RECURRENT,
        ),
        teaches="gates that decide what is kept, written and shown",
        expected_val_loss=2.113,
        expected_cpu_s=81,
    ),
    Preset(
        config=RunConfig(
            preset="python-ngram",
            data=_STREAM,
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
            data=_STREAM,
            model=LstmConfig(embedding=32, hidden=256),
            train=TrainConfig(
                steps=4000,
                batch=16,
                example="chunk",
                chunk=64,
                optimizer="adamw",
                learning_rate=3e-3,
                schedule="one-cycle",
                clip=1.0,
                evaluate_every=500,
            ),
        ),
        teaches="a state carried from chunk to chunk through millions of characters",
        expected_val_loss=1.468,
        expected_cpu_s=196,
    ),
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _PRESETS}


def preset_config(name: str) -> RunConfig:
    """The configuration of the preset called ``name``.

    Raises:
        RequestError: There is none; says the nearest name.
    """
    if name not in PRESETS:
        raise errors.unknown("a preset", name, PRESETS)
    return PRESETS[name].config

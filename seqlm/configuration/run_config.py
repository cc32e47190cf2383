"""Configuration of a run: training and sampling settings, and the sections together.

Each setting is declared once, with its bounds, help text, unit and the mark ``is_live`` if it can
change during training. The command line, the Controls pane, the validation of values and
``run.json`` use these declarations through :mod:`seqlm.configuration.dotted_keys`.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import LENGTH_LIMITED, MlpConfig, ModelConfig
from seqlm.configuration.schema import (
    OFF_WORDS,
    ConfigSection,
    SettingConditions,
    not_if,
    only_if,
    unit_metadata,
)
from seqlm.errors import RequestError

_LIVE: dict[str, Any] = {"is_live": True}
_LINES = (only_if("data.mode", "lines"),)
_VALIDATED = (not_if("data.split", "*/0/*"),)

Example: TypeAlias = Literal["window", "item", "chunk"]
"""Kind of a training example: a context with its target, a whole line, or a piece of text."""


class TrainConfig(ConfigSection, frozen=True, kw_only=True):
    """Settings of training."""

    conditions: ClassVar[SettingConditions] = {
        "chunk": (only_if("train.example", "chunk"),),
        "carry_state": (only_if("train.example", "chunk"), not_if("model.kind", *LENGTH_LIMITED)),
        "order": (not_if("train.batch", "all"), not_if("train.carry_state", "true")),
        "momentum": (only_if("train.optimizer", "sgd"),),
        "warmup": (only_if("train.schedule", "warm-up", "one-cycle"),),
        **dict.fromkeys(("drop", "drop_at"), (only_if("train.schedule", "step"),)),
        "clip_by": (not_if("train.clip", "off"),),
        **dict.fromkeys(("evaluate_every", "patience"), _VALIDATED),
    }

    steps: Annotated[
        int,
        Meta(
            ge=1,
            le=10**9,
            description="Steps: number of training steps",
            extra=unit_metadata("steps", is_live=True),
        ),
    ] = 10_000
    seconds: Annotated[
        Annotated[float, Meta(gt=0, le=1e7)] | None,
        Meta(
            description="Time limit: train for this time; converted to a number of steps after 2 s",
            extra=unit_metadata("s"),
        ),
    ] = None
    batch: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="Batch size: examples per step; all means full-batch gradient descent",
            extra=unit_metadata("examples", off_words=("all",)),
        ),
    ] = 32
    one_batch: Annotated[
        bool,
        Meta(description="Overfit one batch: train on the first batch only, to test the model"),
    ] = False
    example: Annotated[
        Literal["auto", "window", "item", "chunk"],
        Meta(
            description="Training example: window (context and target), item (a line) or chunk"
            " (piece of text)"
        ),
    ] = "auto"
    chunk: Annotated[
        int,
        Meta(
            ge=1,
            le=8192,
            description="Chunk length: tokens in a chunk",
            extra=unit_metadata("tokens"),
        ),
    ] = 64
    order: Annotated[
        Literal["shuffle", "replacement"],
        Meta(
            description="Example order: shuffle (each example once per epoch) or replacement"
            " (sampled with replacement)"
        ),
    ] = "shuffle"
    optimizer: Annotated[
        Literal["sgd", "adam", "adamw"],
        Meta(description="Optimizer: the rule that updates the weights from the gradient"),
    ] = "sgd"
    momentum: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="Momentum: fraction of the previous sgd update added to the next one",
        ),
    ] = 0.0
    learning_rate: Annotated[
        float,
        Meta(
            ge=1e-6,
            le=100,
            description="Learning rate: how far each update moves the weights",
            extra=_LIVE,
        ),
    ] = 0.1
    schedule: Annotated[
        Literal["constant", "warm-up", "step", "cosine", "one-cycle"],
        Meta(
            description="LR schedule: change of the learning rate: step (one drop), cosine"
            " (decay to 0), one-cycle (warm-up, then decay to 0)"
        ),
    ] = "constant"
    warmup: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="Warm-up: fraction of the steps in which the learning rate rises",
        ),
    ] = 0.05
    drop: Annotated[
        float,
        Meta(
            gt=0,
            lt=1,
            description="Drop factor: the step schedule multiplies the learning rate by this factor",
        ),
    ] = 0.1
    drop_at: Annotated[
        float,
        Meta(
            gt=0,
            lt=1,
            description="Drop point: fraction of the steps after which the step schedule lowers the"
            " learning rate",
        ),
    ] = 0.5
    weight_decay: Annotated[
        float,
        Meta(
            ge=0,
            le=10,
            description="Weight decay: pulls the weights toward 0 at each update",
            extra=_LIVE,
        ),
    ] = 0.0
    clip: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(description="Gradient clipping: limit on the size of the gradient", extra=_LIVE),
    ] = None
    clip_by: Annotated[
        Literal["norm", "value"],
        Meta(
            description="Clipping mode: norm (rescale the whole gradient) or value (clip each"
            " component)"
        ),
    ] = "norm"
    carry_state: Annotated[
        bool,
        Meta(description="Carry state: a chunk starts with the hidden state of the previous chunk"),
    ] = True
    evaluate_every: Annotated[
        int,
        Meta(
            ge=1,
            le=10**9,
            description="Val interval: steps between two computations of the validation loss",
            extra=unit_metadata("steps", is_live=True),
        ),
    ] = 1000
    patience: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="Early stopping: stop after this many validations without improvement",
            extra=unit_metadata("validations", is_live=True),
        ),
    ] = None
    pace: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(
            description="Pace: maximum number of steps per second, for watching training",
            extra=unit_metadata("steps/s", is_live=True, off_words=("full", "off", "none")),
        ),
    ] = None
    threads: Annotated[
        int, Meta(ge=1, le=1024, description="Threads: CPU cores used for one step")
    ] = 1
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Meta(
            description="Device: hardware for training; auto uses the GPU for models of 1,000,000"
            " parameters or more"
        ),
    ] = "auto"

    def check(self) -> None:
        """Check that the settings are compatible with each other.

        Raises:
            RequestError: Two settings are incompatible; names both.
        """
        if self.momentum and self.optimizer != "sgd":
            raise RequestError(
                f"train.momentum={self.momentum:g} needs train.optimizer=sgd; {self.optimizer} has"
                " its own momentum",
                self.momentum,
            )


class SampleConfig(ConfigSection, frozen=True, kw_only=True):
    """Settings of sampling the next token from the model's probabilities."""

    temperature: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Temperature: below 1 safer and more repetitive, above 1 more random, 0 greedy",
            extra=_LIVE,
        ),
    ] = 1.0
    top_k: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="Top-k: sample only from the k most probable tokens",
            extra=unit_metadata("tokens", is_live=True, off_words=(*OFF_WORDS, "0")),
        ),
    ] = None
    top_p: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(
            description="Top-p: only the most probable tokens whose probabilities sum to p",
            extra=_LIVE,
        ),
    ] = None
    min_p: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | None,
        Meta(
            description="Min-p: only tokens with at least this fraction of the top probability",
            extra=_LIVE,
        ),
    ] = None
    order: Annotated[
        str,
        Meta(
            pattern=r"^(?=.*temp)(?=.*top-k)(?=.*top-p)(?=.*min-p)"
            r"((temperature|top-k|top-p|min-p)(,|$)){4}$",
            description="Sampling order: each stage once, e.g. temperature,top-k,top-p,min-p",
            extra=_LIVE,
        ),
    ] = "temperature,top-k,top-p,min-p"
    seed: Annotated[
        int,
        Meta(
            ge=0,
            le=2**31 - 1,
            description="Sampling seed: the same weights and seed give the same samples",
            extra=_LIVE,
        ),
    ] = 0

    @property
    def is_greedy(self) -> bool:
        """True if the most probable token is always chosen, so that no random number matters."""
        return self.temperature == 0


class Change(ConfigSection, frozen=True, kw_only=True):
    """A scheduled change of a live setting, applied after ``step`` steps: ``KEY=VALUE@STEP``."""

    key: str
    value: Any
    step: int


class RunConfig(ConfigSection, frozen=True, kw_only=True):
    """The complete configuration of a run; with the corpus it determines every loss bit for bit."""

    preset: str
    data: DataConfig = DataConfig()
    model: ModelConfig = MlpConfig()
    train: TrainConfig = TrainConfig()
    sample: SampleConfig = SampleConfig()
    seed: Annotated[
        int,
        Meta(
            ge=0,
            le=2**31 - 1,
            description="Seed: initialization and order of examples; the same seed repeats a run",
        ),
    ] = 0
    changes: tuple[Change, ...] = ()

    @property
    def planned(self) -> "RunConfig":
        """The configuration that is executed: a count-based model takes one step."""
        if not self.model.learns_by_counting:
            return self
        return replace(self, train=TrainConfig(steps=1), changes=())


def example_of(
    train: TrainConfig, context: int | None, mode: Literal["lines", "stream"]
) -> Example:
    """Return the kind of training example; ``auto`` depends on context and mode of the corpus."""
    if train.example != "auto":
        return train.example
    if context is not None:
        return "window"
    return "chunk" if mode == "stream" else "item"

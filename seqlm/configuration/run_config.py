"""Everything a person can set about a run, declared once.

Each field carries its bounds, its help, its unit and whether it may change while a run goes
(``live``). The command line, the screen's controls, validation, ``run.json`` and the documentation
are all read from here; :mod:`seqlm.configuration.dotted_keys` does the reading.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from seqlm.configuration.model_configs import LIMITED, MlpConfig, ModelConfig
from seqlm.configuration.schema import (
    ConfigSection,
    SettingConditions,
    not_if,
    only_if,
    unit_metadata,
)
from seqlm.errors import RequestError

_LIVE: dict[str, Any] = {"live": True}
_WORDS = (only_if("data.tokenizer", "word"),)
_LINES = (only_if("data.mode", "lines"),)
_VALIDATED = (not_if("data.split", "*/0/*"),)

Example: TypeAlias = Literal["window", "item", "chunk"]
"""One training example: a context with its target, a whole line, or a piece of a stream."""


class DataConfig(ConfigSection, frozen=True, kw_only=True):
    """Where the text comes from and how it is cut into tokens and splits."""

    only_with: ClassVar[SettingConditions] = {
        "length": (only_if("data.corpus", "counting", "recall"),),
        **dict.fromkeys(("fold_case", "punctuation", "unknown", "max_words"), _WORDS),
        "merges": (only_if("data.tokenizer", "bpe"),),
        **dict.fromkeys(("targets", "deduplicate", "split_seed"), _LINES),
    }

    corpus: Annotated[
        str, Meta(min_length=1, description="a name of seqlm data list, or the path of a text file")
    ] = "names"
    mode: Annotated[
        Literal["auto", "lines", "stream"],
        Meta(description="lines: each line is an item of its own; stream: one long text"),
    ] = "auto"
    length: Annotated[
        Annotated[int, Meta(ge=2, le=1000)] | None,
        Meta(
            description="symbols in one item of counting or recall; off: the task's own",
            extra=unit_metadata("symbols"),
        ),
    ] = None
    targets: Annotated[
        Literal["all", "last"],
        Meta(description="last: only the last token of each item is to be predicted"),
    ] = "all"
    tokenizer: Annotated[
        Literal["char", "byte", "word", "bpe"],
        Meta(description="what one token is; bpe: pieces of words, learned by merging pairs"),
    ] = "char"
    fold_case: Annotated[bool, Meta(description="upper and lower case are the same word")] = True
    punctuation: Annotated[
        Literal["drop", "keep"], Meta(description="signs are dropped, or tokens too")
    ] = "drop"
    unknown: Annotated[
        bool, Meta(description="there is a token for words that are not in the vocabulary")
    ] = True
    max_words: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(description="only the most frequent words", extra=unit_metadata("words")),
    ] = 10_000
    merges: Annotated[
        int, Meta(ge=0, le=20_000, description="pairs that are merged into tokens")
    ] = 500
    boundary: Annotated[
        Literal["auto", "end", "none"],
        Meta(description="end: an end token before and after each item; none: no such token"),
    ] = "auto"
    split: Annotated[
        str,
        Meta(
            pattern=r"^\d{1,3}/\d{1,3}/\d{1,3}$",
            description="train/val/test shares in percent, e.g. 80/10/10",
            extra=unit_metadata("%"),
        ),
    ] = "80/10/10"
    split_seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="shuffles the items before they are split")
    ] = 42
    deduplicate: Annotated[
        bool, Meta(description="keep one of equal lines, so nothing validated was trained on")
    ] = True

    def check(self) -> None:
        """Raise RequestError where two of these settings do not go together."""
        shares = [int(share) for share in self.split.split("/")]
        if sum(shares) != 100:
            raise RequestError(f"data.split={self.split} does not add up to 100", self.split)
        if not shares[0]:
            raise RequestError(
                f"data.split={self.split} leaves nothing to train on; train needs 1 or more",
                self.split,
            )
        if self.targets == "last" and self.mode == "stream":
            raise RequestError(
                "data.targets=last needs items, and data.mode=stream has none: take lines", "last"
            )
        if self.targets == "last" and self.boundary == "end":
            raise RequestError(
                "data.targets=last would predict the end token alone: take data.boundary=none",
                "last",
            )


class TrainConfig(ConfigSection, frozen=True, kw_only=True):
    """How the weights are found."""

    only_with: ClassVar[SettingConditions] = {
        "chunk": (only_if("train.example", "chunk"),),
        "carry_state": (only_if("train.example", "chunk"), not_if("model.kind", *LIMITED)),
        "order": (not_if("train.batch", "all"), not_if("train.carry_state", "true")),
        "momentum": (only_if("train.optimizer", "sgd"),),
        "warmup": (only_if("train.schedule", "warm-up", "one-cycle"),),
        **dict.fromkeys(("drop", "drop_at"), (only_if("train.schedule", "step"),)),
        "clip_by": (not_if("train.clip", "off"),),
        **dict.fromkeys(("evaluate_every", "patience"), _VALIDATED),
    }

    steps: Annotated[
        int,
        Meta(ge=1, le=10**9, description="stop after", extra=unit_metadata("steps", live=True)),
    ] = 10_000
    seconds: Annotated[
        Annotated[float, Meta(gt=0, le=1e7)] | None,
        Meta(
            description="spend this long in steps; fixed as a number of steps after 2 s",
            extra=unit_metadata("s"),
        ),
    ] = None
    batch: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="examples in one step; all: every example in each",
            extra=unit_metadata("examples", without=("all",)),
        ),
    ] = 32
    one_batch: Annotated[
        bool, Meta(description="see the first batch in every step: a model that works overfits it")
    ] = False
    example: Annotated[
        Literal["auto", "window", "item", "chunk"],
        Meta(description="window: one context and its target; item: a line; chunk: a text piece"),
    ] = "auto"
    chunk: Annotated[
        int, Meta(ge=1, le=8192, description="tokens in a chunk", extra=unit_metadata("tokens"))
    ] = 64
    order: Annotated[
        Literal["shuffle", "replacement"],
        Meta(description="shuffle: each example once an epoch; replacement: drawn anew each time"),
    ] = "shuffle"
    optimizer: Annotated[
        Literal["sgd", "adam", "adamw"], Meta(description="the rule that moves the weights")
    ] = "sgd"
    momentum: Annotated[
        float,
        Meta(ge=0, lt=1, description="share of sgd's last move that goes on in the next one"),
    ] = 0.0
    learning_rate: Annotated[
        float, Meta(ge=1e-6, le=100, description="size of a step down the slope", extra=_LIVE)
    ] = 0.1
    schedule: Annotated[
        Literal["constant", "warm-up", "step", "cosine", "one-cycle"],
        Meta(
            description="the learning rate over the steps: step drops it once, cosine goes down to"
            " 0, one-cycle does after a warm-up"
        ),
    ] = "constant"
    warmup: Annotated[
        float,
        Meta(ge=0, lt=1, description="share of the steps in which warm-up and one-cycle rise"),
    ] = 0.05
    drop: Annotated[
        float, Meta(gt=0, lt=1, description="what schedule step multiplies the rate by")
    ] = 0.1
    drop_at: Annotated[
        float, Meta(gt=0, lt=1, description="share of the steps after which schedule step drops")
    ] = 0.5
    weight_decay: Annotated[
        float, Meta(ge=0, le=10, description="pull of the weights towards 0", extra=_LIVE)
    ] = 0.0
    clip: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(description="largest gradient; a greater one is cut to it", extra=_LIVE),
    ] = None
    clip_by: Annotated[
        Literal["norm", "value"],
        Meta(description="norm: all of the gradient shrinks as one; value: each number is cut"),
    ] = "norm"
    carry_state: Annotated[
        bool, Meta(description="chunks go on with the state left before; a transformer begins anew")
    ] = True
    evaluate_every: Annotated[
        int,
        Meta(ge=1, le=10**9, description="validate every", extra=unit_metadata("steps", live=True)),
    ] = 1000
    patience: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="end after so many validations without a new best",
            extra=unit_metadata("validations", live=True),
        ),
    ] = None
    pace: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(
            description="steps a second at most, to watch them",
            extra=unit_metadata("steps/s", live=True, without=("full", "off", "none")),
        ),
    ] = None
    threads: Annotated[int, Meta(ge=1, le=1024, description="processor cores for one step")] = 1
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Meta(description="where the work is done; auto: the GPU from a million parameters on"),
    ] = "auto"

    def check(self) -> None:
        """Hold the settings of training against each other.

        Raises:
            RequestError: Two of them do not go together; names both.
        """
        if self.momentum and self.optimizer != "sgd":
            raise RequestError(
                f"train.momentum={self.momentum:g} needs train.optimizer=sgd; {self.optimizer} has"
                " its own",
                self.momentum,
            )


class SampleConfig(ConfigSection, frozen=True, kw_only=True):
    """How a next token is chosen from the model's probabilities."""

    temperature: Annotated[
        float,
        Meta(ge=0.01, le=100, description="below 1 bolder, above 1 wilder", extra=_LIVE),
    ] = 1.0
    top_k: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="only the k most probable tokens",
            extra=unit_metadata("tokens", live=True),
        ),
    ] = None
    top_p: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(
            description="only the most probable tokens that together have this share",
            extra=_LIVE,
        ),
    ] = None
    min_p: Annotated[
        Annotated[float, Meta(ge=0, lt=1)] | None,
        Meta(description="only tokens with this share of the most probable one's", extra=_LIVE),
    ] = None
    order: Annotated[
        str,
        Meta(
            pattern=r"^(?=.*temp)(?=.*top-k)(?=.*top-p)(?=.*min-p)"
            r"((temperature|top-k|top-p|min-p)(,|$)){4}$",
            description="the stages as they follow, each once: temperature,top-k,top-p,min-p",
            extra=_LIVE,
        ),
    ] = "temperature,top-k,top-p,min-p"
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="fixes the draws", extra=_LIVE)] = 0


class Change(ConfigSection, frozen=True, kw_only=True):
    """A live value that takes force when ``step`` steps are done: ``KEY=VALUE@STEP``."""

    key: str
    value: Any
    step: int


class RunConfig(ConfigSection, frozen=True, kw_only=True):
    """All there is to a run. Together with the corpus it fixes every loss, bit for bit."""

    preset: str
    data: DataConfig = DataConfig()
    model: ModelConfig = MlpConfig()
    train: TrainConfig = TrainConfig()
    sample: SampleConfig = SampleConfig()
    seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="first weights and order of the examples")
    ] = 0
    changes: tuple[Change, ...] = ()

    @property
    def planned(self) -> "RunConfig":
        """What is carried out: counts are made in one step, whatever is asked of training."""
        if not self.model.learns_by_counting:
            return self
        return replace(self, train=TrainConfig(steps=1), changes=())


def example_of(
    train: TrainConfig, context: int | None, mode: Literal["lines", "stream"]
) -> Example:
    """What one example is; ``auto`` fits the context of the model and how the text is read."""
    if train.example != "auto":
        return train.example
    if context is not None:
        return "window"
    return "chunk" if mode == "stream" else "item"

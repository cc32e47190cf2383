"""What a run reached, beside what its preset promises and what counting reaches on the same text."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.run_config import Change, DataConfig, RunConfig, SampleConfig, TrainConfig
from seqlm.presets import PRESETS, Preset
from seqlm.runspec import recipe

JudgedOn: TypeAlias = Literal["val", "train", "batch"]

_WITHOUT_EFFECT = ("train.evaluate_every", "train.pace")
_COUNTED_ELSEWHERE = (
    (DataConfig(corpus="lecture-names"), 2.004),
    (DataConfig(corpus="lecture-names", deduplicate=False), 1.974),
)
"""What ``names-ngram`` reaches on texts that no preset names, in nats per token."""


class Result(Struct, frozen=True, kw_only=True):
    """A loss and what it is to be compared with, in nats per token; None where there is none.

    Attributes:
        on: What the loss is of.
        loss: What was reached.
        expected: What the preset reaches, where the run was trained just as it says.
        best_counts: What the best counts reach on the same text, where a network is to beat them.
    """

    on: JudgedOn
    loss: float | None = None
    expected: float | None = None
    best_counts: float | None = None

    def beside(self) -> list[str]:
        """What stands beside the loss: ``expected 2.337``, ``above the best counts (2.143)``."""
        words = [] if self.expected is None else [f"expected {self.expected:.3f}"]
        if self.loss is None or self.best_counts is None:
            return words
        side = "below" if self.loss < self.best_counts else "above"
        return [*words, f"{side} the best counts ({self.best_counts:.3f})"]


def primary_split(config: RunConfig) -> JudgedOn:
    """The loss that tells how good a run is.

    That of the one batch which is all it learns, else that of val, or of train where nothing is held
    back.
    """
    if config.planned.train.one_batch:
        return "batch"
    return "val" if int(config.data.split.split("/")[1]) else "train"


def result_of(config: RunConfig, changes: Iterable[Change], loss: float | None) -> Result:
    """What a run reached, and what that is to be compared with.

    Args:
        config: What the run began with.
        changes: What was changed in it since, by plan or by hand.
        loss: What it reached, in nats per token, of what it is judged on.
    """
    preset = matching_preset(config, changes)
    return Result(
        on=primary_split(config),
        loss=loss,
        expected=preset.expected_loss if preset else None,
        best_counts=best_counts(config),
    )


def matching_preset(config: RunConfig, changes: Iterable[Change] = ()) -> Preset | None:
    """The preset of a run that is trained just as it says; None where anything that matters differs."""
    preset = PRESETS.get(config.preset)
    config = recipe.with_changes(config, changes)
    same = preset is not None and _what_matters(config) == _what_matters(preset.config)
    return preset if same else None


def expected_loss(config: RunConfig) -> float | None:
    """The loss that this text and model are known to reach, however they are trained this time."""
    preset = PRESETS.get(config.preset)
    if preset is None:
        return None
    known = preset.config
    same = (known.data, known.model) == (config.data, config.model)
    return preset.expected_loss if same and primary_split(known) == primary_split(config) else None


def best_counts(config: RunConfig) -> float | None:
    """What the best counts reach on the text of a network that is judged on val; None if unknown."""
    if config.model.learns_by_counting or primary_split(config) != "val":
        return None
    counted = [*_COUNTED_ELSEWHERE, *map(_counted, PRESETS.values())]
    return min(
        (loss for data, loss in counted if data == config.data and loss is not None), default=None
    )


def _counted(preset: Preset) -> tuple[DataConfig, float | None]:
    is_counted = preset.config.model.learns_by_counting
    return preset.config.data, preset.expected_loss if is_counted else None


def _what_matters(config: RunConfig) -> RunConfig:
    """What the loss in the end depends on, by more than the chance of a seed.

    How often is looked and how fast is not among it. Of one batch the seed decides what it is.
    """
    usual = TrainConfig()
    train = replace(
        config.train,
        evaluate_every=usual.evaluate_every,
        pace=usual.pace,
        threads=usual.threads,
        device=usual.device,
    )
    changes = tuple(c for c in config.changes if c.key not in _WITHOUT_EFFECT)
    seed = config.seed if config.train.one_batch else 0
    return replace(config, train=train, changes=changes, seed=seed, sample=SampleConfig())

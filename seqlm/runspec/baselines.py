"""Baselines for the loss of a run: the expected loss of its preset and the best n-gram counts."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import Change, RunConfig, SampleConfig, TrainConfig
from seqlm.presets import PRESETS, Preset
from seqlm.runspec import recipe

JudgedOn: TypeAlias = Literal["val", "train", "batch"]

_SMALL_TEXT = 50_000  # training tokens
_NO_EFFECT_ON_LOSS = ("train.evaluate_every", "train.pace")
_OTHER_COUNT_LOSSES = (
    (DataConfig(corpus="lecture-names"), 2.004),
    (DataConfig(corpus="lecture-names", deduplicate=False), 1.974),
)
"""Loss of ``names-ngram`` on corpora without a preset, in nats per token."""


class Result(Struct, frozen=True, kw_only=True):
    """A loss and its baselines, in nats per token; None if unknown.

    Attributes:
        on: The split of the loss.
        loss: The loss of the run.
        expected: The loss of the preset, if the run was trained with its settings.
        best_counts: The loss of the best n-gram counts on the same corpus, for a network.
    """

    on: JudgedOn
    loss: float | None = None
    expected: float | None = None
    best_counts: float | None = None

    @property
    def is_above_counts(self) -> bool:
        """True if n-gram counts predict the text better than the run does."""
        if self.loss is None or self.best_counts is None:
            return False
        return self.loss > self.best_counts

    def beside(self) -> list[str]:
        """Return the comparisons: ``expected 2.337``, ``above the best counts (2.143)``."""
        words = [] if self.expected is None else [f"expected {self.expected:.3f}"]
        if self.loss is None or self.best_counts is None:
            return words
        side = "below" if self.loss < self.best_counts else "above"
        return [*words, f"{side} the best counts ({self.best_counts:.3f})"]


def primary_split(config: RunConfig) -> JudgedOn:
    """Return the split whose loss measures the quality of a run.

    ``batch`` if the run overfits one batch; else ``val``, or ``train`` without validation data.
    """
    if config.planned.train.one_batch:
        return "batch"
    return "val" if int(config.data.split.split("/")[1]) else "train"


def answers_with_best_weights(config: RunConfig) -> bool:
    """Return whether a run that has ended answers with its best weights: with early stopping."""
    return config.planned.train.patience is not None and primary_split(config) == "val"


def compare_with_counts(result: Result, n_train: int, *, is_falling: bool = False) -> str:
    """Return why counting predicts a text better than a network; empty if it does not.

    Args:
        result: The result of a network.
        n_train: Number of training tokens.
        is_falling: Whether the last validation was the best one.
    """
    if not result.is_above_counts or result.expected is not None:
        return ""
    if is_falling:
        return "counting is still better, but the loss was falling: more steps (train.steps) help"
    if n_train <= _SMALL_TEXT:
        return "counting beats a network on so small a text; more text helps most"
    return "counting is still better: more steps (train.steps) or a larger model.hidden may help"


def result_of(
    config: RunConfig,
    changes: Iterable[Change],
    loss: float | None,
    measured_counts: float | None = None,
) -> Result:
    """Return the result of a run with its baselines.

    Args:
        config: The initial configuration of the run.
        changes: All changes since, scheduled or manual.
        loss: The loss on the primary split, in nats per token.
        measured_counts: The loss of the best n-gram counts, if it was measured in the run.
    """
    preset = matching_preset(config, changes)
    return Result(
        on=primary_split(config),
        loss=loss,
        expected=preset.expected_loss if preset else None,
        best_counts=measured_counts or best_counts(config),
    )


def matching_preset(config: RunConfig, changes: Iterable[Change] = ()) -> Preset | None:
    """Return the preset of a run; None if any setting that affects the loss differs."""
    preset = PRESETS.get(config.preset)
    config = recipe.with_changes(config, changes)
    same = preset is not None and _relevant_to_loss(config) == _relevant_to_loss(preset.config)
    return preset if same else None


def expected_loss(config: RunConfig) -> float | None:
    """Return the known loss of this corpus and model, whatever the training settings are."""
    preset = PRESETS.get(config.preset)
    if preset is None:
        return None
    known = preset.config
    same = (known.data, known.model) == (config.data, config.model)
    return preset.expected_loss if same and primary_split(known) == primary_split(config) else None


def best_counts(config: RunConfig) -> float | None:
    """Return the loss of the best n-gram counts on the corpus of a network; None if unknown."""
    if config.model.learns_by_counting or primary_split(config) != "val":
        return None
    counted = [*_OTHER_COUNT_LOSSES, *map(_counted, PRESETS.values())]
    return min(
        (loss for data, loss in counted if data == config.data and loss is not None), default=None
    )


def _counted(preset: Preset) -> tuple[DataConfig, float | None]:
    is_counted = preset.config.model.learns_by_counting
    return preset.config.data, preset.expected_loss if is_counted else None


def _relevant_to_loss(config: RunConfig) -> RunConfig:
    """Return the configuration without the settings that affect the final loss only by chance.

    These are validation interval, pace, threads, device and seed; but the seed selects the batch of
    ``one_batch``.
    """
    usual = TrainConfig()
    train = replace(
        config.train,
        evaluate_every=usual.evaluate_every,
        pace=usual.pace,
        threads=usual.threads,
        device=usual.device,
    )
    changes = tuple(c for c in config.changes if c.key not in _NO_EFFECT_ON_LOSS)
    seed = config.seed if config.train.one_batch else 0
    return replace(config, train=train, changes=changes, seed=seed, sample=SampleConfig())

"""Result of a run in numbers, as ``--json`` prints it, computed from the reduced event log."""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import SeqlmError
from seqlm.presets import Preset
from seqlm.protocol.events import Event, SplitName
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.run_reducer import reduce_events
from seqlm.runs.run_state import LIVE, CoreRunState
from seqlm.runspec import recipe
from seqlm.runspec.baselines import (
    JudgedOn,
    Result,
    answers_with_best_weights,
    compare_with_counts,
    matching_preset,
    result_of,
)

_SUSPICIOUS = 0.5  # no network is expected to halve the loss of the best counts on new text


class RunSummary(Struct, frozen=True, kw_only=True):
    """A run in numbers. Losses are nats per token; None if not measured or not finite.

    ``seconds`` and the rates count time inside training steps; ``cpu_seconds`` is the processor time
    of the whole worker. ``train_loss`` and ``val_loss`` are the losses of the splits after the last
    step, ``batch_loss`` is the loss of the last batch before its update; a count-based model has no
    batches. ``weights`` names the weights that answer questions about the run after its end:
    ``best`` with early stopping, once there is a validation. ``judged_on``, ``expected`` and
    ``best_counts`` are described in :class:`seqlm.runspec.baselines.Result`.
    """

    run: str
    preset: str = ""
    status: str = "untrained"
    steps: int = 0
    parameters: int = 0
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    best_step: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    steps_per_s: float | None = None
    tokens_per_s: float | None = None
    batch_loss: float | None = None
    judged_on: JudgedOn = "val"
    expected: float | None = None
    best_counts: float | None = None
    weights: Literal["latest", "best"] = "latest"

    @property
    def result(self) -> Result:
        """The loss that counts for this run, with the losses to compare it with."""
        val_loss = self.best_val_loss if self.weights == "best" else self.val_loss
        losses = {"val": val_loss, "train": self.train_loss, "batch": self.batch_loss}
        return Result(
            on=self.judged_on,
            loss=losses[self.judged_on],
            expected=self.expected,
            best_counts=self.best_counts,
        )

    @property
    def best_loss(self) -> float | None:
        """The lowest validation loss; for a run with another primary loss, the last such loss."""
        return self.best_val_loss if self.judged_on == "val" else self.result.loss


class RunProgress(Struct, frozen=True, kw_only=True):
    """Summary of a run at some point of its training, with the data to print it.

    Attributes:
        summary: The numbers so far.
        steps_planned: The step at which training ends.
        config: The configuration that the run was started with; None if it is not known.
        changes: The changes of live settings so far, then those scheduled for later steps.
        message: Explanation of the status.
        text_warnings: What in the text may make the losses misleading, as sentences.
        val_in_train: Share of the validation split that also occurs in the training split; None if
            it was not measured.
        note: What is unusual about the last resume; empty if nothing is.
        n_train: Number of training tokens.
        sampled: For each split of which only a part was evaluated, the rule that chose the part.
    """

    summary: RunSummary
    steps_planned: int = 0
    config: RunConfig | None = None
    changes: tuple[Change, ...] = ()
    message: str = ""
    text_warnings: tuple[str, ...] = ()
    val_in_train: float | None = None
    note: str = ""
    n_train: int = 0
    sampled: Mapping[SplitName, str] = {}

    @property
    def is_count_based(self) -> bool:
        """True if the model is fitted by counting, in one step without batches."""
        return self.config is not None and self.config.model.learns_by_counting

    @property
    def advice(self) -> str:
        """Why counting predicts the text better than the network does; empty if it does not."""
        summary = self.summary
        is_falling = summary.best_step is not None and summary.best_step == summary.steps
        return compare_with_counts(summary.result, self.n_train, is_falling=is_falling)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons why the losses may mislead, as sentences."""
        val, counts = self.summary.val_loss, self.summary.best_counts
        if self.val_in_train is None or val is None or counts is None:
            return self.text_warnings
        explained = (1 - self.val_in_train) * counts  # as if the model knew the repeated part
        if val >= _SUSPICIOUS * explained:
            return self.text_warnings
        return (
            *self.text_warnings,
            f"val {val:.4f} is far below the {counts:.4f} of the best counts, which the"
            f" {self.val_in_train:.0%} of the validation text in train do not explain: validation"
            " text may occur in train in another form",
        )

    @property
    def preset(self) -> Preset | None:
        """The preset whose training this run repeats exactly; None if anything differs."""
        return matching_preset(self.config, self.changes) if self.config else None


def summarize(run: RunDirectory, *, is_live: bool | None = None) -> RunProgress:
    """Read the log of a run and summarize it.

    Args:
        run: Any run.
        is_live: True if a worker has locked the run; looked up if not given.

    Raises:
        SeqlmError: ``run.json`` or the log is damaged.
    """
    config = run.manifest().config
    progress = summarize_events(read_events(run.events_path), run.name, config)
    is_live = run.holder() is not None if is_live is None else is_live
    if not is_live and progress.summary.status in LIVE:
        return replace(progress, summary=replace(progress.summary, status="died"))
    return progress


def summarize_events(
    events: Iterable[Event], run: str, config: RunConfig | None = None
) -> RunProgress:
    """Return the progress of a run after these events; see :func:`progress_of`."""
    return progress_of(reduce_events(CoreRunState(), without_superseded(events)), run, config)


def progress_of(state: CoreRunState, run: str, config: RunConfig | None = None) -> RunProgress:
    """Return the progress of a run.

    Args:
        state: Its state.
        run: Its name.
        config: Its configuration; the recipe in the state is used if it is not given.
    """
    config = config or _config_of(state.recipe)
    applied = (Change(key=c.key, value=c.new, step=c.step) for c in state.changes)
    changes = (*applied, *(scheduled.change for scheduled in state.scheduled))
    is_count_based = config is not None and config.model.learns_by_counting
    return RunProgress(
        summary=RunSummary(
            run=run,
            preset=state.preset or (config.preset if config else ""),
            status=_status_of(state),
            steps=state.step,
            parameters=state.n_parameters,
            train_loss=_finite(state.split_losses.get("train")),
            val_loss=_finite(state.split_losses.get("val")),
            best_val_loss=_finite(state.best and state.best.loss),
            best_step=state.best and state.best.step,
            seconds=state.train_s,
            cpu_seconds=state.cpu_s,
            steps_per_s=_rate(state.step, state.train_s),
            tokens_per_s=_rate(state.n_tokens, state.train_s),
            batch_loss=None if is_count_based else _finite(state.batch_loss),
            **_comparison(config, changes, state),
        ),
        steps_planned=state.steps_planned,
        config=config,
        changes=changes,
        message=state.message,
        note=state.note,
        n_train=state.n_targets.get("train", 0),
        text_warnings=state.warnings,
        val_in_train=state.val_in_train,
        sampled={**state.sampled_splits},
    )


def _status_of(state: CoreRunState) -> str:
    """Return the status as ``--json`` prints it: a run that starts counts as training."""
    if state.status != "starting":
        return state.status
    return "training" if state.device else "untrained"


@lru_cache(maxsize=16)
def _config_of(line: str) -> RunConfig | None:
    try:
        return recipe.parse_recipe(line)
    except SeqlmError:
        return None


def _comparison(
    config: RunConfig | None, changes: tuple[Change, ...], state: CoreRunState
) -> dict[str, Any]:
    """Return the summary fields with the losses that the loss is compared with."""
    if config is None:
        return {}
    result = result_of(config, changes, None, state.best_counts)
    has_best = answers_with_best_weights(config) and state.best is not None
    return {
        "judged_on": result.on,
        "expected": result.expected,
        "best_counts": result.best_counts,
        "weights": "best" if has_best else "latest",
    }


def _finite(loss: float | None) -> float | None:
    return loss if loss is not None and math.isfinite(loss) else None


def _rate(n: int, seconds: float) -> float | None:
    return round(n / seconds, 1) if seconds else None

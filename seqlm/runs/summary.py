"""What became of a run, in one record: the result that ``--json`` prints."""

import math
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import SeqlmError
from seqlm.presets import Preset
from seqlm.protocol.events import (
    Continued,
    Ended,
    Evaluated,
    Event,
    Paused,
    RunCreated,
    StepsDone,
    ValueChanged,
    WorkerStarted,
)
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runspec import recipe
from seqlm.runspec.baselines import JudgedOn, Result, matching_preset, result_of

ENDED = ("finished", "stopped", "diverged", "failed")


class RunSummary(Struct, frozen=True, kw_only=True):
    """A run in numbers. Losses are nats per token; None where there is none or it is not finite.

    ``seconds`` and the rates count time inside training steps; ``cpu_seconds`` is the processor time
    of the whole worker. ``train_loss`` and ``val_loss`` are of the splits after the last step,
    ``batch_loss`` is of the batch of the last step before its update; a count of all has no batches.
    ``judged_on``, ``expected`` and ``best_counts`` are as in :class:`seqlm.runspec.baselines.Result`.
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

    @property
    def result(self) -> Result:
        """What it reached, and what that is to be compared with."""
        reached = {"val": self.val_loss, "train": self.train_loss, "batch": self.batch_loss}
        return Result(
            on=self.judged_on,
            loss=reached[self.judged_on],
            expected=self.expected,
            best_counts=self.best_counts,
        )

    @property
    def best_loss(self) -> float | None:
        """The lowest loss of val; where the run is not judged on that, what it reached."""
        return self.best_val_loss if self.judged_on == "val" else self.result.loss


class RunProgress(Struct, frozen=True, kw_only=True):
    """A summary while it is made, and what it is told with.

    ``config`` is what the run began with (None where the log of another version names what this one
    does not know), ``changes`` what was changed since; ``sampled`` tells of each split whose loss is
    of a part of it how that was taken.
    """

    summary: RunSummary
    steps_planned: int = 0
    config: RunConfig | None = None
    changes: tuple[Change, ...] = ()
    message: str = ""
    n_targets: dict[str, int] = {}
    sampled: dict[str, str] = {}

    @property
    def is_counted(self) -> bool:
        """Whether the model is made by counting, in a step without batches."""
        return self.config is not None and self.config.model.learns_by_counting

    @property
    def preset(self) -> Preset | None:
        """The preset of a run that is trained just as it says."""
        return matching_preset(self.config, self.changes) if self.config else None


def summarize(run: RunDirectory, *, is_live: bool | None = None) -> RunProgress:
    """Read a run's log and sum it up.

    Args:
        run: Any run.
        is_live: Whether a worker holds it; looked up if not given.
    """
    standing = sum_up(without_superseded(read_events(run.events_path)), run.name)
    live = run.holder() is not None if is_live is None else is_live
    if not live and standing.summary.status in ("training", "paused"):
        return replace(standing, summary=replace(standing.summary, status="died"))
    return standing


def add(standing: RunProgress, event: Event) -> RunProgress:
    """A standing with one more event."""
    summary = standing.summary
    match event:
        case RunCreated():
            summary = replace(summary, preset=event.preset, parameters=event.n_parameters)
            standing = replace(
                standing,
                summary=summary,
                steps_planned=event.steps_planned,
                n_targets=dict(event.n_targets),
                config=_config_of(event.recipe),
            )
            return _compared(standing)
        case WorkerStarted() | Continued():
            return replace(standing, summary=replace(summary, status="training"), message="")
        case StepsDone():
            return replace(standing, summary=_with_steps(standing, event))
        case Evaluated():
            standing = replace(standing, summary=_with_loss(summary, event))
            return _with_protocol(standing, event)
        case ValueChanged():
            return _compared(_with_change(standing, event))
        case Paused():
            return replace(standing, summary=replace(summary, status="paused"))
        case Ended():
            summary = replace(summary, status=event.status, steps=event.step)
            return replace(standing, summary=summary, message=event.message)
    return standing


def sum_up(events: Iterable[Event], run: str) -> RunProgress:
    """The standing after these events."""
    standing = RunProgress(summary=RunSummary(run=run))
    for event in events:
        standing = add(standing, event)
    return standing


def _config_of(line: str) -> RunConfig | None:
    try:
        return recipe.parse_recipe(line)
    except SeqlmError:
        return None


def _with_change(standing: RunProgress, event: ValueChanged) -> RunProgress:
    change = Change(key=event.key, value=event.new, step=event.step)
    planned = event.new if event.key == "train.steps" else standing.steps_planned
    return replace(standing, steps_planned=planned, changes=(*standing.changes, change))


def _compared(standing: RunProgress) -> RunProgress:
    """With what the loss is to be compared with."""
    if standing.config is None:
        return standing
    result = result_of(standing.config, standing.changes, None)
    summary = replace(
        standing.summary,
        judged_on=result.on,
        expected=result.expected,
        best_counts=result.best_counts,
    )
    return replace(standing, summary=summary)


def _with_steps(standing: RunProgress, event: StepsDone) -> RunSummary:
    last = event.losses[-1]
    batch_loss = last if math.isfinite(last) and not standing.is_counted else None
    rate = event.last_step / event.train_s if event.train_s else None
    tokens = event.n_tokens / event.train_s if event.train_s else None
    return replace(
        standing.summary,
        status="training",
        steps=event.last_step,
        batch_loss=batch_loss,
        seconds=event.train_s,
        cpu_seconds=event.cpu_s,
        steps_per_s=_rounded(rate),
        tokens_per_s=_rounded(tokens),
        train_loss=None,
        val_loss=None,
    )


def _with_loss(summary: RunSummary, event: Evaluated) -> RunSummary:
    loss = event.loss if math.isfinite(event.loss) else None
    if event.split == "train":
        return replace(summary, train_loss=loss)
    changed: dict[str, Any] = {"val_loss": loss}
    if event.best:
        changed |= {"best_val_loss": loss, "best_step": event.step}
    return replace(summary, **changed)


def _with_protocol(standing: RunProgress, event: Evaluated) -> RunProgress:
    sampled = {k: v for k, v in standing.sampled.items() if k != event.split}
    if event.n_tokens < standing.n_targets.get(event.split, 0):
        sampled[event.split] = event.protocol
    return replace(standing, sampled=sampled)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

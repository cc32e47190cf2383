"""Restore of the last checkpoint of a run, and of the changes made after it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from torch import Tensor

from seqlm.configuration import dotted_keys
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.events import CheckpointSaved, Ended, Event, RunCreated, StepsDone
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore, LoadedCheckpoint
from seqlm.runs.event_log import SupersededEvents, without_superseded
from seqlm.runs.scheduled_changes import changes_after_checkpoint
from seqlm.runs.tensor_files import not_finite
from seqlm.sanitize import sanitize
from seqlm.training.live_settings import FIELD_OF_KEY
from seqlm.training.trainer import Trainer


class RestoredState(NamedTuple):
    """Checkpoint from which a trainer was restored.

    Attributes:
        metadata: Its metadata; None if training starts at step 0.
        problems: Why newer checkpoints were not used, one clause each.
    """

    metadata: CheckpointMetadata | None
    problems: list[str]


def restore(
    trainer: Trainer, checkpoints: CheckpointStore, logged: Sequence[Event] = ()
) -> RestoredState:
    """Restore a trainer from the newest whole checkpoint, whatever the pointer ``latest`` says.

    Args:
        trainer: The trainer.
        checkpoints: The checkpoints of the run.
        logged: All events of the log. A checkpoint that a ``Resumed`` supersedes is not used.

    Raises:
        SeqlmError: No checkpoint is whole, though there are some; says what is wrong with each.
    """
    superseded, problems = SupersededEvents(logged), list[str]()
    for name in checkpoints.full_checkpoints():
        try:
            metadata = checkpoints.metadata(name)
            if superseded.covers(metadata.seq):
                continue
            _restore_from(name, trainer, checkpoints, problems)
        except SeqlmError as error:
            problems.append(str(error))
        else:
            return RestoredState(metadata, problems)
    if problems:
        raise SeqlmError(
            f"{'; '.join(problems)}; no other checkpoint is whole: remove {checkpoints.path} to"
            " train from step 0 again, with the same losses"
        )
    return RestoredState(None, [])


def _restore_from(
    name: str, trainer: Trainer, checkpoints: CheckpointStore, problems: list[str]
) -> None:
    loaded = checkpoints.load(name, trainer.weights())
    position = loaded.metadata.position
    if position is None:
        raise SeqlmError(f"checkpoint {name} contains only weights")
    if broken := not_finite(loaded.weights):
        raise SeqlmError(f"the weights of checkpoint {name} are not finite ({broken})")
    for key, value in position.values.items():
        _check_value(trainer, name, key, value)
    for change, _ in position.waiting:
        _check_value(trainer, name, change.key, change.value)
    best = _best(checkpoints, position.best_step, loaded, problems)
    try:
        trainer.restore(position, loaded.weights, loaded.training, best)
    except (RuntimeError, LookupError, TypeError, ValueError) as error:
        reason = str(error) if type(error) is ValueError else "its training state does not fit"
        raise SeqlmError(
            f"checkpoint {name} does not match the configuration of the run: {reason}"
        ) from error


def _check_value(trainer: Trainer, where: str, key: str, value: object) -> None:
    """Check that a value from a file is allowed for a live setting.

    Raises:
        SeqlmError: The value is not allowed; names ``where``.
    """
    if key not in FIELD_OF_KEY:
        return  # a setting of another version
    setting = dotted_keys.find(trainer.config, key)
    try:
        is_allowed = setting.parse(setting.format(value)) == value
    except SeqlmError:
        is_allowed = False
    if not is_allowed:
        shown = sanitize(repr(value))[:40]
        raise SeqlmError(
            f"{where} is damaged: {key} is {shown}; allowed: {setting.format_bounds()}"
        )


def _best(
    checkpoints: CheckpointStore, best_step: int, loaded: LoadedCheckpoint, problems: list[str]
) -> dict[str, Tensor] | None:
    if best_step == loaded.metadata.step:
        return loaded.weights
    name = f"step-{best_step}"
    try:
        return checkpoints.load(name, loaded.weights).weights if checkpoints.has(name) else None
    except SeqlmError as error:  # training continues without them
        problems.append(str(error))
        return None


def has_diverged(superseded: list[Event]) -> bool:
    """Return True if training diverged in these events."""
    return any(isinstance(event, Ended) and event.status == "diverged" for event in superseded)


def split_at_checkpoint(
    logged: list[Event], metadata: CheckpointMetadata | None
) -> tuple[list[Event], list[Event]]:
    """Return the events up to a checkpoint, and the events that resuming from it supersedes."""
    seq = metadata.seq if metadata is not None else 0
    counting = without_superseded(logged)
    superseded: list[Event] = [
        event for event in counting if event.seq > seq and not isinstance(event, RunCreated)
    ]
    return [event for event in counting if event.seq <= seq], superseded


def describe_restart(
    restored: RestoredState,
    pointed: str | None,
    valid: list[Event],
    superseded: list[Event],
) -> str:
    """Return what a person must know about where training resumes; empty if all is as usual.

    Args:
        restored: The checkpoint.
        pointed: The checkpoint that the file ``latest`` names; None if it names none.
        valid: The events up to the checkpoint.
        superseded: The events after it.
    """
    last = last_logged_step(superseded)
    if restored.metadata is None:
        if not last and valid:
            return ""
        has_saved = any(isinstance(event, CheckpointSaved) for event in superseded)
        reason = "the saved checkpoints are gone" if has_saved else "no checkpoint had been saved"
        return (
            f"{reason}: training starts at step 0 and repeats the {last:,} steps done"
            if last
            else ""
        )
    step, name = restored.metadata.step, f"step-{restored.metadata.step}"
    reasons = list(restored.problems)
    if not reasons and pointed != name:
        wrong = f"names {pointed}" if pointed else "names no checkpoint"
        reasons.append(f"the file checkpoints/latest {wrong}")
    logged_to = last_logged_step(valid)
    if logged_to < step:
        which = f"ends at step {logged_to:,}" if logged_to else "was empty or missing"
        reasons.append(
            f"the event log {which}, so the losses and changes up to step {step:,} are lost"
        )
    return f"{'; '.join(reasons)}; training resumes from step {step:,}" if reasons else ""


def last_logged_step(events: Iterable[Event]) -> int:
    """Return the last step whose loss is in these events; 0 without one."""
    steps = (event.last_step for event in events if isinstance(event, StepsDone))
    return max(steps, default=0)


def raise_if_done(run: str, trainer: Trainer, superseded: list[Event]) -> None:
    """Check that a run has not finished, by its steps or by early stopping.

    Raises:
        RequestError: The run has finished; names the setting that lets it continue.
    """
    is_finished = any(isinstance(e, Ended) and e.status == "finished" for e in superseded)
    patience = trainer.live.settings_at(trainer.step).patience
    if (
        is_finished
        and trainer.best.has_exceeded(patience)
        and trainer.step < trainer.live.final_step
    ):
        raise RequestError(
            f"{run} ended by early stopping at step {trainer.step:,} with train.patience={patience};"
            " resume with train.patience=off or a larger value",
            patience,
        )
    if is_finished and trainer.step >= trainer.live.final_step:
        if trainer.config.model.learns_by_counting:
            reason = "is finished: a count-based model takes one step"
        else:
            reason = f"has finished all {trainer.step:,} steps; resume with a larger train.steps=N"
        raise RequestError(f"{run} {reason}", trainer.step)


def reschedule_changes(trainer: Trainer, superseded: list[Event], omitted_keys: set[str]) -> None:
    """Schedule the changes that were made or requested after the checkpoint again, at their steps.

    Args:
        trainer: The restored trainer; it has the changes of the recipe and of the checkpoint.
        superseded: The events after the checkpoint.
        omitted_keys: Settings whose changes during the run are not scheduled again.
    """
    live = trainer.live
    live.scheduled = [
        scheduled
        for scheduled in live.scheduled
        if scheduled.command_id is None or scheduled.change.key not in omitted_keys
    ]
    known = list(live.scheduled)
    for scheduled in changes_after_checkpoint(superseded):
        change = scheduled.change
        if scheduled in known or change.key not in FIELD_OF_KEY or change.key in omitted_keys:
            continue
        _check_value(trainer, "the event log", change.key, change.value)
        live.add(*scheduled)

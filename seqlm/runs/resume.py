"""Restore of the last checkpoint of a run, and of the changes made after it."""

from pathlib import Path

from torch import Tensor

from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.events import Ended, Event, RunCreated
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore, LoadedCheckpoint
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.scheduled_changes import changes_after_checkpoint
from seqlm.training.trainer import Trainer


def restore(trainer: Trainer, checkpoints: CheckpointStore) -> CheckpointMetadata | None:
    """Restore a trainer from the last checkpoint.

    Returns:
        The checkpoint's metadata; None if there is no checkpoint and training starts at step 0.

    Raises:
        SeqlmError: The checkpoint is damaged or belongs to another configuration.
    """
    if not checkpoints.has("latest"):
        return None
    loaded = checkpoints.load("latest")
    name, position = f"checkpoint step-{loaded.metadata.step}", loaded.metadata.position
    if position is None:
        raise SeqlmError(f"{name} contains only weights; training cannot resume from it")
    try:
        trainer.restore(
            position,
            loaded.weights,
            loaded.training,
            _best(checkpoints, position.best_step, loaded),
        )
    except (RuntimeError, LookupError, TypeError, ValueError) as error:
        raise SeqlmError(f"{name} does not match the configuration of the run: {error}") from error
    return loaded.metadata


def _best(
    checkpoints: CheckpointStore, best_step: int, loaded: LoadedCheckpoint
) -> dict[str, Tensor] | None:
    if best_step == loaded.metadata.step:
        return loaded.weights
    name = f"step-{best_step}"
    return checkpoints.load(name).weights if checkpoints.has(name) else None


def has_diverged(superseded: list[Event]) -> bool:
    """Return True if training diverged in these events."""
    return any(isinstance(event, Ended) and event.status == "diverged" for event in superseded)


def split_at_checkpoint(
    events_path: Path, metadata: CheckpointMetadata | None
) -> tuple[list[Event], list[Event]]:
    """Return the events up to a checkpoint, and the events that resuming from it supersedes."""
    seq = metadata.seq if metadata is not None else 0
    logged = without_superseded(read_events(events_path))
    superseded: list[Event] = [
        event for event in logged if event.seq > seq and not isinstance(event, RunCreated)
    ]
    return [event for event in logged if event.seq <= seq], superseded


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
        if scheduled in known or scheduled.change.key in omitted_keys:
            continue
        live.add(*scheduled)

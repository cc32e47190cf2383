"""Restore of the last checkpoint of a run, and of the changes made after it."""

from pathlib import Path

from torch import Tensor

from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.events import Ended, Event, RunCreated, StepsDone, ValueChanged
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore, LoadedCheckpoint
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.training.trainer import Trainer


def restore(trainer: Trainer, checkpoints: CheckpointStore) -> CheckpointMetadata | None:
    """Restore a trainer from the last checkpoint.

    Returns:
        The checkpoint's metadata; None where there is none and training begins anew.

    Raises:
        SeqlmError: It is damaged, or of another configuration; says which.
    """
    if not checkpoints.has("latest"):
        return None
    loaded = checkpoints.load("latest")
    name, position = f"checkpoint step-{loaded.metadata.step}", loaded.metadata.position
    if position is None:
        raise SeqlmError(f"{name} holds only weights: training cannot go on from it")
    try:
        trainer.restore(
            position,
            loaded.weights,
            loaded.training,
            _best(checkpoints, position.best_step, loaded),
        )
    except (RuntimeError, LookupError, TypeError, ValueError) as error:
        raise SeqlmError(f"{name} does not fit the run: {error}") from error
    return loaded.metadata


def _best(
    checkpoints: CheckpointStore, best_step: int, loaded: LoadedCheckpoint
) -> dict[str, Tensor] | None:
    if best_step == loaded.metadata.step:
        return loaded.weights
    name = f"step-{best_step}"
    return checkpoints.load(name).weights if checkpoints.has(name) else None


def has_diverged(superseded: list[Event]) -> bool:
    """Return whether training diverged in these events."""
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
    """Reject resuming a run that has finished, by its steps or by early stopping."""
    is_finished = any(isinstance(e, Ended) and e.status == "finished" for e in superseded)
    patience = trainer.live.settings_at(trainer.step).patience
    if (
        is_finished
        and trainer.best.has_exceeded(patience)
        and trainer.step < trainer.live.final_step
    ):
        raise RequestError(
            f"{run} ended early at step {trainer.step:,} by train.patience={patience}; go on with"
            " train.patience=off, or more",
            patience,
        )
    if is_finished and trainer.step >= trainer.live.final_step:
        counts = trainer.config.model.learns_by_counting
        done = f"all its {trainer.step:,} steps; give more with train.steps=N"
        raise RequestError(
            f"{run} has done {'its one step: counts need no other' if counts else done}",
            trainer.step,
        )


def reschedule_changes(trainer: Trainer, superseded: list[Event], forgotten: set[str]) -> None:
    """Schedule the changes again that were made after the checkpoint, at their steps.

    Args:
        trainer: Restored; it knows the changes that were planned from the beginning.
        superseded: The events after the checkpoint.
        forgotten: Settings that are left as they are.
    """
    known = {(change.key, change.step, command_id) for change, command_id in trainer.live.scheduled}
    for event in superseded:
        if not isinstance(event, ValueChanged) or event.key in forgotten:
            continue
        if (event.key, event.step, event.command_id) not in known:
            trainer.live.add_logged(event)


def last_logged_step(superseded: list[Event]) -> int:
    """Return the last step logged before the interruption; 0 if training diverged."""
    if has_diverged(superseded):
        return 0
    steps = (event.last_step for event in superseded if isinstance(event, StepsDone))
    return max(steps, default=0)

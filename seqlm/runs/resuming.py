"""Going back to the last checkpoint of a run."""

from torch import Tensor

from seqlm.config import Change
from seqlm.errors import SeqlmError
from seqlm.protocol.events import Ended, Event, StepsDone, ValueChanged
from seqlm.runs.checkpoint import Checkpoints, Loaded, Record
from seqlm.training.trainer import Trainer


def restore(trainer: Trainer, checkpoints: Checkpoints) -> Record | None:
    """Let a trainer stand where the last checkpoint was taken.

    Returns:
        The checkpoint's record; None where there is none and training begins anew.

    Raises:
        SeqlmError: It is damaged, or of another configuration; says which.
    """
    if not checkpoints.has("latest"):
        return None
    loaded = checkpoints.load("latest")
    name, position = f"checkpoint step-{loaded.record.step}", loaded.record.position
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
    return loaded.record


def _best(checkpoints: Checkpoints, best_step: int, loaded: Loaded) -> dict[str, Tensor] | None:
    if best_step == loaded.record.step:
        return loaded.weights
    name = f"step-{best_step}"
    return checkpoints.load(name).weights if checkpoints.has(name) else None


def has_diverged(superseded: list[Event]) -> bool:
    """Whether these events end with a loss that was no number."""
    return any(isinstance(event, Ended) and event.status == "diverged" for event in superseded)


def plan_again(trainer: Trainer, superseded: list[Event], forgotten: set[str]) -> None:
    """Let a trainer change the values again that were changed after its checkpoint, at their steps.

    Args:
        trainer: Restored; it knows the changes that were planned from the beginning.
        superseded: The events after the checkpoint.
        forgotten: Settings that are left as they are.
    """
    known = {(change.key, change.step, command_id) for change, command_id in trainer.waiting}
    for event in superseded:
        if isinstance(event, ValueChanged) and event.key not in forgotten:
            change = Change(key=event.key, value=event.new, step=event.step)
            if (event.key, event.step, event.command_id) not in known:
                trainer.change(change, event.command_id)


def steps_seen(superseded: list[Event]) -> int:
    """The last step that was seen before an interruption; one that diverged is not to be kept."""
    if has_diverged(superseded):
        return 0
    steps = (event.last_step for event in superseded if isinstance(event, StepsDone))
    return max(steps, default=0)

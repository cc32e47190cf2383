"""Going back to the last checkpoint of a run."""

from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.protocol.events import Ended, Event, StepsDone
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


def steps_seen(superseded: list[Event]) -> int:
    """The last step that was seen before an interruption; one that diverged is not to be kept."""
    if any(isinstance(event, Ended) and event.status == "diverged" for event in superseded):
        return 0
    steps = (event.last_step for event in superseded if isinstance(event, StepsDone))
    return max(steps, default=0)

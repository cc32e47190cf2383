"""Rescue of a run whose folder cannot be written: a copy with a checkpoint in another folder."""

from pathlib import Path

from seqlm.protocol.events import Ended
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.runs.checkpoint_policy import CheckpointPolicy
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import EventLogWriter
from seqlm.runs.training_run import TrainingRun


def rescue_run(run: TrainingRun, folder: Path) -> RunDirectory:
    """Write a copy of a run, stopped with a checkpoint at its current step, to another folder.

    Args:
        run: A run whose own folder cannot be written.
        folder: The folder for the copy; created if needed.

    Returns:
        The copy, which can be resumed by its path.

    Raises:
        OSError: The copy cannot be written.
        Diverged: The loss is not finite.
    """
    copy = _create(folder, f"{run.directory.name}-step-{run.trainer.step}")
    copy.write_manifest(run.manifest)
    with copy.events_path.open("xb") as file:
        file.write(run.event_log.content())
    log = EventLogWriter(copy.events_path)
    try:
        for event in run.trainer.flush():
            log.write(event)
        log.write(CheckpointPolicy(run.trainer, log, CheckpointStore(copy.checkpoints_path)).save())
        log.write(Ended(step=run.trainer.step, status="stopped"))
        log.sync()
    finally:
        log.close()
    return copy


def _create(folder: Path, stem: str) -> RunDirectory:
    """Create a new folder named ``stem``, or ``stem`` with a number."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while True:
        path = folder / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return RunDirectory(path)

"""Last checkpoint of a worker that ends: in the folder of its run, or else in another one."""

from seqlm.error_text import first_line
from seqlm.errors import SeqlmError
from seqlm.runs.rescue import rescue_run
from seqlm.runs.training_run import TrainingRun
from seqlm.worker.disk_wait import disk_cause
from seqlm.worker.rescued_copies import rescue_folder


def save_elsewhere(run: TrainingRun, error: OSError) -> str:
    """Save a run whose folder cannot be written beside the sockets of the workers.

    Args:
        run: The run.
        error: The error of its own folder.

    Returns:
        What was saved where, in words.
    """
    name, step = run.directory.name, run.trainer.step
    reason = f"{name} could not be saved in its folder ({disk_cause(run, error)})"
    try:
        copy = rescue_run(run, rescue_folder())
    except (OSError, SeqlmError) as again:
        left = f"the checkpoint of step {run.saved_step:,}" if run.saved_step else "no checkpoint"
        return f"{reason}, nor elsewhere ({first_line(again)}). Step {step:,} is lost; there is {left}."
    return (
        f"{reason}. Step {step:,} is saved in {copy.path}, a temporary folder that a restart of the"
        f" machine may empty; go on: seqlm resume {copy.path}"
    )

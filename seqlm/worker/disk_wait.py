"""Wait of a training run that cannot write to its folder, until it can."""

import errno
import os
import time

from seqlm.error_text import cause_of
from seqlm.protocol import codec
from seqlm.protocol.queries import Rejected
from seqlm.runs.training_run import TrainingRun
from seqlm.worker.transport import ClientConnection, SocketServer

_RETRY_S = 1.0


class DiskWait:
    """Wait for a disk with room, or for a folder that can be written again.

    Every client receives the reason: the connected ones at once, others when they connect.

    Args:
        listener: The connections of the clients.

    Attributes:
        message: Why the run waits, in words; empty while it does not wait.
    """

    def __init__(self, listener: SocketServer) -> None:
        self._listener = listener
        self.message = self._cause = self._effect = ""
        self._notified: list[ClientConnection] = []
        self._retry_at = 0.0

    @property
    def is_due(self) -> bool:
        """True if it is time to try to write again."""
        return time.monotonic() >= self._retry_at

    def begin(self, run: TrainingRun, error: OSError) -> None:
        """Wait, or wait on with another reason."""
        self._retry_at = time.monotonic() + _RETRY_S
        self._cause, self._effect = disk_cause(run, error), _effect(run)
        message = f"{self._cause[:1].upper()}{self._cause[1:]}: {self._effect}"
        if message != self.message:
            self.message, self._notified = message, []

    def refuse(self, what: str) -> str:
        """Return the message of a command that was refused because of this wait.

        Args:
            what: What was not done, e.g. ``the run was not stopped``; empty for a run that waits on.
        """
        if not what:
            return self.message
        return f"{what}: {self._cause}. {self._effect[:1].upper()}{self._effect[1:]}"

    def end(self) -> None:
        """Stop waiting."""
        self.message, self._notified = "", []

    def notify_clients(self) -> None:
        """Send the reason to the clients that have not received it."""
        if not self.message:
            return
        rejected = codec.encode(Rejected(id="", message=self.message, exit_status=1))
        for client in self._listener.clients:
            if client not in self._notified:
                client.send(rejected)
        self._notified = list(self._listener.clients)


def _effect(run: TrainingRun) -> str:
    """Return what continues a run that waits, and what is saved."""
    return (
        f"training waits at step {run.trainer.step:,} and continues by itself once it can write."
        f" {_unsaved(run)}"
    )


def disk_cause(run: TrainingRun, error: OSError) -> str:
    """Return what is wrong with the folder of a run, e.g. ``disk full``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return cause_of(error)
    if error.errno == errno.ENOENT:
        lost = next(path for path in run.directory.path.parents if path.is_dir())
        gone = run.directory.path.relative_to(lost).parts[0]
        return f"{lost / gone} is gone"
    return f"{cause_of(error)} in {run.directory.path}"


def _unsaved(run: TrainingRun) -> str:
    """Return which steps are only in memory."""
    if run.saved_step:
        return (
            f"The checkpoint of step {run.saved_step:,} is saved; later steps are only in memory."
        )
    return "No checkpoint is saved yet; all steps are only in memory."


def lost_folder(run: TrainingRun) -> OSError | None:
    """Return an error if the folder of all runs is gone, as when a disk was removed."""
    parent = run.directory.path.parent
    if run.event_log.is_in_place or parent.is_dir():
        return None
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(parent))


def is_deleted(run: TrainingRun) -> bool:
    """Return whether the folder of a run was deleted, moved, or replaced by another run."""
    return not run.event_log.is_in_place and run.directory.path.parent.is_dir()

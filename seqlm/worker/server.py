"""Main loop of a worker: handle client messages, answer queries and train, each for a short time."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from seqlm.data.prepared_text import prepare
from seqlm.error_text import first_line
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol import codec
from seqlm.protocol.commands import Command, Continue, Pause, Read, Resume, SetValue, Start, Stop
from seqlm.protocol.events import Continued, Ended, Event, Paused
from seqlm.protocol.queries import (
    CancelQuery,
    Describe,
    DescribeAnswer,
    LearningRateSweep,
    Query,
    Rejected,
)
from seqlm.runs.directory import RunLock, find_run
from seqlm.runs.provenance import open_text
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe
from seqlm.worker.disk_wait import DiskWait, is_deleted, lost_folder
from seqlm.worker.last_checkpoint import save_elsewhere
from seqlm.worker.lr_sweep_handler import handle_preset_sweep
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.pacing import StepPacer
from seqlm.worker.query_handlers import QueryContext
from seqlm.worker.query_queue import AnswerStream, QueryQueue, reject
from seqlm.worker.transport import ClientConnection, SocketServer
from seqlm.worker.worker_log import write_log, write_traceback

_TRAIN_SLICE_S = 0.005
_MAX_POLL_S = 0.25
_IDLE_EXIT_S = 60.0
_CHECK_FOLDER_S = 1.0
_DECODER = codec.decoder(Command | Query)


class WorkerServer:
    """Server of one worker process. It has at most one run open, for training or only for queries.

    Args:
        listener: The connections of the clients.
        socket_path: Path of the socket, written into the lock of the run.
        idle_exit_s: Seconds without a client after which a paused run is stopped, or a worker that no
            client has contacted yet exits.
    """

    def __init__(
        self, listener: SocketServer, socket_path: Path, idle_exit_s: float = _IDLE_EXIT_S
    ) -> None:
        self._listener = listener
        self._idle_exit_s = idle_exit_s
        self._had_client = False
        self._lock = RunLock(pid=os.getpid(), socket=str(socket_path))
        self._open_run: QueryContext | None = None
        self._training: TrainingRun | None = None
        self._training_events: Iterator[Event | None] = iter(())
        self._pacer = StepPacer()
        self._disk = DiskWait(listener)
        self._queries = QueryQueue(listener)
        self._senders: dict[str, ClientConnection] = {}
        self._is_terminated = False
        self._idle_since = self._checked_at = time.monotonic()

    def terminate(self) -> None:
        """Exit after a checkpoint, at the next turn of the loop (for use in a signal handler)."""
        self._is_terminated = True

    def serve(self) -> None:
        """Run the loop until the worker is terminated, or idle without a client."""
        while not self._is_terminated and not self._should_exit():
            for client, line in self._listener.poll(self._poll_timeout_s()):
                self._on_message(client, line)
            self._queries.work()
            self._check_folder()
            self._disk.notify_clients()
            self._train_slice()
        try:
            self._stop_training(None)
        except OSError as error:
            assert self._training is not None
            self._report_end(save_elsewhere(self._training, error))
        self._listener.close()

    def _should_exit(self) -> bool:
        """Return True if no client is connected and nothing trains.

        A paused run and a new worker wait for a client for a limited time first. A run that cannot be
        written to the disk waits without a limit.
        """
        run = self._training
        is_busy = run is not None and (not self._pacer.is_paused or bool(self._disk.message))
        self._had_client |= bool(self._listener.clients)
        if self._listener.clients or is_busy:
            self._idle_since = time.monotonic()
            return False
        is_done = self._had_client and run is None
        return is_done or time.monotonic() - self._idle_since > self._idle_exit_s

    def _poll_timeout_s(self) -> float:
        """Return the seconds for which the next poll may wait; 0 while there is work."""
        if self._queries:
            return 0.0
        is_waiting = self._training is None or bool(self._disk.message)
        wait_s = _MAX_POLL_S if is_waiting else self._pacer.wait_s
        return min(wait_s, _MAX_POLL_S)

    # Commands

    def _on_message(self, client: ClientConnection, line: bytes) -> None:
        message_id = ""
        try:
            message = codec.decode(line, _DECODER)
            message_id = message.id
            if isinstance(message, CancelQuery):
                self._queries.cancel(client, message.question)
            elif isinstance(message, Query):
                self._queries.add(client, message_id, self._answer(message))
            else:
                self._senders[message_id] = client
                _COMMAND_HANDLERS[type(message)](self, message)
        except Exception as error:  # a message must never end the training
            self._senders.pop(message_id, None)
            reject(client, message_id, error)

    def _start(self, command: Start) -> None:
        self._raise_if_training()
        _check_step_count(command.n_steps)
        config = recipe.parse_recipe(command.recipe)
        run = TrainingRun.start(config, prepare(config.data), command.name, self._lock)
        self._train(run, command.id, command.n_steps)

    def _resume(self, command: Resume) -> None:
        self._raise_if_training()
        _check_step_count(command.n_steps)
        directory = find_run(command.run)
        text = open_text(directory)
        run = TrainingRun.resume(directory, text, self._lock, command.words, command.id)
        self._train(run, command.id, command.n_steps)

    def _read(self, command: Read) -> None:
        self._raise_if_training()
        directory = find_run(command.run)
        config = directory.manifest().config
        snapshots = ModelSnapshots(config, open_text(directory), directory.checkpoints_path)
        self._open_run = QueryContext(directory, snapshots)
        self._senders.pop(command.id).send(codec.encode(self._describe(command.id)))

    def _raise_if_training(self) -> None:
        if self._training is not None:
            name = self._training.directory.name
            raise RequestError(f"this worker is training {name}; stop that run first", name)

    def _pause(self, command: Pause) -> None:
        self._log_pause(self._require_training(), command.id)
        self._pacer.is_paused = True

    def _continue(self, command: Continue) -> None:
        run = self._require_training()
        _check_step_count(command.n_steps)
        self._pacer.resume(run.trainer.step, command.n_steps)
        self._recover(run)
        event = Continued(step=run.trainer.step, n_steps=command.n_steps, command_id=command.id)
        self._notify_sender(run.log(event))

    def _stop(self, command: Stop) -> None:
        run = self._require_training()
        refusal = f"{run.directory.name} was not stopped"
        self._recover(run, refusal)
        try:
            self._stop_training(command.id)
        except OSError as error:
            self._wait_for_disk(run, error)
            raise SeqlmError(self._disk.refuse(refusal)) from error

    def _set(self, command: SetValue) -> None:
        run = self._require_training()
        self._recover(run, f"{command.key} was not changed")
        scheduled = run.change(command.change(), command.id)
        applied = list(run.due_changes())  # applied at once, also while the run is paused
        self._pacer.reset_pace()
        if run.disk_error is not None:
            self._wait_for_disk(run, run.disk_error)
            raise SeqlmError(self._disk.refuse(f"{command.key} is changed, but only in memory"))
        for event in (*applied, scheduled):  # the last one has no effect if it was applied
            self._notify_sender(event)

    def _require_training(self) -> TrainingRun:
        if self._training is None:
            raise RequestError("no run is training in this worker")
        return self._training

    # Queries

    def _answer(self, query: Query) -> AnswerStream:
        if isinstance(query, Describe):
            return iter((self._describe(query.id),))
        if isinstance(query, LearningRateSweep) and query.recipe:
            self._raise_if_training()  # reading another corpus would delay the training
            return handle_preset_sweep(query)
        if self._open_run is None:
            raise RequestError("no run is open in this worker")
        trainer = self._training.trainer if self._training else None
        return self._open_run.answer(query, trainer)

    def _describe(self, message_id: str) -> DescribeAnswer:
        run = self._training
        status = "reading" if self._open_run else "idle"
        if run is not None:
            status = "paused" if self._pacer.is_paused or self._disk.message else "training"
        return DescribeAnswer(
            id=message_id,
            step=run.trainer.step if run else 0,
            status=status,
            run=self._open_run.directory.name if self._open_run else None,
            message=self._disk.message,
        )

    # Training

    def _train(self, run: TrainingRun, command_id: str, n_steps: int | None) -> None:
        self._training, self._training_events = run, run.train()
        snapshots = ModelSnapshots(
            run.trainer.config, run.trainer.text, run.directory.checkpoints_path
        )
        self._open_run = QueryContext(run.directory, snapshots)
        self._pacer.resume(run.trainer.step, n_steps)
        run.redirect_stderr_to_log()
        event = Continued(step=run.trainer.step, n_steps=n_steps, command_id=command_id)
        self._notify_sender(run.log(event))

    def _train_slice(self) -> None:
        """Train for a few milliseconds, unless the run is paused, slowed down or cannot be written."""
        if self._training is not None and self._disk.message and self._disk.is_due:
            with contextlib.suppress(SeqlmError):
                self._recover(self._training)
        until = time.monotonic() + _TRAIN_SLICE_S
        while self._training is not None and not self._pacer.wait_s and not self._disk.message:
            self._advance(self._training)
            if time.monotonic() >= until:
                return

    def _advance(self, run: TrainingRun) -> None:
        """Do the next piece of work of a run and handle its event."""
        try:
            event = next(self._training_events)
        except Exception as error:
            write_traceback(error)
            self._training_events = run.fail(first_line(error))
            return
        if isinstance(event, Ended):
            self._close_run(event)
            return
        if event is not None:
            self._notify_sender(event)
        if run.disk_error is not None:
            self._wait_for_disk(run, run.disk_error)
        elif run.trainer.is_evaluation_due:
            return  # the validation of a step comes before any pause
        elif self._pacer.is_last_step(run.trainer.step, run.trainer.live.current.pace):
            self._log_pause(run, None)

    # The folder of the run

    def _wait_for_disk(self, run: TrainingRun, error: OSError) -> None:
        """Wait until the run can be written again: all events are kept in memory."""
        is_first = not self._disk.message
        self._disk.begin(run, error)
        if is_first:
            self._log_pause(run, None)

    def _recover(self, run: TrainingRun, refusal: str = "") -> None:
        """Repeat the writes that failed, and end the wait for the disk.

        Args:
            run: The run.
            refusal: What was not done, for the error message.

        Raises:
            SeqlmError: They still fail; with the reason and what is saved.
        """
        try:
            if (lost := lost_folder(run)) is not None:
                raise lost
            run.recover()
        except OSError as error:
            self._wait_for_disk(run, error)
            raise SeqlmError(self._disk.refuse(refusal)) from error
        if not self._disk.message:
            return
        self._disk.end()
        self._pacer.reset_pace()
        if not self._pacer.is_paused:
            self._listener.send_all(codec.encode(run.log(Continued(step=run.trainer.step))))

    def _check_folder(self) -> None:
        """Once a second, wait if the folder of all runs is lost, and end if that of the run is."""
        run = self._training
        if run is None or time.monotonic() - self._checked_at < _CHECK_FOLDER_S:
            return
        self._checked_at = time.monotonic()
        if (lost := lost_folder(run)) is not None:
            self._wait_for_disk(run, lost)
        elif is_deleted(run):
            self._abandon(run)

    def _abandon(self, run: TrainingRun) -> None:
        """End without a checkpoint, as nobody can find the run any more."""
        if self._disk.message:  # the disk came back without the run
            lost = FileNotFoundError(errno.ENOENT, "", str(run.directory.path))
            self._report_end(save_elsewhere(run, lost))
        else:
            name = run.directory.name
            self._report_end(f"{name} was deleted, moved or replaced; its training has ended.")
        run.close()
        self._training, self._training_events, self._open_run = None, iter(()), None
        self._is_terminated = True

    def _report_end(self, message: str) -> None:
        """Write why the worker ends to its log, and send it to every client."""
        write_log(message)
        notice = Rejected(id="", message=message, exit_status=1, is_end=True)
        self._listener.send_all(codec.encode(notice))

    def _log_pause(self, run: TrainingRun, command_id: str | None) -> None:
        for event in run.flush():
            self._notify_sender(event)
        self._notify_sender(run.log(Paused(step=run.trainer.step, command_id=command_id)))

    def _stop_training(self, command_id: str | None) -> None:
        if self._training is not None:
            *before, ended = self._training.stop(command_id)
            for event in before:
                self._notify_sender(event)
            self._close_run(ended)

    def _close_run(self, ended: Event) -> None:
        """Release the run, then report its end. Queries about the run stay possible."""
        if self._training is not None:
            self._training.close()
        self._training, self._training_events = None, iter(())
        self._notify_sender(ended)

    def _notify_sender(self, event: Event) -> None:
        """Send an event to the client whose command it answers; other clients read the event log."""
        client = self._senders.pop(getattr(event, "command_id", None) or "", None)
        if client is not None:
            client.send(codec.encode(event))


def _check_step_count(n_steps: int | None) -> None:
    """Raise RequestError if a limited number of steps is below 1."""
    if n_steps is not None and n_steps < 1:
        raise RequestError(f"cannot train {n_steps} steps; allowed: 1 or more")


_COMMAND_HANDLERS: dict[type[Any], Callable[[WorkerServer, Any], None]] = {
    Start: WorkerServer._start,
    Resume: WorkerServer._resume,
    Read: WorkerServer._read,
    Pause: WorkerServer._pause,
    Continue: WorkerServer._continue,
    Stop: WorkerServer._stop,
    SetValue: WorkerServer._set,
}

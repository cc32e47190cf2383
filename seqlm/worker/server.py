"""Main loop of a worker: handle client messages, answer queries and train, each for a short time."""

import errno
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, first_line
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
from seqlm.worker.lr_sweep_handler import handle_preset_sweep
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.pacing import StepPacer
from seqlm.worker.query_handlers import QueryContext
from seqlm.worker.query_queue import AnswerStream, QueryQueue, reject
from seqlm.worker.transport import ClientConnection, SocketServer

_TRAIN_SLICE_S = 0.005
_MAX_POLL_S = 0.25
_IDLE_EXIT_S = 60.0
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
        self._queries = QueryQueue(listener)
        self._senders: dict[str, ClientConnection] = {}
        self._is_terminated = False
        self._idle_since = time.monotonic()

    def terminate(self) -> None:
        """Exit after a checkpoint, at the next turn of the loop (for use in a signal handler)."""
        self._is_terminated = True

    def serve(self) -> None:
        """Run the loop until the worker is terminated, or idle without a client."""
        while not self._is_terminated and not self._should_exit():
            for client, line in self._listener.poll(self._poll_timeout_s()):
                self._on_message(client, line)
            self._queries.work()
            self._train_slice()
        self._stop_training(None)
        self._listener.close()

    def _should_exit(self) -> bool:
        """Return True if no client is connected and nothing trains.

        A paused run and a new worker wait for a client for a limited time first. A run that waits for
        space on a full disk waits without a limit.
        """
        run = self._training
        is_busy = run is not None and (not self._pacer.is_paused or run.event_log.error is not None)
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
        wait_s = self._pacer.wait_s if self._training is not None else _MAX_POLL_S
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
        run.event_log.flush()  # fails while the disk is still full, before training resumes
        event = Continued(step=run.trainer.step, n_steps=command.n_steps, command_id=command.id)
        self._notify_sender(run.log(event))
        self._pacer.resume(run.trainer.step, command.n_steps)

    def _stop(self, command: Stop) -> None:
        self._require_training()
        self._stop_training(command.id)

    def _set(self, command: SetValue) -> None:
        run = self._require_training()
        scheduled = run.change(command.change(), command.id)
        for event in run.due_changes():  # applied at once, also while the run is paused
            self._notify_sender(event)
        self._notify_sender(scheduled)  # no effect if the change was applied above
        self._pacer.reset_pace()

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
            status = "paused" if self._pacer.is_paused else "training"
        return DescribeAnswer(
            id=message_id,
            step=run.trainer.step if run else 0,
            status=status,
            run=self._open_run.directory.name if self._open_run else None,
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
        """Train for a few milliseconds, unless the run is paused or slowed down."""
        until = time.monotonic() + _TRAIN_SLICE_S
        while self._training is not None and not self._pacer.wait_s:
            self._advance(self._training)
            if time.monotonic() >= until:
                return

    def _advance(self, run: TrainingRun) -> None:
        """Do the next piece of work of a run and handle its event."""
        try:
            event = next(self._training_events)
        except Exception as error:
            traceback.print_exc()
            self._training_events = run.fail(first_line(error))
            return
        if isinstance(event, Ended):
            self._close_run(event)
            return
        if event is not None:
            self._notify_sender(event)
        if run.disk_error is not None:
            self._pause_for_disk(run, run.disk_error)
        elif run.trainer.is_evaluation_due:
            return  # the validation of a step comes before any pause
        elif self._pacer.is_last_step(run.trainer.step, run.trainer.live.current.pace):
            self._log_pause(run, None)

    def _pause_for_disk(self, run: TrainingRun, error: OSError) -> None:
        """Pause because the disk is full: all events are kept, and training can resume from here."""
        run.disk_error = None
        self._pacer.is_paused = True
        self._log_pause(run, None)
        cause = "Disk full" if error.errno == errno.ENOSPC else error.strerror
        message = (
            f"{cause}: paused at step {run.trainer.step:,}, nothing lost. Free space, then resume."
        )
        for client in self._listener.clients:
            client.send(codec.encode(Rejected(id="", message=message, exit_status=1)))

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

"""What a worker does, turn by turn: hear its screens, answer a little, train a little."""

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
from seqlm.worker.query_context import QueryContext
from seqlm.worker.query_handlers import Answering
from seqlm.worker.query_queue import QueryQueue, make_rejection
from seqlm.worker.transport import ClientConnection, SocketServer

_TRAIN_SLICE_S = 0.005
_LONGEST_WAIT_S = 0.25
_ALONE_EXIT_S = 60.0
_READER = codec.decoder(Command | Query)


class WorkerServer:
    """One worker's work. It has at most one run open, and trains it or only reads it.

    Args:
        listener: The connections of its screens.
        socket_path: Where it listens, for the run's lock.
        alone_exit_s: How long a run that waits, or a worker nobody has spoken to yet, is kept.
    """

    def __init__(
        self, listener: SocketServer, socket_path: Path, alone_exit_s: float = _ALONE_EXIT_S
    ) -> None:
        self._listener = listener
        self._alone_exit_s = alone_exit_s
        self._was_visited = False
        self._lock = RunLock(pid=os.getpid(), socket=str(socket_path))
        self._open: QueryContext | None = None
        self._training: TrainingRun | None = None
        self._going: Iterator[Event | None] = iter(())
        self._throttle = StepPacer()
        self._questions = QueryQueue(listener)
        self._askers: dict[str, ClientConnection] = {}
        self._told_to_end = False
        self._alone_since = time.monotonic()

    def terminate(self) -> None:
        """Stop with a checkpoint at the next turn, and leave (for a signal's handler)."""
        self._told_to_end = True

    def serve(self) -> None:
        """Work until told to end, or until nobody is here and nothing trains."""
        while not self._told_to_end and not self._is_deserted():
            for peer, line in self._listener.poll(self._patience_s()):
                self._hear(peer, line)
            self._questions.work()
            self._train_some()
        self._stop_training(None)
        self._listener.close()

    def _is_deserted(self) -> bool:
        """Nobody is here and nothing trains. A paused run is given a minute, as is a new worker.

        What waits for room on a full disk is never left.
        """
        run = self._training
        is_busy = run is not None and (not self._throttle.paused or run.journal.error is not None)
        self._was_visited |= bool(self._listener.peers)
        if self._listener.peers or is_busy:
            self._alone_since = time.monotonic()
            return False
        is_done = self._was_visited and run is None
        return is_done or time.monotonic() - self._alone_since > self._alone_exit_s

    def _patience_s(self) -> float:
        """How long the next poll may wait: not at all while there is work."""
        if self._questions:
            return 0.0
        wait_s = self._throttle.wait_s if self._training is not None else _LONGEST_WAIT_S
        return min(wait_s, _LONGEST_WAIT_S)

    # What screens say

    def _hear(self, peer: ClientConnection, line: bytes) -> None:
        message_id = ""
        try:
            message = codec.decode(line, _READER)
            message_id = message.id
            if isinstance(message, CancelQuery):
                self._questions.give_up(peer, message.question)
            elif isinstance(message, Query):
                self._questions.add(peer, message_id, self._answering(message))
            else:
                self._askers[message_id] = peer
                _FOLLOW[type(message)](self, message)
        except Exception as error:  # no message may end a training
            self._refuse(peer, message_id, error)

    def _refuse(self, peer: ClientConnection, message_id: str, error: Exception) -> None:
        self._askers.pop(message_id, None)
        make_rejection(peer, message_id, error)

    def _start(self, command: Start) -> None:
        self._refuse_two_runs()
        config = recipe.parse_recipe(command.recipe)
        run = TrainingRun.begin(config, prepare(config.data), command.name, self._lock)
        self._train(run, command.id)

    def _resume(self, command: Resume) -> None:
        self._refuse_two_runs()
        directory = find_run(command.run)
        text = open_text(directory)
        run = TrainingRun.resume(directory, text, self._lock, command.words, command.id)
        self._train(run, command.id)

    def _read(self, command: Read) -> None:
        self._refuse_two_runs()
        directory = find_run(command.run)
        config = directory.manifest().config
        subjects = ModelSnapshots(config, open_text(directory), directory.checkpoints_path)
        self._open = QueryContext(directory, subjects)
        self._askers.pop(command.id).send(codec.encode(self._description(command.id)))

    def _refuse_two_runs(self) -> None:
        if self._training is not None:
            name = self._training.directory.name
            raise RequestError(f"{name} is training here; stop it first", name)

    def _pause(self, command: Pause) -> None:
        self._log_pause(self._trained(), command.id)
        self._throttle.paused = True

    def _continue(self, command: Continue) -> None:
        run = self._trained()
        if command.n_steps is not None and command.n_steps < 1:
            raise RequestError(f"{command.n_steps} steps cannot be done; 1 or more can")
        run.journal.flush()  # with a disk still full it would only wait again
        event = Continued(step=run.trainer.step, n_steps=command.n_steps, command_id=command.id)
        self._tell(run.log(event))
        self._throttle.go_on(run.trainer.step, command.n_steps)

    def _stop(self, command: Stop) -> None:
        self._trained()
        self._stop_training(command.id)

    def _set(self, command: SetValue) -> None:
        run = self._trained()
        to_come = run.change(command.change(), command.id)
        for event in run.due_changes():  # at once, also while it waits
            self._tell(event)
        self._tell(to_come)  # unless it has come already
        self._throttle.forget_pace()

    def _trained(self) -> TrainingRun:
        if self._training is None:
            raise RequestError("nothing is training here")
        return self._training

    # Questions

    def _answering(self, query: Query) -> Answering:
        if isinstance(query, Describe):
            return iter((self._description(query.id),))
        if isinstance(query, LearningRateSweep) and query.recipe:
            self._refuse_two_runs()  # reading its text would hold up the training
            return handle_preset_sweep(query)
        if self._open is None:
            raise RequestError("no run is open here")
        trainer = self._training.trainer if self._training else None
        return self._open.answering(query, trainer)

    def _description(self, message_id: str) -> DescribeAnswer:
        run = self._training
        status = "reading" if self._open else "idle"
        if run is not None:
            status = "paused" if self._throttle.paused else "training"
        return DescribeAnswer(
            id=message_id,
            step=run.trainer.step if run else 0,
            status=status,
            run=self._open.directory.name if self._open else None,
        )

    # Training

    def _train(self, run: TrainingRun, command_id: str) -> None:
        self._training, self._going = run, run.go()
        subjects = ModelSnapshots(
            run.trainer.config, run.trainer.text, run.directory.checkpoints_path
        )
        self._open = QueryContext(run.directory, subjects)
        self._throttle.go_on(run.trainer.step)
        run.catch_errors()
        self._tell(run.log(Continued(step=run.trainer.step, command_id=command_id)))

    def _train_some(self) -> None:
        until = time.monotonic() + _TRAIN_SLICE_S
        while self._training is not None and not self._throttle.wait_s:
            self._train_a_little(self._training)
            if time.monotonic() >= until:
                return

    def _train_a_little(self, run: TrainingRun) -> None:
        try:
            event = next(self._going)
        except Exception as error:
            traceback.print_exc()
            self._going = run.fail(first_line(error))
            return
        if isinstance(event, Ended):
            self._leave_run(event)
            return
        if event is not None:
            self._tell(event)
        if run.disk_error is not None:
            self._wait_for_disk(run, run.disk_error)
        elif run.trainer.evaluation_due:
            return  # what a step brings comes before any waiting
        elif self._throttle.done(run.trainer.step, run.trainer.live.current.pace):
            self._log_pause(run, None)

    def _wait_for_disk(self, run: TrainingRun, error: OSError) -> None:
        """A full disk: everything told is kept, and training can go on from here."""
        run.disk_error = None
        self._throttle.paused = True
        self._log_pause(run, None)
        what = "Disk full" if error.errno == errno.ENOSPC else error.strerror
        message = f"{what}: paused at {run.trainer.step:,}, nothing lost. Make room, then go on."
        for peer in self._listener.peers:
            peer.send(codec.encode(Rejected(id="", message=message, exit_status=1)))

    def _log_pause(self, run: TrainingRun, command_id: str | None) -> None:
        for event in run.flush():
            self._tell(event)
        self._tell(run.log(Paused(step=run.trainer.step, command_id=command_id)))

    def _stop_training(self, command_id: str | None) -> None:
        if self._training is not None:
            *before, ended = self._training.stop(command_id)
            for event in before:
                self._tell(event)
            self._leave_run(ended)

    def _leave_run(self, ended: Event) -> None:
        """Let the run go, then tell that it ended. It stays open for questions."""
        if self._training is not None:
            self._training.close()
        self._training, self._going = None, iter(())
        self._tell(ended)

    def _tell(self, event: Event) -> None:
        """The screen whose command an event answers is told at once; the others read the log."""
        peer = self._askers.pop(getattr(event, "command_id", None) or "", None)
        if peer is not None:
            peer.send(codec.encode(event))


_FOLLOW: dict[type[Any], Callable[[WorkerServer, Any], None]] = {
    Start: WorkerServer._start,
    Resume: WorkerServer._resume,
    Read: WorkerServer._read,
    Pause: WorkerServer._pause,
    Continue: WorkerServer._continue,
    Stop: WorkerServer._stop,
    SetValue: WorkerServer._set,
}

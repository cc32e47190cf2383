"""Training run: a trainer whose events are logged and whose state is saved in a run directory."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.events import (
    ChangeScheduled,
    Ended,
    Event,
    Resumed,
    RunCreated,
    Sampled,
    ValueChanged,
    WeightsKept,
    WorkerStarted,
)
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.runs.checkpoint_policy import (
    CheckpointPolicy,
    Diverged,
    next_log_spaced_step,
    sample_with_fixed_seed,
)
from seqlm.runs.directory import Manifest, RunDirectory, RunLock, create
from seqlm.runs.event_log import EventLogWriter, read_events
from seqlm.runs.provenance import (
    corpus_record,
    corpus_stem,
    created_event,
    describe_corpus_change,
    make_manifest,
    versions,
)
from seqlm.runs.resume import (
    describe_restart,
    has_diverged,
    raise_if_done,
    reschedule_changes,
    restore,
    split_at_checkpoint,
)
from seqlm.runs.scheduled_changes import last_repeated_step
from seqlm.runspec import recipe
from seqlm.training.live_settings import FIELD_OF_KEY
from seqlm.training.trainer import Trainer


class TrainingRun:
    """A run that this process trains.

    Create it with :meth:`start` or :meth:`resume`, and train by iterating :meth:`train`. Every event of
    the trainer is in the event log before it is yielded.

    Attributes:
        directory: The directory of the run.
        manifest: The manifest of the run, which stays when its directory is lost.
        trainer: The trainer.
        event_log: The writer of the event log.
        checkpoints: The checkpoints of the run.
        disk_error: The error of the last failed write; None if the last write succeeded. Nothing is
            lost: the write is repeated by :meth:`recover`, or with the next event or checkpoint.
    """

    def __init__(
        self, directory: RunDirectory, manifest: Manifest, trainer: Trainer, lock: RunLock
    ) -> None:
        self.directory, self.manifest, self.trainer = directory, manifest, trainer
        self._lock_fd = directory.acquire_lock(lock)
        try:
            self.event_log = EventLogWriter(directory.events_path)
            self.checkpoints = CheckpointStore(directory.checkpoints_path)
            self.checkpoints.remove_leftovers()
        except BaseException:
            os.close(self._lock_fd)
            raise
        self.disk_error: OSError | None = None
        self._is_save_pending = False
        self._policy = CheckpointPolicy(trainer, self.event_log, self.checkpoints)
        self._next_snapshot = 0
        self._first_free_step = 0
        self._is_created = True

    @classmethod
    def start(
        cls, config: RunConfig, text: PreparedText, name: str | None, lock: RunLock
    ) -> "TrainingRun":
        """Create the directory of a new run, ready to train.

        Raises:
            OSError: The run cannot be written; its directory is removed.
        """
        trainer = Trainer(config, text)
        directory = create(corpus_stem(config), name)
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, directory.path, ignore_errors=True)
            corpus = corpus_record(config, text, undo)
            manifest = make_manifest(directory.name, config, corpus)
            directory.write_manifest(manifest)
            run = cls(directory, manifest, trainer, lock)
            run.log(created_event(directory.name, trainer))
            run._log_start()
            run.event_log.flush()
            run._record_snapshot()
            undo.pop_all()
        return run

    @classmethod
    def resume(
        cls,
        directory: RunDirectory,
        text: PreparedText,
        lock: RunLock,
        settings: list[str],
        command_id: str,
    ) -> "TrainingRun":
        """Restore a run from its newest whole checkpoint, or from its beginning.

        Changes that were requested after the checkpoint are scheduled again for their steps. Nothing
        is written before all of this has been validated.

        Args:
            directory: The directory of the run.
            text: The corpus of the run.
            lock: The content of the lock file.
            settings: Changes of live settings, ``KEY=VALUE`` or ``KEY=VALUE@STEP``; they apply after
                the changes that are scheduled again.
            command_id: Id of the command that requested ``settings``.

        Raises:
            SeqlmError: The checkpoint is damaged, a setting is invalid, or all steps are done.
        """
        manifest = directory.manifest()
        run = cls(directory, manifest, Trainer(manifest.config, text), lock)
        try:
            changes = recipe.live_changes(run.trainer.config, settings)
            superseded, note = run._restore_checkpoint({change.key for change in changes})
            for change in changes:
                run._schedule(change, command_id)
            raise_if_done(directory.name, run.trainer, superseded)
        except BaseException:
            run.close()
            raise
        run.checkpoints.rewind(run.trainer.step, run.trainer.best.step)
        run._log_resume(superseded, note)
        return run

    def train(self) -> Iterator[Event | None]:
        """Train and yield the logged events; see :meth:`Trainer.run`. The last event is ``Ended``."""
        for event in self.trainer.run():
            if isinstance(event, Ended):
                yield from self._end(event)
                return
            logged = self.log(event) if event is not None else None
            if self.trainer.step >= self._next_snapshot:
                self._record_snapshot()
            yield logged
            if self._policy.is_due:
                yield self._try_to_save()

    def stop(self, command_id: str | None) -> Iterator[Event]:
        """Write a checkpoint and end the run before all steps are done.

        Raises:
            OSError: The checkpoint or the end cannot be written; the training has not ended.
        """
        yield from self.flush()
        ended = self.trainer.diverged_event()
        if ended is None:
            yield self.save()
            ended = Ended(step=self.trainer.step, status="stopped")
        yield self.event_log.write(replace(ended, command_id=command_id))

    def fail(self, message: str) -> Iterator[Event | None]:
        """End the run after an error; the last checkpoint is kept."""
        return self._log_end(Ended(step=self.trainer.step, status="failed", message=message))

    @property
    def saved_step(self) -> int:
        """The step of the last checkpoint; 0 before the first one."""
        return self._policy.saved_step

    def recover(self) -> None:
        """Repeat the writes that failed: the events, then the checkpoint.

        Raises:
            OSError: They still cannot be written; they are kept.
        """
        self.event_log.flush()
        if self._is_save_pending:
            self.save()
        self.disk_error = self.event_log.error

    def close(self) -> None:
        """Close the event log and release the lock of the run."""
        self.event_log.close()
        os.close(self._lock_fd)

    def save(self) -> Event:
        """Write a checkpoint and log it.

        Raises:
            Diverged: The loss is not finite.
            OSError: The checkpoint cannot be written; the previous one stays the last.
        """
        for _ in self.flush():
            pass
        saved = self._policy.save()
        self._is_save_pending = False
        return self.log(saved)

    def flush(self) -> Iterator[Event]:
        """Log the steps that the trainer has not reported yet."""
        for event in self.trainer.flush():
            yield self.log(event)

    def due_changes(self) -> Iterator[Event]:
        """Apply and log the changes that are due at this step."""
        for event in self.trainer.apply_due_changes():
            yield self.log(event)

    def log(self, event: Event) -> Event:
        """Append an event to the event log; on a full disk it is kept, see ``disk_error``."""
        logged = self.event_log.append(event)
        self.disk_error = self.event_log.error
        return logged

    def change(self, change: Change, command_id: str | None) -> ValueChanged:
        """Schedule the change of a live setting at its step, or at once if that step is done.

        After resuming, steps that were logged before the interruption are repeated unchanged: a change
        applies after them.

        Returns:
            The event that will be logged, with the step at which the change applies.

        Raises:
            RequestError: The setting is not live or has no effect, or the value is not allowed.
        """
        scheduled = self._schedule(change, command_id)
        if scheduled.step > self.trainer.step:  # else it is applied and logged at once
            later = Change(key=scheduled.key, value=scheduled.new, step=scheduled.step)
            self.log(ChangeScheduled(step=self.trainer.step, change=later, command_id=command_id))
        return scheduled

    def _schedule(self, change: Change, command_id: str | None) -> ValueChanged:
        trainer = self.trainer
        if change.key not in FIELD_OF_KEY:
            raise RequestError(
                f"{change.key} cannot change during training; one of: {', '.join(FIELD_OF_KEY)}",
                change.key,
            )
        if trainer.config.model.learns_by_counting:
            raise RequestError(
                f"{change.key} has no effect: a count-based model takes one step", change.key
            )
        setting = dotted_keys.find(trainer.config, change.key)
        value = setting.parse(setting.format(change.value))
        step = max(change.step, trainer.step, self._first_free_step)
        if change.key == "train.steps" and value < step:
            raise RequestError(
                f"train.steps={value} is below the {step:,} steps done; allowed: {step:,} or more",
                value,
            )
        old = trainer.live.settings_at(step).value_of(change.key)
        trainer.live.add(replace(change, value=value, step=step), command_id)
        return ValueChanged(step=step, key=change.key, old=old, new=value, command_id=command_id)

    def redirect_stderr_to_log(self) -> None:
        """Redirect the standard error of this process to the log file of the run."""
        fd = self.directory.append_to_worker_log()
        os.dup2(fd, 2)
        os.close(fd)

    def _restore_checkpoint(self, changed_keys: set[str]) -> tuple[list[Event], str]:
        """Restore the newest whole checkpoint, and reschedule the changes requested after it.

        Args:
            changed_keys: The settings that get a new value now. If training diverged, their earlier
                changes are not repeated.

        Returns:
            The superseded events: those after the checkpoint; and what a person must know about it.
        """
        logged = list(read_events(self.directory.events_path))
        self._is_created = any(isinstance(event, RunCreated) for event in logged)
        restored = restore(self.trainer, self.checkpoints, logged)
        if restored.metadata is not None:
            self.event_log.seq = max(self.event_log.seq, restored.metadata.seq)
        valid, superseded = split_at_checkpoint(logged, restored.metadata)
        pointed = self.checkpoints.target_of("latest")
        note = describe_restart(restored, pointed, valid, superseded)
        self._restore_kept_weights(valid)
        self._first_free_step = last_repeated_step(superseded)
        omitted_keys = changed_keys if has_diverged(superseded) else set()
        reschedule_changes(self.trainer, superseded, omitted_keys)
        return superseded, note

    def _resumed_event(self, superseded: list[Event], restart: str) -> Resumed:
        after = self.event_log.seq + 1  # an empty range
        notes = (restart, describe_corpus_change(self.manifest))
        return Resumed(
            step=self.trainer.step,
            superseded_from=superseded[0].seq if superseded else after,
            superseded_to=superseded[-1].seq if superseded else after - 1,
            scheduled=list(self.trainer.live.scheduled),
            repeats_to=self._first_free_step,
            note="; ".join(filter(None, notes)),
        )

    def _restore_kept_weights(self, events: list[Event]) -> None:
        """Restore the list of kept weights and the next snapshot step from the valid events."""
        lists = (event.kept for event in reversed(events) if isinstance(event, WeightsKept))
        step = self.trainer.step
        saved = [kept for kept in self.checkpoints.steps() if kept <= step]  # of a log that is lost
        self._policy.restore(self.trainer.best.step, next(lists, saved))
        is_sampled = any(isinstance(event, Sampled) and event.step == step for event in events)
        self._next_snapshot = next_log_spaced_step(step if is_sampled else step - 1)

    def _end(self, ended: Ended) -> Iterator[Event | None]:
        """Log the end, after a checkpoint if training can be resumed from it."""
        if ended.status == "finished":
            yield self._try_to_save()
            while self._is_save_pending:
                yield self._try_to_save()
        yield from self._log_end(ended)

    def _log_end(self, ended: Ended) -> Iterator[Event | None]:
        """Log the end of the run; while the disk is full, yield None and try again."""
        while True:
            try:
                yield self.event_log.write(ended)
            except OSError as error:
                self.disk_error = error
                yield None
            else:
                return

    def _try_to_save(self) -> Event | None:
        try:
            return self.save()
        except Diverged:
            return None  # the trainer reports the divergence
        except OSError as error:
            self.disk_error, self._is_save_pending = error, True
            return None

    def _log_resume(self, superseded: list[Event], note: str) -> None:
        if not self._is_created:
            self.log(created_event(self.directory.name, self.trainer))
        self.log(self._resumed_event(superseded, note))
        self._log_start()
        if self.trainer.step == self._next_snapshot:
            self._record_snapshot()

    def _log_start(self) -> None:
        self.log(
            WorkerStarted(
                pid=os.getpid(),
                step=self.trainer.step,
                device=str(self.trainer.device),
                threads=self.trainer.config.planned.train.threads,
                versions=versions(),
            )
        )

    def _record_snapshot(self) -> None:
        """Keep the weights of this step, and log the sample with a fixed seed."""
        self._next_snapshot = next_log_spaced_step(self.trainer.step)
        for _ in self.flush():
            pass
        if self.trainer.has_diverged:
            return
        with contextlib.suppress(OSError):  # on a full disk the snapshot is skipped
            if (kept := self._policy.keep_weights()) is not None:
                self.log(kept)
        with contextlib.suppress(SeqlmError):  # probabilities may not be finite
            self.log(sample_with_fixed_seed(self.trainer))

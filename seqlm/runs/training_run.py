"""One training and its directory: what the trainer tells is logged, and what it is gets saved."""

import contextlib
import os
import platform
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
from msgspec.structs import replace

from seqlm import recipe, settings
from seqlm.config import Change, RunConfig, SampleConfig
from seqlm.data.corpus import CORPORA, MAX_STORED_BYTES, store_corpus
from seqlm.data.prepare import PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError, SeqlmError
from seqlm.generation.generator import Generator
from seqlm.home import corpora_dir
from seqlm.protocol.events import (
    CheckpointSaved,
    Ended,
    Event,
    Resumed,
    RunCreated,
    Sampled,
    StepsDone,
    ValueChanged,
    WorkerStarted,
)
from seqlm.runs.checkpoint import Checkpoints, Loaded, Record, is_log_spaced
from seqlm.runs.directory import CorpusRecord, Lock, Manifest, RunDirectory, create
from seqlm.runs.journal import Journal, effective, read_events
from seqlm.training.trainer import Trainer

_CHECKPOINT_INTERVAL_S = 10.0
_CHECKPOINT_COST_SHARE = 100
_MAX_SNAPSHOT_BYTES = 4 << 20
_SNAPSHOT_LENGTH = 40


class TrainingRun:
    """A run that this process trains.

    Made by :meth:`begin` or :meth:`resume`. Iterating :meth:`go` trains; everything the trainer tells
    is in the log when it is given on.

    Attributes:
        directory: Where it is written.
        trainer: What trains it.
    """

    def __init__(self, directory: RunDirectory, trainer: Trainer, lock: Lock) -> None:
        self.directory, self.trainer = directory, trainer
        self._lock_fd = directory.take(lock)
        self.journal = Journal(directory.events_path)
        self.checkpoints = Checkpoints(directory.checkpoints_path)
        self._saved_at = time.monotonic()
        self._interval_s = _CHECKPOINT_INTERVAL_S
        self._best_saved_step = 0
        self._snapshot_step = -1
        self._first_free_step = 0

    @classmethod
    def begin(
        cls, config: RunConfig, text: PreparedText, name: str | None, lock: Lock
    ) -> "TrainingRun":
        """Make the directory of a new run, ready to train."""
        trainer = Trainer(config, text)
        corpus = _corpus_record(config, text)
        directory = create(_stem(config), name)
        try:
            directory.write_manifest(_manifest(directory.name, config, corpus))
            run = cls(directory, trainer, lock)
            run.log(_created(directory.name, trainer))
            run._log_start()
            list(run._snapshot())
        except BaseException:
            shutil.rmtree(directory.path, ignore_errors=True)
            raise
        return run

    @classmethod
    def resume(cls, directory: RunDirectory, text: PreparedText, lock: Lock) -> "TrainingRun":
        """Stand where the last checkpoint of a run was taken, or at its beginning.

        Values that were changed by hand after it will be changed again at their steps.
        """
        config = directory.manifest().config
        trainer = Trainer(config, text)
        run = cls(directory, trainer, lock)
        seq = run._restore()
        logged = effective(read_events(directory.events_path))
        first = next(iter(logged), None)
        if isinstance(first, RunCreated):
            seq = max(seq, first.seq)
        superseded = [event for event in logged if event.seq > seq]
        run._first_free_step = _steps_seen(superseded)
        planned = {(change.key, change.step) for change in config.changes}
        for event in superseded:
            if isinstance(event, ValueChanged) and (event.key, event.step) not in planned:
                change = Change(key=event.key, value=event.new, step=event.step)
                trainer.change(change, event.command_id)
        if superseded:
            run.log(
                Resumed(
                    step=trainer.step,
                    superseded_from=seq + 1,
                    superseded_to=superseded[-1].seq,
                )
            )
        run._log_start()
        return run

    def go(self) -> Iterator[Event | None]:
        """Train on; see :meth:`Trainer.run`. The last event is ``Ended``."""
        for event in self.trainer.run():
            if isinstance(event, Ended):
                yield from self._end(event)
                return
            yield self.log(event) if event is not None else None
            if is_log_spaced(self.trainer.step) and self.trainer.step != self._snapshot_step:
                yield from self._snapshot()
            if time.monotonic() - self._saved_at >= self._interval_s:
                yield self.save()

    def stop(self, command_id: str | None) -> Iterator[Event]:
        """End before all steps are done, with a checkpoint."""
        yield from self.flush()
        yield from self._end(Ended(step=self.trainer.step, status="stopped", command_id=command_id))

    def fail(self, message: str) -> Event:
        """End because something broke; the last checkpoint stays."""
        return self.log(Ended(step=self.trainer.step, status="failed", message=message))

    def close(self) -> None:
        """Let the run go: from now on another worker may take it."""
        self.journal.close()
        os.close(self._lock_fd)

    def save(self) -> Event:
        """Write a checkpoint, as a transaction: log first, then the checkpoint, then that it is."""
        began = time.monotonic()
        for _ in self.flush():
            pass
        self.journal.sync()
        trainer = self.trainer
        record = self._record(trainer.step)
        n_bytes = self.checkpoints.save(
            replace(record, position=trainer.position()),
            trainer.weights(),
            trainer.tensors(),
            pointer="latest",
        )
        if trainer.best_weights is not None and trainer.best_step != self._best_saved_step:
            best = self._record(trainer.best_step)
            n_bytes += self.checkpoints.save(best, trainer.best_weights, pointer="best")
            self._best_saved_step = trainer.best_step
        self.checkpoints.prune()
        self._saved_at = time.monotonic()
        cost_s = self._saved_at - began
        self._interval_s = max(_CHECKPOINT_INTERVAL_S, _CHECKPOINT_COST_SHARE * cost_s)
        saved = CheckpointSaved(step=trainer.step, seconds=round(cost_s, 4), n_bytes=n_bytes)
        return self.log(saved)

    def flush(self) -> Iterator[Event]:
        """Log the steps that the trainer has not told yet."""
        for event in self.trainer.flush():
            yield self.log(event)

    def due_changes(self) -> Iterator[Event]:
        """Let the changes take force whose step has come."""
        for event in self.trainer.due_changes():
            yield self.log(event)

    def log(self, event: Event) -> Event:
        """Append an event to the run's log."""
        return self.journal.append(event)

    def change(self, change: Change, command_id: str | None) -> None:
        """Let a live value take force at its step, or at once if that step is done.

        Raises:
            RequestError: It is not a live value of this run, or out of its bounds.
        """
        trainer = self.trainer
        if change.key not in trainer.values:
            live = ", ".join(trainer.values)
            raise RequestError(
                f"{change.key} cannot change while a run goes; {live} can", change.key
            )
        setting = settings.find(trainer.config, change.key)
        value = setting.parse(setting.show(change.value))
        if change.key == "train.steps" and value < trainer.step:
            raise RequestError(
                f"train.steps={value} is below the {trainer.step:,} steps done", value
            )
        at = max(change.step, trainer.step, self._first_free_step)
        trainer.change(replace(change, value=value, step=at), command_id)

    def check_there_is_work(self) -> None:
        """Raise RequestError where every step is done already."""
        if self.trainer.step >= self.trainer.steps_to_do:
            raise RequestError(
                f"{self.directory.name} has done all its {self.trainer.step:,} steps;"
                " give more with train.steps=N",
                self.trainer.step,
            )

    def catch_errors(self) -> None:
        """From now on what the process writes to its standard error goes into the run's own log."""
        with self.directory.log_path.open("ab") as log:
            os.dup2(log.fileno(), 2)

    def _restore(self) -> int:
        """Load the last checkpoint if there is one; the number of the last event before it."""
        if not self.checkpoints.has("latest"):
            return 0
        loaded = self.checkpoints.load("latest")
        position = loaded.record.position
        if position is None:
            raise SeqlmError(f"{self.directory.name}: the last checkpoint holds only weights")
        best = self._load_best(position.best_step, loaded)
        try:
            self.trainer.restore(position, loaded.weights, loaded.training, best)
        except (RuntimeError, KeyError) as error:
            raise SeqlmError(f"the checkpoint does not fit the run: {error}") from error
        self._best_saved_step = position.best_step
        self._snapshot_step = position.step
        return loaded.record.seq

    def _load_best(self, best_step: int, loaded: Loaded) -> dict[str, torch.Tensor] | None:
        if best_step == loaded.record.step:
            return dict(loaded.weights)
        name = f"step-{best_step}"
        return self.checkpoints.load(name).weights if self.checkpoints.has(name) else None

    def _record(self, step: int) -> Record:
        return Record(
            step=step, seq=self.journal.seq, offset=self.journal.offset, position=None, sha256={}
        )

    def _end(self, ended: Ended) -> Iterator[Event]:
        if ended.status in ("finished", "stopped"):
            yield self.save()
        yield self.log(ended)

    def _log_start(self) -> None:
        self.log(
            WorkerStarted(
                pid=os.getpid(),
                step=self.trainer.step,
                device=str(self.trainer.device),
                threads=self.trainer.config.train.threads,
                versions=versions(),
            )
        )

    def _snapshot(self) -> Iterator[Event]:
        """Keep the weights of this step, and make the same draw as always with them."""
        self._snapshot_step = self.trainer.step
        yield from self.flush()
        weights = self.trainer.weights()
        n_bytes = sum(part.numel() * part.element_size() for part in weights.values())
        if n_bytes <= _MAX_SNAPSHOT_BYTES:
            self.checkpoints.save(self._record(self.trainer.step), weights)
        with contextlib.suppress(SeqlmError):  # weights that give no probabilities draw nothing
            yield self.log(self._sampled())

    def _sampled(self) -> Sampled:
        trainer, tokenizer = self.trainer, self.trainer.text.tokenizer
        generator = Generator(trainer.model, tokenizer, trainer.device)
        prompt: list[int] = []
        if tokenizer.end_id is None:
            prompt = tokenizer.encode(trainer.text.items["train"][0][:1])
        *_, drawn = generator.draw(prompt, SampleConfig(), 1, _SNAPSHOT_LENGTH)
        tokens = [tokenizer.tokens[i] for i in drawn[0].ids]
        return Sampled(step=trainer.step, tokens=tokens, surprisal=drawn[0].surprisal)


def _steps_seen(superseded: list[Event]) -> int:
    """The last step that was seen before an interruption; one that diverged is not to be kept."""
    if any(isinstance(event, Ended) and event.status == "diverged" for event in superseded):
        return 0
    steps = (event.last_step for event in superseded if isinstance(event, StepsDone))
    return max(steps, default=0)

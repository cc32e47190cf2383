"""What is kept of a training on disk, and when: all of it at intervals, its weights at a few steps."""

import time

from msgspec.structs import replace

from seqlm.errors import SeqlmError
from seqlm.protocol.events import CheckpointSaved, WeightsKept
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.runs.event_log import EventLogWriter
from seqlm.runs.log_spaced import subsample_steps
from seqlm.training.trainer import Trainer

_INTERVAL_S = 10.0
_COST_SHARE = 100
_MAX_KEPT_BYTES = 256_000_000


class Diverged(SeqlmError):
    """The loss is no number any more: these weights are not worth keeping."""


class CheckpointPolicy:
    """Keeps one training on disk.

    Args:
        trainer: The training. Flush it before it is kept.
        journal: Its log.
        checkpoints: Where it is kept.
    """

    def __init__(
        self, trainer: Trainer, journal: EventLogWriter, checkpoints: CheckpointStore
    ) -> None:
        self._trainer, self._journal, self._checkpoints = trainer, journal, checkpoints
        self._saved_at, self._interval_s = time.monotonic(), _INTERVAL_S
        self._best_saved_step = 0
        self._kept: list[int] = []

    @property
    def is_due(self) -> bool:
        """Whether it is time for a checkpoint: so seldom that it costs a hundredth at most."""
        return time.monotonic() - self._saved_at >= self._interval_s

    def go_on(self, best_step: int, kept: list[int]) -> None:
        """Go on from a checkpoint that knew of these weights: the best, and those kept alone."""
        self._best_saved_step, self._kept = best_step, kept

    def save(self) -> CheckpointSaved:
        """Write a checkpoint, as a transaction: log first, then the checkpoint, then what names it.

        Raises:
            Diverged: There is nothing worth keeping.
            OSError: It cannot be written; the one before stays the last.
        """
        began = time.monotonic()
        trainer, checkpoints = self._trainer, self._checkpoints
        if trainer.has_diverged:
            raise Diverged
        self._journal.sync()
        record = replace(self._record(trainer.step), position=trainer.state())
        n_bytes = checkpoints.save(record, trainer.weights(), trainer.tensors())
        best = trainer.best
        if best.weights is not None and best.step != self._best_saved_step:
            n_bytes += checkpoints.save(self._record(best.step), best.weights)
            checkpoints.point("best", best.step)
            self._best_saved_step = best.step
        checkpoints.point("latest", trainer.step)
        checkpoints.prune(self._kept)
        self._saved_at = time.monotonic()
        cost_s = self._saved_at - began
        self._interval_s = max(_INTERVAL_S, _COST_SHARE * cost_s)
        return CheckpointSaved(step=trainer.step, seconds=round(cost_s, 4), n_bytes=n_bytes)

    def keep_weights(self) -> WeightsKept | None:
        """Keep the weights of this step to be looked at later; None where they are passed over.

        All that are kept take 256 MB at most. Where a log-spaced step more would take more, only
        every second of these steps is kept (0, 3, 30, 300 ...), then every fourth.

        Raises:
            OSError: There is no room for them.
        """
        step, weights = self._trainer.step, self._trainer.weights()
        n_bytes = sum(part.numel() * part.element_size() for part in weights.values())
        steps = subsample_steps(step, _MAX_KEPT_BYTES // max(1, n_bytes))
        if step not in steps:
            return None
        before, self._kept = self._kept, [kept for kept in self._kept if kept in steps]
        if self._kept != before:
            self._checkpoints.prune(self._kept)
        self._checkpoints.keep(self._record(step), weights)
        self._kept = [*self._kept, step]
        return WeightsKept(step=step, kept=self._kept)

    def _record(self, step: int) -> CheckpointMetadata:
        return CheckpointMetadata(step=step, seq=self._journal.seq, position=None, sha256={})

"""Policy of saving: checkpoints at intervals, weights and a sample at log-spaced steps."""

import time

from msgspec.structs import replace

from seqlm.configuration.run_config import SampleConfig
from seqlm.errors import SeqlmError
from seqlm.generation.generator import Generator
from seqlm.protocol.events import CheckpointSaved, Sampled, WeightsKept
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.runs.event_log import EventLogWriter
from seqlm.training.trainer import Trainer

_MIN_INTERVAL_S = 10.0
_INTERVAL_PER_COST = 100
_MAX_KEPT_BYTES = 256_000_000
_SAMPLE_LENGTH, _MIN_SAMPLE_LENGTH = 40, 4
_SAMPLE_PROBABILITIES = 320_000  # of a sample: a large vocabulary has shorter samples


class Diverged(SeqlmError):
    """Error: the loss is not finite, so the weights are not saved."""


class CheckpointPolicy:
    """Saves one training run to disk.

    Args:
        trainer: The trainer. Flush it before a checkpoint.
        event_log: The event log of the run.
        checkpoints: The checkpoints of the run.

    Attributes:
        saved_step: The step of the last checkpoint; 0 before the first one.
    """

    def __init__(
        self, trainer: Trainer, event_log: EventLogWriter, checkpoints: CheckpointStore
    ) -> None:
        self._trainer, self._event_log, self._checkpoints = trainer, event_log, checkpoints
        self.saved_step = 0
        self._saved_at, self._interval_s = time.monotonic(), _MIN_INTERVAL_S
        self._best_saved_step = 0
        self._kept: list[int] = []

    @property
    def is_due(self) -> bool:
        """True if the interval since the last checkpoint has passed.

        The interval is at least 100 times the duration of the last checkpoint, so that saving takes at
        most one percent of the training time.
        """
        return time.monotonic() - self._saved_at >= self._interval_s

    def restore(self, best_step: int, kept: list[int]) -> None:
        """Continue from a checkpoint.

        Args:
            best_step: The step of the best weights, which are saved already.
            kept: The steps whose weights are kept.
        """
        self._best_saved_step, self._kept = best_step, kept
        self.saved_step = self._trainer.step

    def save(self) -> CheckpointSaved:
        """Write a checkpoint as a transaction: the log, then the checkpoint, then its pointers.

        Raises:
            Diverged: The loss is not finite.
            OSError: The checkpoint cannot be written; the previous one stays the last.
        """
        started_at = time.monotonic()
        trainer, checkpoints = self._trainer, self._checkpoints
        if trainer.has_diverged:
            raise Diverged
        self._event_log.sync()
        metadata = replace(self._metadata(trainer.step), position=trainer.state())
        n_bytes = checkpoints.save(metadata, trainer.weights(), trainer.tensors())
        best = trainer.best
        if best.weights is not None and best.step != self._best_saved_step:
            n_bytes += checkpoints.save(self._metadata(best.step), best.weights)
            checkpoints.point("best", best.step)
            self._best_saved_step = best.step
        checkpoints.point("latest", trainer.step)
        checkpoints.prune(self._kept)
        self._saved_at, self.saved_step = time.monotonic(), trainer.step
        cost_s = self._saved_at - started_at
        self._interval_s = max(_MIN_INTERVAL_S, _INTERVAL_PER_COST * cost_s)
        return CheckpointSaved(step=trainer.step, seconds=round(cost_s, 4), n_bytes=n_bytes)

    def keep_weights(self) -> WeightsKept | None:
        """Keep the weights of this step for later queries; return None if they are skipped.

        All kept weights take at most 256 MB. If one more log-spaced step would exceed that, only
        every second of these steps is kept (0, 3, 30, 300 ...), then every fourth.

        Raises:
            OSError: The disk is full.
        """
        step, weights = self._trainer.step, self._trainer.weights()
        n_bytes = sum(part.numel() * part.element_size() for part in weights.values())
        steps = subsample_steps(step, _MAX_KEPT_BYTES // max(1, n_bytes))
        if step not in steps:
            return None
        before, self._kept = self._kept, [kept for kept in self._kept if kept in steps]
        if self._kept != before:
            self._checkpoints.prune(self._kept)
        self._checkpoints.keep(self._metadata(step), weights)
        self._kept = [*self._kept, step]
        return WeightsKept(step=step, kept=self._kept)

    def _metadata(self, step: int) -> CheckpointMetadata:
        return CheckpointMetadata(step=step, seq=self._event_log.seq, position=None, sha256={})


def log_spaced_steps(last: int) -> list[int]:
    """Return the steps 0, 1, 3, 10, 30, 100 and so on up to ``last``."""
    steps, step = [0], 1
    while step <= last:
        steps.append(step)
        step = step * 3 if str(step)[0] == "1" else step // 3 * 10
    return steps


def next_log_spaced_step(step: int) -> int:
    """Return the first log-spaced step after ``step`` (-1: step 0)."""
    return next(later for later in log_spaced_steps(10 * max(step, 1)) if later > step)


def subsample_steps(last: int, n_most: int) -> list[int]:
    """Return at most ``n_most`` log-spaced steps up to ``last``: all, every second, every fourth ...

    A step that is left out is left out for every later ``last`` too, so that weights which were
    deleted are never needed again.
    """
    steps, stride = log_spaced_steps(last), 1
    while n_most > 0 and len(steps[::stride]) > n_most:
        stride *= 2
    return steps[::stride] if n_most > 0 else []


def sample_with_fixed_seed(trainer: Trainer) -> Sampled:
    """Sample one text with the current weights and the same random numbers at every step.

    Raises:
        SeqlmError: The weights give probabilities that are not finite.
    """
    text = trainer.text
    generator = Generator(trainer.model, text.tokenizer, trainer.device)
    tokenizer, prompt = text.tokenizer, list[int]()
    if tokenizer.end_id is None:
        stream = text.items["train"][0]
        prompt = tokenizer.encode(stream[: tokenizer.safe_split_point(stream, 1)])[:1]
    length = max(_MIN_SAMPLE_LENGTH, _SAMPLE_PROBABILITIES // tokenizer.n_vocab)
    *_, samples = generator.sample(prompt, SampleConfig(), 1, min(_SAMPLE_LENGTH, length))
    first = samples[0]
    return Sampled(
        step=trainer.step,
        tokens=[tokenizer.tokens[i] for i in first.ids],
        surprisal=first.surprisal,
        text=tokenizer.decode(first.ids),
    )

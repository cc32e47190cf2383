"""State of a training as plain values: what a checkpoint stores beside its tensors."""

from typing import Any

from msgspec import Struct

from seqlm.protocol.events import ScheduledChange


class TrainerState(Struct, frozen=True, kw_only=True):
    """State of a :class:`~seqlm.training.trainer.Trainer`, stored in ``checkpoint.json``.

    Attributes:
        step: Steps done.
        values: Values of the live settings by dotted key.
        waiting: Scheduled changes.
        budget_fixed: ``train.seconds`` has been converted to a number of steps.
        evaluation_due: The validation of ``step`` is not complete.
        evaluated_step: Step of the last complete evaluation.
        best_loss: Lowest validation loss, nats per token.
        best_step: Step of the lowest validation loss.
        n_checks_since_best: Validations without improvement since then.
        train_s: Seconds spent in training steps.
        cpu_s: CPU seconds of the process.
        n_tokens: Targets trained on.
        first_loss: Loss of the first batch; None in old checkpoints.
    """

    step: int
    values: dict[str, Any]
    waiting: list[ScheduledChange]
    budget_fixed: bool
    evaluation_due: bool
    evaluated_step: int
    best_loss: float
    best_step: int
    n_checks_since_best: int = 0
    train_s: float
    cpu_s: float
    n_tokens: int
    first_loss: float | None = None

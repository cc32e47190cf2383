"""Where a training stands, as plain values: what a checkpoint keeps of it beside its tensors."""

from typing import Any, NamedTuple

from msgspec import Struct

from seqlm.configuration.run_config import Change


class ScheduledChange(NamedTuple):
    """A change that has not taken force yet, and the command that asked for it (None: planned)."""

    change: Change
    command_id: str | None


class TrainerState(Struct, frozen=True, kw_only=True):
    """After how many steps which values hold, what is due, and what was counted and timed until then.

    ``evaluation_due`` tells that the validation of ``step`` is not over; ``budget_fixed`` that seconds
    have become a number of steps; ``n_checks_since_best`` counts validations without a new best.
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

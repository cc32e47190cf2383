"""Events of a run: the lines of ``events.jsonl``, in chronological order.

Each event is logged once and sent to every screen. The state of a run on the screen is computed from
its events alone. Losses are nats per token.
"""

from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from seqlm.configuration.run_config import Change

VERSION = 1
SplitName: TypeAlias = Literal["train", "val", "test"]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=1e15)]
"""A number or a time that is not negative and finite; a damaged log may hold any other."""


class ScheduledChange(NamedTuple):
    """Change of a live setting that is not applied yet.

    Attributes:
        change: The setting, its new value and its step.
        command_id: Id of the command that requested the change; None for a planned change.
    """

    change: Change
    command_id: str | None


class _Event(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """``seq`` numbers the lines of a log from 1; ``t`` is the time of writing, in Unix seconds."""

    v: int = VERSION
    seq: Count = 0
    t: Amount = 0.0


class RunCreated(_Event, frozen=True, kw_only=True):
    """A run was created: its name, recipe, and the size of its model and data (in tokens).

    ``warnings`` says in sentences why the losses may mislead. ``val_in_train`` is the share of the
    validation split that also occurs in the training split; None if it was not measured.
    """

    run: str
    recipe: str
    preset: str
    n_parameters: Count
    n_vocab: Count
    n_targets: dict[SplitName, Count]
    steps_planned: Count
    warnings: list[str] = []
    val_in_train: float | None = None


class WorkerStarted(_Event, frozen=True, kw_only=True):
    """A worker process opened the run; ``step`` is the step from which training continues."""

    pid: Count
    step: Count
    device: str
    threads: Count
    versions: dict[str, str]


class Resumed(_Event, frozen=True, kw_only=True):
    """Training was resumed from a checkpoint: the events from ``superseded_from`` to
    ``superseded_to`` (sequence numbers, inclusive) are no longer valid.

    ``scheduled`` lists every change that is not applied yet; None in old logs. The steps up to
    ``repeats_to`` were logged before the interruption and are repeated unchanged. ``note`` says in a
    sentence what is unusual, such as a damaged checkpoint that was not used.
    """

    step: Count
    superseded_from: Count
    superseded_to: Count
    scheduled: list[ScheduledChange] | None = None
    repeats_to: Count = 0
    note: str = ""


class StepsDone(_Event, frozen=True, kw_only=True):
    """Consecutive training steps: the loss of each batch before its update, from ``first_step``.

    ``learning_rate`` is that of the last step; ``train_s`` and ``cpu_s`` are seconds spent in steps
    since the start of the run, ``n_tokens`` the number of targets since then.
    """

    first_step: Count
    losses: Annotated[list[float], Meta(min_length=1)]
    learning_rate: Amount
    train_s: Amount
    cpu_s: Amount
    n_tokens: Count

    @property
    def last_step(self) -> int:
        """The number of the last of these steps."""
        return self.first_step + len(self.losses) - 1


class Evaluated(_Event, frozen=True, kw_only=True):
    """The loss on a split after ``step`` steps, over ``n_tokens`` targets.

    ``protocol`` describes the evaluation in words; ``best`` is True for a new lowest validation loss.
    """

    step: Count
    split: SplitName
    loss: float
    n_tokens: Count
    protocol: str
    best: bool = False


class ChangeScheduled(_Event, frozen=True, kw_only=True):
    """A change of a live setting was requested after ``step`` steps, for a later step.

    ``ValueChanged`` reports its effect. Without this event the request would be lost with the worker.
    """

    step: Count
    change: Change
    command_id: str | None = None


class ValueChanged(_Event, frozen=True, kw_only=True):
    """A live setting changed after ``step`` steps; ``command_id`` is None for a scheduled change."""

    step: Count
    key: str
    old: Any
    new: Any
    command_id: str | None = None


class Paused(_Event, frozen=True, kw_only=True):
    """Training was paused after ``step`` steps."""

    step: Count
    command_id: str | None = None


class Continued(_Event, frozen=True, kw_only=True):
    """Training continued after ``step`` steps, for ``n_steps`` steps or, if None, to the end."""

    step: Count
    n_steps: Count | None = None
    command_id: str | None = None


class Sampled(_Event, frozen=True, kw_only=True):
    """A sample with a fixed seed from the weights of ``step``, to compare steps.

    ``text`` is the decoded text; None in old logs, where the tokens are joined instead.
    """

    step: Count
    tokens: list[str]
    surprisal: list[float]
    text: str | None = None


class WeightsKept(_Event, frozen=True, kw_only=True):
    """The weights of ``step`` were saved for later inspection; ``kept`` lists all steps with saved
    weights, in order.
    """

    step: Count
    kept: list[Count]


class CheckpointSaved(_Event, frozen=True, kw_only=True):
    """A checkpoint of ``step`` was saved in ``seconds`` seconds; training can resume from it."""

    step: Count
    seconds: Amount
    n_bytes: Count


class Ended(_Event, frozen=True, kw_only=True):
    """Training ended: finished (every step done), stopped, diverged (the loss is not finite, or
    higher than at the start) or failed. ``message`` explains the last two; ``command_id`` is the
    command that stopped it; ``best_counts`` is the validation loss of the best n-gram counts, if
    the corpus is a user's own text.
    """

    step: Count
    status: Literal["finished", "stopped", "diverged", "failed"]
    message: str = ""
    command_id: str | None = None
    best_counts: float | None = None


Event: TypeAlias = (
    RunCreated
    | WorkerStarted
    | Resumed
    | StepsDone
    | Evaluated
    | ChangeScheduled
    | ValueChanged
    | Paused
    | Continued
    | Sampled
    | WeightsKept
    | CheckpointSaved
    | Ended
)

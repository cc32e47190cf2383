"""What happened in a run: the lines of ``events.jsonl``, in the order in which they happened.

An event is a fact. It is logged once, every screen sees it, and everything a screen shows of a run is
folded from events. Losses are nats per token.
"""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

VERSION = 1
SplitName: TypeAlias = Literal["train", "val", "test"]


class _Event(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """``seq`` numbers the lines of a log from 1; ``t`` is the time of writing, in Unix seconds."""

    v: int = VERSION
    seq: int = 0
    t: float = 0.0


class RunCreated(_Event, frozen=True, kw_only=True):
    """A run began: its name, its recipe, and the size of its model and data (in tokens)."""

    run: str
    recipe: str
    preset: str
    n_parameters: int
    n_vocab: int
    n_targets: dict[SplitName, int]
    steps_planned: int


class WorkerStarted(_Event, frozen=True, kw_only=True):
    """A worker process took the run; ``step`` is where it goes on from."""

    pid: int
    step: int
    device: str
    threads: int
    versions: dict[str, str]


class Resumed(_Event, frozen=True, kw_only=True):
    """Training went back to a checkpoint: the events from ``superseded_from`` to ``superseded_to``
    (sequence numbers, both included) no longer count.
    """

    step: int
    superseded_from: int
    superseded_to: int


class StepsDone(_Event, frozen=True, kw_only=True):
    """Consecutive steps: the loss of each batch before its update, float32, from ``first_step`` on.

    ``learning_rate`` is the one of the last step; ``train_s`` and ``cpu_s`` are seconds inside steps
    since the run began, ``n_tokens`` the targets seen since then.
    """

    first_step: int
    losses: list[float]
    learning_rate: float
    train_s: float
    cpu_s: float
    n_tokens: int

    @property
    def last_step(self) -> int:
        """The number of the last of these steps."""
        return self.first_step + len(self.losses) - 1


class Evaluated(_Event, frozen=True, kw_only=True):
    """The loss on a split after ``step`` steps, over ``n_tokens`` targets.

    ``protocol`` says how it was scored, in words; ``best`` whether no validation before was lower.
    """

    step: int
    split: SplitName
    loss: float
    n_tokens: int
    protocol: str
    best: bool = False


class ValueChanged(_Event, frozen=True, kw_only=True):
    """A live value took force after ``step`` steps; ``command_id`` is None for a planned change."""

    step: int
    key: str
    old: Any
    new: Any
    command_id: str | None = None


class Paused(_Event, frozen=True, kw_only=True):
    """Training waits after ``step`` steps."""

    step: int
    command_id: str | None = None


class Continued(_Event, frozen=True, kw_only=True):
    """Training goes on after ``step`` steps; ``n_steps`` is how many, or None for all."""

    step: int
    n_steps: int | None = None
    command_id: str | None = None


class Sampled(_Event, frozen=True, kw_only=True):
    """The same draw as always, made with the weights of ``step``: one name growing up.

    ``text`` is what the tokens make; None in logs that do not tell it, where they stand side by side.
    """

    step: int
    tokens: list[str]
    surprisal: list[float]
    text: str | None = None


class WeightsKept(_Event, frozen=True, kw_only=True):
    """The weights of ``step`` are kept to be looked at later; ``kept`` are all the steps of which
    they are now, in order.
    """

    step: int
    kept: list[int]


class CheckpointSaved(_Event, frozen=True, kw_only=True):
    """Everything needed to go on from ``step`` is on disk; it took ``seconds``."""

    step: int
    seconds: float
    n_bytes: int


class Ended(_Event, frozen=True, kw_only=True):
    """Training ended: finished (every step done), stopped, diverged (the loss is not finite) or
    failed. ``message`` is what to tell a person of the last two, ``command_id`` who stopped it.
    """

    step: int
    status: Literal["finished", "stopped", "diverged", "failed"]
    message: str = ""
    command_id: str | None = None


Event: TypeAlias = (
    RunCreated
    | WorkerStarted
    | Resumed
    | StepsDone
    | Evaluated
    | ValueChanged
    | Paused
    | Continued
    | Sampled
    | WeightsKept
    | CheckpointSaved
    | Ended
)

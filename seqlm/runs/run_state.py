"""State of a run after the events of its log, without the series that only a screen draws."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:  # not needed for the first frame
    from seqlm.protocol.events import ScheduledChange, SplitName

Status: TypeAlias = Literal[
    "untrained",
    "reading",
    "starting",
    "training",
    "paused",
    "finished",
    "stopped",
    "diverged",
    "failed",
    "died",
]
LIVE: tuple[Status, ...] = ("starting", "training", "paused")
ENDED: tuple[Status, ...] = ("finished", "stopped", "diverged", "failed")

_WITHOUT_EFFECT = frozenset(("train.steps", "train.patience", "train.pace", "train.evaluate_every"))


class LossPoint(NamedTuple):
    """A loss in nats per token and the step at which it was measured."""

    step: int
    loss: float


class AppliedChange(Struct, frozen=True):
    """A live setting that changed during training.

    Attributes:
        step: Steps done when the change took effect.
        key: The dotted key of the setting.
        old: Its value before.
        new: Its value from this step on.
        before: The last validation loss before the change.
        after: The first validation loss after the change.
        is_planned: True if the recipe scheduled the change; False for a change during the run.
    """

    step: int
    key: str
    old: Any
    new: Any
    before: LossPoint | None = None
    after: LossPoint | None = None
    is_planned: bool = False

    @property
    def can_have_effect(self) -> bool:
        """True if the setting influences the loss; pace and validation interval do not."""
        return self.key not in _WITHOUT_EFFECT


class CoreRunState(Struct, frozen=True):
    """The state of a run that the command line, the list of runs and the screen share.

    Losses are nats per token.

    Attributes:
        run: The name of the run; empty before ``RunCreated``.
        recipe: The recipe that the run was started with.
        preset: The preset that the recipe is based on.
        n_parameters: Trainable parameters of the model.
        n_vocab: V, the size of the vocabulary.
        n_targets: Tokens to predict in each split.
        steps_planned: The step at which training ends.
        status: Status of the run.
        message: Explanation of the status, for a run that diverged, failed or ended early.
        warnings: Reasons why the losses may mislead, as sentences.
        val_in_train: Share of the validation split that also occurs in the training split; None if
            it was not measured.
        note: What is unusual about the last resume, as a sentence; empty if nothing is.
        step: Steps done.
        train_s: Seconds spent inside training steps.
        cpu_s: Processor seconds spent inside training steps.
        n_tokens: Targets trained on.
        batch_loss: The loss of the last batch, before its update.
        last_validation: The last validation loss.
        best: The lowest validation loss.
        checks_since_best: Validations since ``best``.
        split_losses: Losses of whole splits, measured with the weights after ``step``.
        sampled_splits: For each split of which only a part was evaluated, the rule that chose the part.
        learning_rate: The learning rate of the last step, after the schedule.
        values: Live settings that were changed, with their current values.
        changes: The changes in their order, each with its measured effect.
        n_changes: Number of changes.
        scheduled: Changes that were requested for a later step and are not applied yet.
        kept: The steps whose weights can be queried, in order.
        checkpoint_step: The step of the last checkpoint.
        best_counts: The validation loss of the best n-gram counts, measured for a user's own text.
        device: The device of the worker; empty before a worker started.
    """

    run: str = ""
    recipe: str = ""
    preset: str = ""
    n_parameters: int = 0
    n_vocab: int = 0
    n_targets: Mapping["SplitName", int] = {}
    steps_planned: int = 0
    status: Status = "untrained"
    message: str = ""
    warnings: tuple[str, ...] = ()
    val_in_train: float | None = None
    note: str = ""
    step: int = 0
    train_s: float = 0.0
    cpu_s: float = 0.0
    n_tokens: int = 0
    batch_loss: float | None = None
    last_validation: LossPoint | None = None
    best: LossPoint | None = None
    checks_since_best: int = 0
    split_losses: Mapping["SplitName", float] = {}
    sampled_splits: Mapping["SplitName", str] = {}
    learning_rate: float | None = None
    values: Mapping[str, Any] = {}
    changes: tuple[AppliedChange, ...] = ()
    n_changes: int = 0
    scheduled: tuple["ScheduledChange", ...] = ()
    kept: tuple[int, ...] = ()
    checkpoint_step: int | None = None
    best_counts: float | None = None
    device: str = ""

    @property
    def is_live(self) -> bool:
        """True if a worker trains the run or has paused it."""
        return self.status in LIVE

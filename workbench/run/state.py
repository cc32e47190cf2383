"""What there is to know about a run. Everything a screen draws of it is read from one RunState."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from workbench.run.loss_series import LossSeries
from workbench.run.progress_series import ProgressSeries

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.events import SplitName
    from seqlm.runspec.baselines import JudgedOn

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
_LEAST_WATCHED_S = 1.0


_WITHOUT_EFFECT = frozenset(("train.steps", "train.patience", "train.pace", "train.evaluate_every"))


class LossPoint(NamedTuple):
    """A loss in nats per token and the step it belongs to."""

    step: int
    loss: float


class AppliedChange(Struct, frozen=True):
    """A live value that changed, with the validation loss before it and the first one after.

    ``is_planned``: by the recipe, not by hand.
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
        """Whether it is about learning; how often is looked and how fast is no cause of anything."""
        return self.key not in _WITHOUT_EFFECT


class RunState(Struct, frozen=True):
    """A run as its log tells it.

    Attributes:
        run: Its name; empty before there is a run.
        recipe: The line that gives the same run again.
        n_parameters: Trainable numbers in the model.
        n_vocab: V, the number of tokens.
        n_targets: Tokens to predict in each split.
        steps_planned: After how many steps it ends.
        status: What it does now.
        message: Words about the status, for a run that diverged, failed or died.
        step: Steps done.
        train: The loss of each step's batch, before its update.
        val: The validation losses.
        course: Seconds, tokens and the learning rate by step.
        train_last: The loss of the last batch.
        val_last: The last validation loss.
        best: The lowest validation loss.
        checks_since_best: Validations since then.
        final: Losses over whole splits, measured at the end.
        learning_rate: Of the last step, after the schedule.
        values: Live values that were changed, as they are now.
        changes: Every change with its measured effect, the latest 512.
        n_changes: How many there were.
        samples: The same draw at different steps, as text.
        kept: The steps whose weights can be asked for, in order.
        checkpoint_step: From where training can go on.
        device: Where the steps are done.
        trained_s: Time spent training, by the clock on the wall.
        clock: (time, step) of the last few records while training, for the speed.
    """

    run: str = ""
    recipe: str = ""
    n_parameters: int = 0
    n_vocab: int = 0
    n_targets: Mapping["SplitName", int] = {}
    steps_planned: int = 0
    status: Status = "untrained"
    message: str = ""
    step: int = 0
    train: LossSeries = LossSeries()
    val: LossSeries = LossSeries()
    course: ProgressSeries = ProgressSeries()
    train_last: float | None = None
    val_last: LossPoint | None = None
    best: LossPoint | None = None
    checks_since_best: int = 0
    final: Mapping["SplitName", float] = {}
    learning_rate: float | None = None
    values: Mapping[str, Any] = {}
    changes: tuple[AppliedChange, ...] = ()
    n_changes: int = 0
    samples: tuple[tuple[int, str], ...] = ()
    kept: tuple[int, ...] = ()
    checkpoint_step: int | None = None
    device: str = ""
    trained_s: float = 0.0
    clock: tuple[tuple[float, int], ...] = ()
    seen_t: float = 0.0

    @property
    def is_live(self) -> bool:
        """Whether a worker trains it or waits to."""
        return self.status in LIVE

    @property
    def train_recent(self) -> float | None:
        """The mean loss of the latest batches, as it is drawn; at the end that of the whole split."""
        if "train" in self.final:
            return self.final["train"]
        latest = self.train.growing[-2:]
        n = sum(found.n for found in latest)
        return sum(found.total for found in latest) / n if n else None

    def loss_of(self, what: "JudgedOn") -> float | None:
        """The latest loss of val, of the whole of train, or of a batch."""
        if what == "batch":
            return self.train_last
        return self.val_last and self.val_last.loss if what == "val" else self.final.get("train")

    @property
    def steps_per_s(self) -> float | None:
        """Steps a second over the last records, by the clock on the wall."""
        if len(self.clock) < 2 or self.clock[-1][0] <= self.clock[0][0]:
            return None
        (t0, step0), (t1, step1) = self.clock[0], self.clock[-1]
        return (step1 - step0) / (t1 - t0)

    @property
    def left_s(self) -> float | None:
        """Seconds to the planned end at this speed, once it was watched for a second."""
        speed = self.steps_per_s
        if speed and self.clock[-1][0] - self.clock[0][0] < _LEAST_WATCHED_S:
            return None
        return max(0, self.steps_planned - self.step) / speed if speed else None

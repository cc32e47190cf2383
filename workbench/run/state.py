"""State of a run on the screen: the state that the event log gives, and the series of its charts."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqlm.runs.run_state import CoreRunState
from workbench.run.loss_series import LossSeries, ProgressSeries

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.runspec.baselines import JudgedOn

_LEAST_WATCHED_S = 1.0


class RunState(CoreRunState, frozen=True):
    """The state of a run with the series that a screen draws.

    All text is sanitized, and the tuples are bounded: ``changes`` holds the latest 512 of
    ``n_changes``, ``kept`` the latest 32.

    Attributes:
        train: The loss of each batch, before its update, by step.
        val: The validation loss by step.
        progress: Seconds, tokens and the learning rate by step.
        samples: The sample with the fixed seed at different steps, as (step, text).
        trained_s: Wall-clock seconds spent training.
        resumed_at_s: ``trained_s`` when training was last resumed.
        clock: (time, step) of the latest records while training, for the speed.
        seen_t: The time of the last event, in Unix seconds.
        is_lost: Whether the folder of the run was deleted, moved or replaced.
    """

    train: LossSeries = LossSeries()
    val: LossSeries = LossSeries()
    progress: ProgressSeries = ProgressSeries()
    samples: tuple[tuple[int, str], ...] = ()
    trained_s: float = 0.0
    resumed_at_s: float = 0.0
    clock: tuple[tuple[float, int], ...] = ()
    seen_t: float = 0.0
    is_lost: bool = False

    @property
    def train_recent(self) -> float | None:
        """The mean loss of the latest batches, as the chart shows it; at the end of the whole split."""
        if "train" in self.split_losses:
            return self.split_losses["train"]
        latest = self.train.growing[-2:]
        n = sum(found.n for found in latest)
        return sum(found.total for found in latest) / n if n else None

    def loss_of(self, what: "JudgedOn") -> float | None:
        """Return the last loss on val, on the whole of train, or of a batch."""
        if what == "batch":
            return self.batch_loss
        if what == "val":
            return self.last_validation and self.last_validation.loss
        return self.split_losses.get("train")

    @property
    def steps_per_s(self) -> float | None:
        """Steps per wall-clock second over the latest records."""
        if len(self.clock) < 2 or self.clock[-1][0] <= self.clock[0][0]:
            return None
        (t0, step0), (t1, step1) = self.clock[0], self.clock[-1]
        return (step1 - step0) / (t1 - t0)

    @property
    def left_s(self) -> float | None:
        """Seconds to the planned end at this speed, once the speed was measured for a second."""
        speed = self.steps_per_s
        if speed and self.clock[-1][0] - self.clock[0][0] < _LEAST_WATCHED_S:
            return None
        return max(0, self.steps_planned - self.step) / speed if speed else None


def next_kept_step(kept: Sequence[int], viewed_step: int | None, by: int) -> int | None:
    """Return the kept step ``by`` places later; None, the live model, follows the last one.

    Args:
        kept: Steps whose weights can be queried, in order.
        viewed_step: The step that is viewed now; None for the live model.
        by: How many kept steps later; negative for earlier.
    """
    here = len(kept) if viewed_step is None else max(0, bisect_right(kept, viewed_step) - 1)
    there = max(0, here + by)
    return kept[there] if there < len(kept) else None


def nearest_kept_step(kept: Sequence[int], step: int) -> int | None:
    """Return the kept step nearest to ``step``, the earlier of two; None where none is kept."""
    return min(kept, key=lambda one: abs(one - step), default=None)

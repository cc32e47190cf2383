"""The training of one run, told as events."""

import math
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.data.batches import Batches
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split
from seqlm.models.registry import build
from seqlm.protocol.codec import float32_digits
from seqlm.protocol.events import Ended, Evaluated, Event, StepsDone, ValueChanged
from seqlm.training.device import choose_device
from seqlm.training.evaluate import EvalResult, SplitEvaluator
from seqlm.training.live_settings import LiveSettingsSchedule
from seqlm.training.schedule import lr_multiplier
from seqlm.training.train_step import make_train_step
from seqlm.training.trainer_state import TrainerState

_STEPS_PER_EVENT_S = 0.05
_PLAN_AFTER_S = 2.0


class BestCheckpoint:
    """Weights with the lowest validation loss so far, and the counter of early stopping.

    Attributes:
        loss: Lowest validation loss, nats per token; infinite before the first validation.
        step: Step of the weights.
        weights: A copy of the weights, or None.
        n_checks_since: Number of validations since then, none of which had a lower loss.
    """

    def __init__(self) -> None:
        self.loss, self.step, self.n_checks_since = math.inf, 0, 0
        self.weights: dict[str, Tensor] | None = None

    def update(self, loss: float, step: int, weights: dict[str, Tensor]) -> bool:
        """Record a validation; copy the weights if its loss is lower than all before.

        An equal loss is no improvement: the earlier weights stay and the counter grows.

        Returns:
            True if the loss is lower than all before.
        """
        if not loss < self.loss:
            self.n_checks_since += 1
            return False
        self.loss, self.step, self.n_checks_since = loss, step, 0
        self.weights = {name: part.detach().clone() for name, part in weights.items()}
        return True

    def has_exceeded(self, patience: int | None) -> bool:
        """Return True after ``patience`` validations without improvement; never if it is None."""
        return patience is not None and self.n_checks_since >= patience

    def restore(self, state: TrainerState, weights: dict[str, Tensor] | None) -> None:
        """Continue from a checkpoint."""
        self.loss, self.step = state.best_loss, state.best_step
        self.n_checks_since, self.weights = state.n_checks_since_best, weights


class Trainer:
    """Trains one model. Iterate :meth:`run`; it gives an event, or None as a chance to do other things.

    Nothing done between two iterations changes the training, unless it is a change of ``live``. The
    clock decides only how the events are grouped, never what is computed.

    Args:
        config: The run's configuration.
        text: Its prepared corpus.

    Attributes:
        step: Steps done.
        live: The values that may change on the way, and the changes to come.
        model: The model as it is now.
        best: The weights with the lowest validation loss so far.
        evaluation_due: Whether the validation that the last step brought is not over.
    """

    def __init__(self, config: RunConfig, text: PreparedText) -> None:
        self.config, self.text, self._train = config, text, config.planned.train
        torch.set_num_threads(self._train.threads)
        self.model = build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
        self.device = choose_device(self._train.device, self.n_parameters)
        self._learner = make_train_step(config, text, self.model, self.device)
        self._check = _scorer(config, text, "val", self.device)
        self.step = 0
        self.live = LiveSettingsSchedule(config.planned)
        self._budget_fixed = False
        self.evaluation_due = False
        self._evaluated_step = 0
        self.best = BestCheckpoint()
        self._losses: list[Tensor] = []
        self._diverged_loss: float | None = None
        self._flushed_at = time.perf_counter()
        self._train_s, self._n_tokens = 0.0, 0
        self._cpu_before_s = -time.process_time()

    @property
    def n_parameters(self) -> int:
        """Trainable numbers in the model (a table of counts has none)."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def batches(self) -> Batches | None:
        """What it trains on, step by step; None where it counts."""
        return self._learner.batches

    @property
    def learning_rate(self) -> float:
        """What the schedule makes of the learning rate for the last step done."""
        return self._learning_rate_of(max(self.step - 1, 0))

    def _learning_rate_of(self, step: int) -> float:
        scale = lr_multiplier(self._train, step, self.live.current.steps)
        return float(self.live.current.learning_rate) * scale

    @property
    def should_stop_early(self) -> bool:
        """Whether so many validations brought no new best that training ends before its last step."""
        is_before_end = self.step < self.live.current.steps
        return is_before_end and self.best.has_exceeded(self.live.current.patience)

    @property
    def _goes_on(self) -> bool:
        return self.step < self.live.current.steps and not self.should_stop_early

    def run(self) -> Iterator[Event | None]:
        """Train to the end; the last event is ``Ended``."""
        yield from self._due_evaluation()  # a checkpoint may have been taken before it was over
        yield from self.due_changes()
        while self._goes_on and self._diverged_loss is None:
            self._do_step()
            if time.perf_counter() - self._flushed_at >= _STEPS_PER_EVENT_S:
                yield from self.flush()
            yield from self._due_evaluation()
            yield None
            yield from self.due_changes()
        yield from self._finish()

    def flush(self) -> Iterator[Event]:
        """The steps done since the last flush, as one event."""
        self._flushed_at = time.perf_counter()
        if not self._losses:
            return
        losses = torch.stack(self._losses).tolist()
        self._losses = []
        first_step = self.step - len(losses) + 1
        finite = [math.isfinite(loss) for loss in losses]
        if not all(finite):  # nothing after the first loss that is no number is of use
            losses = losses[: finite.index(False) + 1]
            self.step = first_step + len(losses) - 1
            self._diverged_loss = losses[-1]
        yield StepsDone(
            first_step=first_step,
            losses=float32_digits(losses),
            learning_rate=self.learning_rate,
            train_s=round(self._train_s, 4),
            cpu_s=round(self._cpu_before_s + time.process_time(), 4),
            n_tokens=self._n_tokens,
        )

    def _do_step(self) -> None:
        learning_rate = self._learning_rate_of(self.step)
        began = time.perf_counter()
        loss, n_targets = self._learner.step(self.step, self.live.current, learning_rate)
        self._train_s += time.perf_counter() - began
        self._losses.append(loss)
        self._n_tokens += n_targets
        self.step += 1
        self.evaluation_due = self.step % self.live.current.evaluate_every == 0

    def due_changes(self) -> Iterator[Event]:
        """Let the changes take force whose step has come; after a loss that is no number, none."""
        self._fix_budget()
        while self.live.is_due(self.step):
            yield from self.flush()
            if self._diverged_loss is not None:
                return
            (change, command_id), old = self.live.apply_next()
            self._budget_fixed |= change.key == "train.steps"
            yield ValueChanged(
                step=self.step, key=change.key, old=old, new=change.value, command_id=command_id
            )

    def _fix_budget(self) -> None:
        """Turn seconds into a number of steps, once. The clock is never asked again after that.

        A number of steps that waits already may be the one found before an interruption: it holds.
        """
        seconds = self._train.seconds
        if seconds is None or self._budget_fixed or self._train_s < min(_PLAN_AFTER_S, seconds):
            return
        if not self.live.has_change_of("train.steps"):
            most = dotted_keys.find(self.config, "train.steps").maximum or math.inf
            n_steps = int(min(max(self.step, round(self.step * seconds / self._train_s)), most))
            self.live.add(Change(key="train.steps", value=n_steps, step=self.step), None)

    @property
    def has_diverged(self) -> bool:
        """Whether a loss that was told is no number."""
        return self._diverged_loss is not None

    def diverged_end(self) -> Ended | None:
        """How the training ends if its loss is no number any more; None while it is one."""
        if self._diverged_loss is None:
            return None
        word = "NaN" if math.isnan(self._diverged_loss) else "infinite"
        rate = dotted_keys.find(self.config, "train.learning_rate").show(self.learning_rate)
        return Ended(
            step=self.step,
            status="diverged",
            message=f"the loss became {word} at step {self.step:,}: steps too big"
            f" (learning rate {rate})",
        )

    def _due_evaluation(self) -> Iterator[Event | None]:
        if self.evaluation_due:
            yield from self.flush()
            if self._diverged_loss is None:
                yield from self._evaluate(self._check)

    def _finish(self) -> Iterator[Event | None]:
        """The last validation, then the loss on the training split, as the result of the run."""
        yield from self.flush()
        if (ended := self.diverged_end()) is not None:
            yield ended
            return
        if self._evaluated_step != self.step:
            yield from self._evaluate(self._check)
        yield from self._evaluate(_scorer(self.config, self.text, "train", self.device))
        if self._goes_on:  # more steps were asked for meanwhile
            yield from self.run()
        else:
            yield Ended(step=self.step, status="finished", message=self._why_early())

    def _why_early(self) -> str:
        if not self.should_stop_early:
            return ""
        n = self.best.n_checks_since
        return (
            f"ended early: {n:,} validation{'s' if n > 1 else ''} without a new best;"
            f" the best is of step {self.best.step:,}"
        )

    def _evaluate(self, scorer: SplitEvaluator | None) -> Iterator[Event | None]:
        score = EvalResult()
        for score in scorer.run(self.model) if scorer is not None else ():
            yield None
        self._evaluated_step, self.evaluation_due = self.step, False
        if scorer is None:
            return
        is_check = scorer is self._check
        best = is_check and self.best.update(score.loss, self.step, self.weights())
        yield Evaluated(
            step=self.step,
            split=scorer.split,
            loss=score.loss,
            n_tokens=score.n_tokens,
            protocol=scorer.protocol,
            best=best,
        )

    def weights(self) -> dict[str, Tensor]:
        """The model's numbers by name; not copies."""
        return dict(self.model.state_dict())

    def tensors(self) -> dict[str, Tensor]:
        """What must be kept beside the weights to go on bit for bit. Flush first."""
        return self._learner.tensors()

    def position(self) -> TrainerState:
        """Where the training stands. Flush first."""
        return TrainerState(
            step=self.step,
            values=self.live.current.by_key(),
            waiting=list(self.live.scheduled),
            budget_fixed=self._budget_fixed,
            evaluation_due=self.evaluation_due,
            evaluated_step=self._evaluated_step,
            best_loss=self.best.loss,
            best_step=self.best.step,
            n_checks_since_best=self.best.n_checks_since,
            train_s=self._train_s,
            cpu_s=self._cpu_before_s + time.process_time(),
            n_tokens=self._n_tokens,
        )

    def restore(
        self,
        position: TrainerState,
        weights: dict[str, Tensor],
        tensors: dict[str, Tensor],
        best_weights: dict[str, Tensor] | None,
    ) -> None:
        """Stand where a checkpoint was taken."""
        self.model.load_state_dict(weights)
        self._learner.load(tensors)
        self.best.restore(position, best_weights)
        self.live.restore(position.values, position.waiting)
        self.step = position.step
        self._budget_fixed = position.budget_fixed
        self.evaluation_due = position.evaluation_due
        self._evaluated_step = position.evaluated_step
        self._train_s, self._n_tokens = position.train_s, position.n_tokens
        self._cpu_before_s = position.cpu_s - time.process_time()


def _scorer(
    config: RunConfig, text: PreparedText, split: Split, device: torch.device
) -> SplitEvaluator | None:
    if text.n_targets(split) <= 0:
        return None
    return SplitEvaluator(text, split, device, config.model.max_tokens)

"""Trainer of one run, which reports its progress as events."""

import math
import time
from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.data.baselines import count_losses
from seqlm.data.batches import Batches
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split
from seqlm.models.registry import build
from seqlm.protocol.codec import float32_digits
from seqlm.protocol.events import Ended, Evaluated, Event, StepsDone, ValueChanged
from seqlm.training.device import choose_device
from seqlm.training.evaluate import EvalResult, SplitEvaluator
from seqlm.training.live_settings import LiveSettingsSchedule
from seqlm.training.memory import raise_if_training_too_large
from seqlm.training.schedule import lr_multiplier
from seqlm.training.train_step import make_train_step
from seqlm.training.trainer_state import TrainerState

_STEPS_PER_EVENT_S = 0.05
_PLAN_AFTER_S = 2.0
_DIVERGED_BY = 0.1  # nats above uniform probabilities and above the start


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
    """Trainer of one model.

    Iterating :meth:`run` trains. It yields events, and None in between so that the caller can do other
    work. Nothing done between two iterations changes the training, except changes of ``live``. The
    clock decides only how events are grouped, never what is computed.

    Args:
        config: The run's configuration.
        text: The prepared corpus.

    Attributes:
        step: Steps done.
        live: Current live settings and scheduled changes.
        model: The model with its current weights.
        device: Device of the model.
        best: Weights with the lowest validation loss so far.
        is_evaluation_due: True while the validation of the last step is not complete.
    """

    def __init__(self, config: RunConfig, text: PreparedText) -> None:
        self.config, self.text, self._train = config, text, config.planned.train
        torch.set_num_threads(self._train.threads)
        raise_if_training_too_large(config.planned, text)
        self.model = build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
        self.device = choose_device(self._train.device, self.n_parameters)
        self._train_step = make_train_step(config, text, self.model, self.device)
        self._val_evaluator = _make_evaluator(config, text, "val", self.device)
        self.step = 0
        self.live = LiveSettingsSchedule(config.planned)
        self._is_budget_fixed = False
        self.is_evaluation_due = False
        self._evaluated_step = 0
        self._first_loss: float | None = None
        self.best = BestCheckpoint()
        self._losses: list[Tensor] = []
        self._diverged_loss: float | None = None
        self._flushed_at = time.perf_counter()
        self._train_s, self._n_tokens = 0.0, 0
        self._cpu_before_s = -time.process_time()

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters (0 for a table of counts)."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def batches(self) -> Batches | None:
        """Batches of the steps; None for a count-based model."""
        return self._train_step.batches

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step done, after the schedule."""
        return self._learning_rate_at(max(self.step - 1, 0))

    def _learning_rate_at(self, step: int) -> float:
        multiplier = lr_multiplier(self._train, step, self.live.current.steps)
        return float(self.live.current.learning_rate) * multiplier

    @property
    def should_stop_early(self) -> bool:
        """True if early stopping ends the training before its last step."""
        is_before_end = self.step < self.live.current.steps
        return is_before_end and self.best.has_exceeded(self.live.current.patience)

    @property
    def _is_unfinished(self) -> bool:
        return self.step < self.live.current.steps and not self.should_stop_early

    def run(self) -> Iterator[Event | None]:
        """Train to the end; the last event is ``Ended``."""
        yield from self._due_evaluation()  # the checkpoint may precede the end of the validation
        yield from self.apply_due_changes()
        while self._is_unfinished and self._diverged_loss is None:
            self._do_step()
            if time.perf_counter() - self._flushed_at >= _STEPS_PER_EVENT_S:
                yield from self.flush()
            yield from self._due_evaluation()
            yield None
            yield from self.apply_due_changes()
        yield from self._finish()

    def flush(self) -> Iterator[Event]:
        """Report the steps done since the last flush as one event."""
        self._flushed_at = time.perf_counter()
        if not self._losses:
            return
        losses = torch.stack(self._losses).tolist()
        self._losses = []
        first_step = self.step - len(losses) + 1
        finite = [math.isfinite(loss) for loss in losses]
        if not all(finite):  # discard all steps after the first NaN or infinite loss
            losses = losses[: finite.index(False) + 1]
            self.step = first_step + len(losses) - 1
            self._diverged_loss = losses[-1]
        if self._first_loss is None:
            self._first_loss = losses[0]
        yield StepsDone(
            first_step=first_step,
            losses=float32_digits(losses),
            learning_rate=self.learning_rate,
            train_s=round(self._train_s, 4),
            cpu_s=round(self._cpu_before_s + time.process_time(), 4),
            n_tokens=self._n_tokens,
        )

    def _do_step(self) -> None:
        learning_rate = self._learning_rate_at(self.step)
        start = time.perf_counter()
        loss, n_targets = self._train_step.step(self.step, self.live.current, learning_rate)
        self._train_s += time.perf_counter() - start
        self._losses.append(loss)
        self._n_tokens += n_targets
        self.step += 1
        self.is_evaluation_due = self.step % self.live.current.evaluate_every == 0

    def apply_due_changes(self) -> Iterator[Event]:
        """Apply the scheduled changes whose step is reached; none once the loss has diverged."""
        self._convert_seconds_to_steps()
        while self.live.is_due(self.step):
            yield from self.flush()
            if self._diverged_loss is not None:
                return
            (change, command_id), old = self.live.apply_next()
            self._is_budget_fixed |= change.key == "train.steps"
            yield ValueChanged(
                step=self.step, key=change.key, old=old, new=change.value, command_id=command_id
            )

    def _convert_seconds_to_steps(self) -> None:
        """Convert ``train.seconds`` to a number of steps, once; the clock is not used after that.

        A scheduled change of the steps is kept: it may be the result of before an interruption.
        """
        seconds = self._train.seconds
        if seconds is None or self._is_budget_fixed or self._train_s < min(_PLAN_AFTER_S, seconds):
            return
        if not self.live.has_change_of("train.steps"):
            maximum = dotted_keys.find(self.config, "train.steps").maximum or math.inf
            n_steps = int(min(max(self.step, round(self.step * seconds / self._train_s)), maximum))
            self.live.add(Change(key="train.steps", value=n_steps, step=self.step), None)

    @property
    def has_diverged(self) -> bool:
        """True if a reported loss is NaN or infinite."""
        return self._diverged_loss is not None

    def diverged_event(self) -> Ended | None:
        """Return the final event of a training whose loss is NaN or infinite, else None."""
        if self._diverged_loss is None:
            return None
        loss = "NaN" if math.isnan(self._diverged_loss) else "infinite"
        rate = dotted_keys.find(self.config, "train.learning_rate").format_rounded(
            self.learning_rate
        )
        return Ended(
            step=self.step,
            status="diverged",
            message=f"the loss became {loss} at step {self.step:,}: learning rate too high ({rate})",
        )

    def _due_evaluation(self) -> Iterator[Event | None]:
        if self.is_evaluation_due:
            yield from self.flush()
            if self._diverged_loss is None:
                yield from self._evaluate(self._val_evaluator)

    def _finish(self) -> Iterator[Event | None]:
        """Evaluate the validation split and then the training split, and report the end."""
        yield from self.flush()
        if (ended := self.diverged_event()) is not None:
            yield ended
            return
        if self._evaluated_step != self.step:
            yield from self._evaluate(self._val_evaluator)
        evaluator = _make_evaluator(self.config, self.text, "train", self.device)
        train_loss = yield from self._evaluate(evaluator)
        if self._is_unfinished:  # train.steps was increased during the evaluation
            yield from self.run()
            return
        if (reason := self._explain_divergence(train_loss)) is not None:
            yield Ended(step=self.step, status="diverged", message=reason)
            return
        best_counts = yield from self._count_baseline()
        message = self._early_stopping_message()
        yield Ended(step=self.step, status="finished", message=message, best_counts=best_counts)

    def _explain_divergence(self, train_loss: float) -> str | None:
        """Return why a training with a finite loss has diverged; None if it has not.

        It has diverged if the loss of the training split is above that of uniform probabilities and
        above where it began; a bad initialization begins above uniform, but falls.
        """
        uniform = math.log(self.text.tokenizer.n_vocab)
        began = min(self._first_loss or math.inf, self.best.loss)
        if self._train.one_batch or not train_loss > max(uniform, began) + _DIVERGED_BY:
            return None
        rate = dotted_keys.find(self.config, "train.learning_rate")
        return (
            f"the training loss ended at {train_loss:.4g}, above uniform probabilities"
            f" ({uniform:.3f}): learning rate too high"
            f" ({rate.format(self.live.current.learning_rate)}); seqlm lr-find suggests one"
        )

    def _count_baseline(self) -> Generator[None, None, float | None]:
        """Return the validation loss of the best n-gram counts of a user's own text, else None."""
        is_own = self.config.data.corpus not in CORPORA
        if not is_own or self.config.model.learns_by_counting:
            return None
        loss = None
        for loss in count_losses(self.text):
            yield None
        return loss

    def _early_stopping_message(self) -> str:
        if not self.should_stop_early:
            return ""
        n = self.best.n_checks_since
        return (
            f"early stopping: {n:,} validation{'s' if n > 1 else ''} without improvement;"
            f" best at step {self.best.step:,}"
        )

    def _evaluate(self, evaluator: SplitEvaluator | None) -> Generator[Event | None, None, float]:
        """Evaluate the weights and report the result; return the loss, NaN without a split."""
        result = EvalResult()
        for result in evaluator.run(self.model) if evaluator is not None else ():
            yield None
        self._evaluated_step, self.is_evaluation_due = self.step, False
        if evaluator is None:
            return math.nan
        is_validation = evaluator is self._val_evaluator
        best = is_validation and self.best.update(result.loss, self.step, self.weights())
        yield Evaluated(
            step=self.step,
            split=evaluator.split,
            loss=result.loss,
            n_tokens=result.n_tokens,
            protocol=evaluator.protocol,
            best=best,
        )
        return result.loss

    def weights(self) -> dict[str, Tensor]:
        """Return the model's weights by name, without copying them."""
        return dict(self.model.state_dict())

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that a checkpoint needs beside the model's weights. Flush first."""
        return self._train_step.tensors()

    def state(self) -> TrainerState:
        """Return the state that a checkpoint stores as plain values. Flush first."""
        return TrainerState(
            step=self.step,
            values=self.live.current.by_key(),
            waiting=list(self.live.scheduled),
            budget_fixed=self._is_budget_fixed,
            evaluation_due=self.is_evaluation_due,
            evaluated_step=self._evaluated_step,
            best_loss=self.best.loss,
            best_step=self.best.step,
            n_checks_since_best=self.best.n_checks_since,
            train_s=self._train_s,
            cpu_s=self._cpu_before_s + time.process_time(),
            n_tokens=self._n_tokens,
            first_loss=self._first_loss,
        )

    def restore(
        self,
        state: TrainerState,
        weights: dict[str, Tensor],
        tensors: dict[str, Tensor],
        best_weights: dict[str, Tensor] | None,
    ) -> None:
        """Continue from a checkpoint.

        Args:
            state: Plain values of the checkpoint.
            weights: Weights of the model.
            tensors: Tensors that :meth:`tensors` returned.
            best_weights: Weights with the lowest validation loss, if they are saved.
        """
        self.model.load_state_dict(weights)
        self._train_step.load(tensors)
        self.best.restore(state, best_weights)
        self.live.restore(state.values, state.waiting)
        self.step = state.step
        self._is_budget_fixed = state.budget_fixed
        self.is_evaluation_due = state.evaluation_due
        self._evaluated_step = state.evaluated_step
        self._train_s, self._n_tokens = state.train_s, state.n_tokens
        self._first_loss = state.first_loss
        self._cpu_before_s = state.cpu_s - time.process_time()


def _make_evaluator(
    config: RunConfig, text: PreparedText, split: Split, device: torch.device
) -> SplitEvaluator | None:
    if text.n_targets(split) <= 0:
        return None
    return SplitEvaluator(text, split, device, config.model.max_tokens)

import itertools
import math
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import torch
from msgspec.structs import replace

from seqlm.configuration.model_configs import ElmanConfig, LstmConfig, MlpConfig, NgramConfig
from seqlm.configuration.run_config import Change, RunConfig, TrainConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.generation.generator import Generator
from seqlm.protocol import codec
from seqlm.protocol.events import Ended, Evaluated, Event, StepsDone, ValueChanged
from seqlm.training import trainer as trainer_module
from seqlm.training.evaluate import EvalResult, SplitEvaluator
from seqlm.training.trainer import BestCheckpoint, Trainer
from seqlm.training.trainer_state import TrainerState

ADAMW: dict[str, Any] = {
    "steps": 30,
    "batch": 8,
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "schedule": "one-cycle",
    "clip": 1.0,
    "weight_decay": 0.1,
    "evaluate_every": 10,
}
DECAY = (
    Change(key="train.learning_rate", value=0.003, step=12),
    Change(key="train.clip", value=0.5, step=20),
)
MLP = MlpConfig(context=3, embedding=4, hidden=8, dropout=0.2)
ELMAN = ElmanConfig(embedding=4, hidden=8, dropout=0.2)
LSTM = LstmConfig(embedding=4, hidden=8, layers=2, dropout=0.2)


def config_of(model: Any, **train: Any) -> RunConfig:
    return RunConfig(
        preset="names-mlp", model=model, train=TrainConfig(**ADAMW | train), seed=7, changes=DECAY
    )


NAMES = {
    "mlp": config_of(MLP),
    "mlp-sgd": config_of(MLP, optimizer="sgd", schedule="constant", order="replacement"),
    "elman": config_of(ELMAN, example="item"),
    "lstm": config_of(LSTM, example="item"),
    "mlp-momentum": config_of(MLP, optimizer="sgd", momentum=0.9, schedule="step", drop_at=0.4),
    "elman-adam": config_of(ELMAN, optimizer="adam", example="item", schedule="warm-up"),
    "mlp-all": config_of(MLP, batch=None, schedule="cosine", clip_by="value"),
    "lstm-one-batch": config_of(LSTM, example="item", one_batch=True),
}
STREAM = {
    "mlp-stream": config_of(MLP),
    "elman-carried": config_of(ELMAN, example="chunk", chunk=16),
    "lstm-carried": config_of(LSTM, example="chunk", chunk=16),
    "lstm-not-carried": config_of(LSTM, example="chunk", chunk=16, carry_state=False),
}
EVERY = NAMES | STREAM
every_training = pytest.mark.parametrize("name", EVERY)


@pytest.fixture
def make(names: PreparedText, stream: PreparedText) -> Any:
    def trainer_of(config: RunConfig | str) -> Trainer:
        text = stream if isinstance(config, str) and config in STREAM else names
        return Trainer(EVERY[config] if isinstance(config, str) else config, text)

    return trainer_of


def without_pauses(events: Iterator[Event | None]) -> list[Event]:
    return [event for event in events if event is not None]


def losses_of(events: list[Event]) -> list[float]:
    return [loss for event in events if isinstance(event, StepsDone) for loss in event.losses]


def without_clock(events: list[Event]) -> list[Any]:
    """Return the events of a training except those that report steps, which depend on the clock."""
    return [event for event in events if not isinstance(event, StepsDone)]


def run_until(trainer: Trainer, step: int) -> list[Event]:
    """Return the events until ``step`` steps are done and evaluated."""
    events = []
    for event in trainer.run():
        if event is not None:
            events.append(event)
        elif trainer.step >= step and not trainer.is_evaluation_due:
            return [*events, *trainer.flush()]
    raise AssertionError("the training ended before that step")


def saved(trainer: Trainer) -> tuple[TrainerState, Any, Any, Any]:
    """Return what a checkpoint stores, with the state encoded and decoded."""
    state = codec.decode(codec.encode(trainer.state()), codec.decoder(TrainerState))
    weights = {key: part.clone() for key, part in trainer.weights().items()}
    tensors = {key: part.clone() for key, part in trainer.tensors().items()}
    return state, weights, tensors, trainer.best.weights


@every_training
@pytest.mark.parametrize("step", [1, 10, 12, 13, 29])
def test_resume_continues_bit_for_bit(make: Any, name: str, step: int) -> None:
    whole = without_pauses(make(name).run())
    first = make(name)
    before = run_until(first, step)
    checkpoint = saved(first)
    torch.manual_seed(999)  # another process has another generator state
    second = make(name)
    second.restore(*checkpoint)
    after = without_pauses(second.run())
    assert losses_of(before) + losses_of(after) == losses_of(whole)
    assert without_clock(before) + without_clock(after) == without_clock(whole)


@pytest.mark.parametrize("name", ["elman", "lstm-carried"])
def test_a_checkpoint_during_an_evaluation_repeats_the_evaluation(make: Any, name: str) -> None:
    whole = without_pauses(make(name).run())
    first = make(name)
    before = []
    for event in first.run():
        if event is not None:
            before.append(event)
        if first.is_evaluation_due:
            break
    checkpoint = saved(first)
    second = make(name)
    second.restore(*checkpoint)
    after = without_pauses(second.run())
    assert losses_of(before) + losses_of(after) == losses_of(whole)
    assert without_clock(before) + without_clock(after) == without_clock(whole)


def test_a_checkpoint_before_the_first_step_restores_the_start(make: Any) -> None:
    checkpoint = saved(make("lstm"))
    torch.manual_seed(999)
    again = make("lstm")
    again.restore(*checkpoint)
    assert losses_of(without_pauses(again.run())) == losses_of(without_pauses(make("lstm").run()))


@pytest.mark.parametrize("name", ["lstm", "elman-carried"])
def test_a_requested_change_is_reproducible_at_its_step(make: Any, name: str) -> None:
    by_hand = Change(key="train.learning_rate", value=0.02, step=0)
    first = make(name)
    before = run_until(first, 15)
    checkpoint = saved(first)
    first.live.add(replace(by_hand, step=15), "me")
    after = without_pauses(first.run())
    changed = next(event for event in after if isinstance(event, ValueChanged))
    assert (changed.step, changed.old, changed.new) == (15, 0.003, 0.02)
    assert changed.command_id == "me"

    second = make(name)
    second.restore(*checkpoint)
    second.live.add(replace(by_hand, step=changed.step), "me")
    assert losses_of(without_pauses(second.run())) == losses_of(after)

    whole = make(name)
    whole.live.add(replace(by_hand, step=changed.step), "me")
    events = without_pauses(whole.run())
    assert losses_of(events) == losses_of(before) + losses_of(after)


WITH_EARLY_STOPPING = replace(
    config_of(ELMAN, example="item", learning_rate=0.1, evaluate_every=2, patience=3, steps=100),
    changes=(),
)


def test_training_stops_early_after_patience_validations_without_improvement(make: Any) -> None:
    events = without_pauses(make(WITH_EARLY_STOPPING).run())
    checks = [e for e in events if isinstance(e, Evaluated) and e.split == "val"]
    assert [check.best for check in checks[-4:]] == [True, False, False, False]
    assert "False, False, False" not in str([check.best for check in checks[:-1]])
    assert len(losses_of(events)) < 100
    best = checks[-4].step
    assert events[-1] == Ended(
        step=best + 6,
        status="finished",
        message=f"early stopping: 3 validations without improvement; best at step {best}",
    )


def test_an_equal_validation_loss_is_no_improvement() -> None:
    best = BestCheckpoint()
    weights = {"weight": torch.zeros(1)}
    assert best.update(2.0, 10, weights)
    weights["weight"] += 1
    assert not best.update(2.0, 20, weights)
    assert (best.loss, best.step, best.n_checks_since) == (2.0, 10, 1)
    assert best.weights is not None
    assert float(best.weights["weight"]) == 0  # those of the first validation with this loss
    assert not best.has_exceeded(2)
    assert best.has_exceeded(1)
    assert not best.has_exceeded(None)
    assert not best.update(math.nan, 30, weights)
    assert best.has_exceeded(2)
    assert best.update(1.9, 40, weights)
    assert not best.has_exceeded(1)


def test_training_stops_early_when_the_validation_loss_stays_equal(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate_equally(*_: Any) -> Iterator[EvalResult]:
        yield EvalResult(nats=20.0, n_correct=1, n_tokens=10)

    monkeypatch.setattr(SplitEvaluator, "run", evaluate_equally)
    events = without_pauses(make(WITH_EARLY_STOPPING).run())
    checks = [e for e in events if isinstance(e, Evaluated) and e.split == "val"]
    assert [(check.step, check.best) for check in checks] == [
        (2, True),
        (4, False),
        (6, False),
        (8, False),
    ]
    assert (events[-1].step, events[-1].status) == (8, "finished")


@pytest.mark.parametrize("after_best", [0, 1, 2, 3, 4, 5])
def test_the_early_stopping_counter_survives_an_interruption(make: Any, after_best: int) -> None:
    whole = without_pauses(make(WITH_EARLY_STOPPING).run())
    best = [e for e in whole if isinstance(e, Evaluated) and e.best][-1].step
    first = make(WITH_EARLY_STOPPING)
    before = run_until(first, best + after_best)
    checkpoint = saved(first)
    second = make(WITH_EARLY_STOPPING)
    second.restore(*checkpoint)
    after = without_pauses(second.run())
    assert losses_of(before) + losses_of(after) == losses_of(whole)
    assert after[-1] == whole[-1]


def test_early_stopping_can_be_turned_off_during_training(make: Any) -> None:
    trainer = make(WITH_EARLY_STOPPING)
    trainer.live.add(Change(key="train.patience", value=None, step=3), "me")
    assert without_pauses(trainer.run())[-1] == Ended(step=100, status="finished")


def test_a_checkpoint_keeps_a_scheduled_change(make: Any) -> None:
    first = make("mlp")
    run_until(first, 5)
    first.live.add(Change(key="train.clip", value=None, step=25), "later")
    checkpoint = saved(first)
    second = make("mlp")
    second.restore(*checkpoint)
    changes = [event for event in without_pauses(second.run()) if isinstance(event, ValueChanged)]
    assert [(c.step, c.command_id) for c in changes] == [(12, None), (20, None), (25, "later")]


def test_a_change_of_the_current_step_applies_without_a_step(make: Any) -> None:
    trainer = make("mlp")
    run_until(trainer, 5)
    trainer.live.add(Change(key="train.pace", value=3.0, step=trainer.step), "me")
    (changed,) = trainer.apply_due_changes()
    assert (changed.step, changed.key, changed.old, changed.new) == (5, "train.pace", None, 3.0)
    assert trainer.step == 5


def test_the_number_of_steps_can_be_changed_during_training(make: Any) -> None:
    for n_steps in (20, 40):
        trainer = make("mlp")
        run_until(trainer, 15)
        trainer.live.add(Change(key="train.steps", value=n_steps, step=15), "me")
        assert trainer.live.final_step == n_steps
        *_, ended = without_pauses(trainer.run())
        assert ended == Ended(step=n_steps, status="finished")


def test_steps_added_during_the_last_evaluation_are_done(make: Any) -> None:
    trainer = make("mlp")
    events, is_given = [], False
    for event in trainer.run():
        events += [event] if event is not None else []
        if not is_given and isinstance(event, Evaluated) and event.split == "train":
            trainer.live.add(Change(key="train.steps", value=35, step=30), "me")
            events += trainer.apply_due_changes()
            is_given = True
    assert len(losses_of(events)) == 35
    assert [event for event in events if isinstance(event, Ended)] == [
        Ended(step=35, status="finished")
    ]


@pytest.mark.parametrize("flush_every_s", [0.0, 1e9])
def test_the_clock_only_decides_how_steps_are_grouped(
    make: Any, monkeypatch: pytest.MonkeyPatch, flush_every_s: float
) -> None:
    reference = without_pauses(make("lstm").run())
    monkeypatch.setattr(trainer_module, "_STEPS_PER_EVENT_S", flush_every_s)
    events = without_pauses(make("lstm").run())
    assert losses_of(events) == losses_of(reference)
    assert without_clock(events) == without_clock(reference)


def test_each_step_is_reported_once_and_in_order(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "_STEPS_PER_EVENT_S", 0.0)
    steps = [e for e in without_pauses(make("mlp").run()) if isinstance(e, StepsDone)]
    assert [event.first_step for event in steps] == list(range(1, 31))
    assert [event.last_step for event in steps] == list(range(1, 31))
    assert all(one.n_tokens < two.n_tokens for one, two in itertools.pairwise(steps))


@every_training
def test_evaluation_and_prediction_never_change_the_training(make: Any, name: str) -> None:
    undisturbed = losses_of(without_pauses(make(name).run()))
    trainer = make(name)
    generator = Generator(trainer.model, trainer.text.tokenizer, trainer.device)
    events = []
    for event in trainer.run():
        events += [event] if event is not None else []
        generator.predict(trainer.text.sequences("train")[0][:2])
        SplitEvaluator(trainer.text, "val", trainer.device).evaluate(trainer.model)
        assert trainer.model.training
    assert losses_of(events) == undisturbed


def test_the_number_of_evaluations_never_changes_a_loss(make: Any) -> None:
    rarely = without_pauses(make(config_of(LSTM, example="item", evaluate_every=1000)).run())
    often = without_pauses(make(config_of(LSTM, example="item", evaluate_every=1)).run())
    assert losses_of(rarely) == losses_of(often)
    checks = [event.step for event in often if isinstance(event, Evaluated)]
    assert checks == [*range(1, 31), 30]
    assert [e.split for e in rarely if isinstance(e, Evaluated)] == ["val", "train"]


def test_the_best_weights_have_the_lowest_validation_loss(make: Any) -> None:
    trainer = make(config_of(ELMAN, example="item", learning_rate=0.5, evaluate_every=2))
    events = without_pauses(trainer.run())
    checks = [e for e in events if isinstance(e, Evaluated) and e.split == "val"]
    lowest = math.inf
    for check in checks:
        assert check.best == (check.loss < lowest)
        lowest = min(lowest, check.loss)
    best = min(checks, key=lambda check: check.loss)
    assert (trainer.best.step, trainer.best.loss) == (best.step, best.loss)
    trainer.model.load_state_dict(trainer.best.weights)
    assert SplitEvaluator(trainer.text, "val", trainer.device).evaluate(
        trainer.model
    ).loss == pytest.approx(best.loss, abs=1e-9)


@pytest.mark.parametrize("evaluate_every", [1, 3, 1000])
@pytest.mark.parametrize("flush_every_s", [0.0, 1e9])
def test_divergence_is_reported_at_its_step(
    make: Any, monkeypatch: pytest.MonkeyPatch, evaluate_every: int, flush_every_s: float
) -> None:
    monkeypatch.setattr(trainer_module, "_STEPS_PER_EVENT_S", flush_every_s)
    trainer = make(config_of(MLP, evaluate_every=evaluate_every))
    step = trainer._train_step.step

    def broken(index: int, *rest: Any) -> Any:
        loss, n_targets = step(index, *rest)
        return (torch.tensor(math.nan) if index >= 7 else loss), n_targets

    monkeypatch.setattr(trainer._train_step, "step", broken)
    events = without_pauses(trainer.run())
    assert isinstance(events[-1], Ended)
    assert (events[-1].status, events[-1].step) == ("diverged", 8)
    assert "NaN at step 8" in events[-1].message
    losses = losses_of(events)
    assert len(losses) == 8
    assert math.isnan(losses[-1])
    assert all(e.step <= 8 for e in events if isinstance(e, Evaluated | ValueChanged))


def test_divergence_found_by_an_external_flush_ends_the_training(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make("mlp")
    run_until(trainer, 5)
    step = trainer._train_step.step

    def broken(*arguments: Any) -> Any:
        loss, n_targets = step(*arguments)
        return loss / 0, n_targets

    monkeypatch.setattr(trainer._train_step, "step", broken)
    monkeypatch.setattr(trainer_module, "_STEPS_PER_EVENT_S", 1e9)
    going = trainer.run()
    next(going)
    next(going)
    (found,) = trainer.flush()
    assert found.losses == [math.inf]
    assert without_pauses(going) == [
        Ended(
            step=6,
            status="diverged",
            message="the loss became infinite at step 6: learning rate too high"
            f" ({trainer.learning_rate:.5g})",
        )
    ]


class Clock:
    """Clock that advances by ``tick_s`` at each reading."""

    def __init__(self, tick_s: float) -> None:
        self.now_s, self.tick_s = 0.0, tick_s

    def perf_counter(self) -> float:
        self.now_s += self.tick_s
        return self.now_s

    process_time = staticmethod(time.process_time)


def test_seconds_are_converted_to_steps_once(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(ELMAN, example="item", seconds=10.0, steps=100)
    monkeypatch.setattr(trainer_module, "time", Clock(0.25))
    trainer = make(config)
    before = run_until(trainer, 5)
    checkpoint = saved(trainer)
    after = without_pauses(trainer.run())
    fixed = [e for e in before + after if isinstance(e, ValueChanged) and e.key == "train.steps"]
    assert [(e.step, e.old, e.new) for e in fixed] == [(8, 100, 40)]
    assert after[-1] == Ended(step=40, status="finished")

    monkeypatch.setattr(trainer_module, "time", Clock(0.5))  # another or a busy machine
    again = make(config)
    again.restore(*checkpoint)
    again.live.add(Change(key="train.steps", value=40, step=8), None)
    assert losses_of(without_pauses(again.run())) == losses_of(after)


def test_seconds_never_become_more_steps_than_allowed(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(ELMAN, example="item", seconds=1e6, steps=100)
    monkeypatch.setattr(trainer_module, "_PLAN_AFTER_S", 1e-9)
    monkeypatch.setattr(trainer_module, "time", Clock(1e-4))
    trainer = make(config)
    run_until(trainer, 2)
    assert trainer.live.current.steps == 10**9


def test_counting_takes_one_step_whose_loss_is_uniform(make: Any) -> None:
    trainer = make(RunConfig(preset="x", model=NgramConfig(order=3), train=TrainConfig(steps=3)))
    events = without_pauses(trainer.run())
    even = math.log(trainer.text.tokenizer.n_vocab)
    assert losses_of(events) == pytest.approx([even])
    (val,) = [e for e in events if isinstance(e, Evaluated) and e.split == "val"]
    assert val.loss < even
    again = make(RunConfig(preset="x", model=NgramConfig(order=3), train=TrainConfig(steps=3)))
    again.restore(*saved(trainer))
    assert again.weights().keys() == trainer.weights().keys()
    assert all(torch.equal(again.weights()[k], v) for k, v in trainer.weights().items())


def test_the_trainer_state_is_decoded_as_it_was_encoded(make: Any) -> None:
    state = make("mlp").state()
    assert state.best_loss == math.inf
    assert codec.decode(codec.encode(state), codec.decoder(TrainerState)) == state
    assert msgspec.structs.asdict(state)["waiting"][0].change == DECAY[0]

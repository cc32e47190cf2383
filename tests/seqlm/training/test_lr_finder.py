"""The sweep trains a copy and changes nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import (
    FAMILIES,
    ElmanConfig,
    LstmConfig,
    MlpConfig,
    NgramConfig,
)
from seqlm.configuration.run_config import RunConfig, TrainConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError
from seqlm.protocol.events import Event, StepsDone
from seqlm.training import lr_finder
from seqlm.training.live_settings import LiveSettings
from seqlm.training.lr_finder import sweep_copy, sweep_new, train_batches
from seqlm.training.lr_sweep import LrSweep
from seqlm.training.trainer import Trainer

TRAIN = TrainConfig(steps=24, batch=8, chunk=16, learning_rate=0.01, evaluate_every=10)
MODELS: dict[str, Any] = {
    "mlp": MlpConfig(context=3, embedding=4, hidden=8, dropout=0.2),
    "elman": ElmanConfig(embedding=4, hidden=8, dropout=0.2),
    "lstm": LstmConfig(embedding=4, hidden=8, layers=2, dropout=0.2),
}


def config_of(model: str, optimizer: str = "adamw") -> RunConfig:
    train = replace(TRAIN, optimizer=optimizer)
    return RunConfig(preset="names-mlp", model=MODELS[model], train=train, seed=7)


def sweep_of(trainer: Trainer) -> Iterator[LrSweep]:
    batches = train_batches(trainer.config, trainer.text, trainer.model)
    return sweep_copy(
        trainer.config, trainer.model, batches, trainer.device, trainer.live.current, trainer.step
    )


def losses_of(events: list[Event | None]) -> list[float]:
    return [x for event in events if isinstance(event, StepsDone) for x in event.losses]


@pytest.mark.parametrize("where", ["names", "stream"])
@pytest.mark.parametrize("model", MODELS)
def test_a_sweep_between_steps_does_not_change_the_training(
    where: str, model: str, request: pytest.FixtureRequest
) -> None:
    text: PreparedText = request.getfixturevalue(where)
    reference = Trainer(config_of(model), text)
    undisturbed = losses_of(list(reference.run()))
    trainer = Trainer(config_of(model), text)
    events: list[Event | None] = []
    sweep: Iterator[LrSweep] = iter(())
    for event in trainer.run():
        events.append(event)
        if trainer.step == 5:
            sweep = sweep_of(trainer)
        before = torch.get_rng_state()
        for _ in range(3):  # three steps of the sweep between two steps of training
            next(sweep, None)
        assert torch.equal(torch.get_rng_state(), before)
    assert losses_of(events) == undisturbed
    for name, part in reference.weights().items():
        assert torch.equal(part, trainer.weights()[name])


def test_a_sweep_starts_at_the_loss_of_the_model_and_trains(names: PreparedText) -> None:
    trainer = Trainer(config_of("elman", "sgd"), names)
    *_, sweep = sweep_of(trainer)
    first = losses_of(list(trainer.run()))[0]
    assert sweep.losses[0] == pytest.approx(first, rel=0.2)  # another dropout
    assert min(sweep.smoothed) < sweep.losses[0] - 0.2
    assert sweep.suggestion is not None


def test_a_sweep_is_reproducible(names: PreparedText) -> None:
    one, other = (list(sweep_new(config_of("lstm"), names))[-1] for _ in range(2))
    assert one == other


def test_a_new_model_and_its_copy_give_the_same_sweep(names: PreparedText) -> None:
    config = config_of("lstm")
    *_, new = sweep_new(config, names)
    *_, copied = sweep_of(Trainer(config, names))
    assert new == copied


def test_a_sweep_can_be_stopped_after_any_step(names: PreparedText) -> None:
    state = torch.get_rng_state()
    sweep = sweep_new(config_of("mlp"), names)
    found = [next(sweep) for _ in range(3)]
    sweep.close()  # type: ignore[attr-defined]
    assert [len(part.losses) for part in found] == [1, 2, 3]
    assert torch.equal(torch.get_rng_state(), state)


def test_a_count_based_model_is_rejected(names: PreparedText) -> None:
    config = RunConfig(preset="names-ngram", model=NgramConfig(order=3))
    with pytest.raises(RequestError, match=r"model\.kind=ngram counts tokens in one pass"):
        next(sweep_new(config, names))


@pytest.mark.parametrize(
    "family", [name for name in FAMILIES if not FAMILIES[name].learns_by_counting]
)
def test_every_family_is_swept_with_every_live_setting(family: str, names: PreparedText) -> None:
    config = RunConfig(preset="x", model=FAMILIES[family](), train=replace(TRAIN, clip=1.0))
    read: list[dict[str, Any]] = []

    class ReadingStep(lr_finder.GradientTrainStep):
        def step(self, index: int, settings: LiveSettings, learning_rate: float) -> Any:
            read.append({key: settings.value_of(key) for key in dotted_keys.live_keys(config)})
            return super().step(index, settings, learning_rate)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lr_finder, "GradientTrainStep", ReadingStep)
        next(sweep_new(config, names))
    assert read == [
        {key: dotted_keys.value_of(config, key) for key in dotted_keys.live_keys(config)}
    ]


def test_a_new_live_setting_reaches_the_sweep(
    names: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep reads its settings from the configuration and has no list of its own."""

    class ExtendedTrainConfig(TrainConfig, frozen=True, kw_only=True):
        label_smoothing: float = 0.125

    class ExtendedLiveSettings(LiveSettings, frozen=True, kw_only=True):
        label_smoothing: float

    read: list[float] = []

    class ReadingStep(lr_finder.GradientTrainStep):
        def step(self, index: int, settings: Any, learning_rate: float) -> Any:
            read.append(settings.label_smoothing)
            return super().step(index, settings, learning_rate)

    monkeypatch.setattr(lr_finder, "LiveSettings", ExtendedLiveSettings)
    monkeypatch.setattr(lr_finder, "GradientTrainStep", ReadingStep)
    train = ExtendedTrainConfig(batch=8, chunk=16)
    next(sweep_new(RunConfig(preset="x", model=MODELS["mlp"], train=train), names))
    assert read == [0.125]

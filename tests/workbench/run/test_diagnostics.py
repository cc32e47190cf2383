"""Diagnostics of losses: overfitting and plateau, told apart from noise."""

import random
from collections.abc import Callable

import pytest
from recorded_logs import recorded
from test_reducer import CREATED, STARTED, steps, val

from seqlm.protocol.events import Continued, Event, ValueChanged
from workbench.run.diagnostics import crossed_baseline, overfitting, plateau
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState

Loss = Callable[[int], float]


def trained(
    train: Loss, validation: Loss, n_steps: int, *more: Event, every: int = 500
) -> RunState:
    """A run whose losses are known, checked every so many steps."""
    events: list[Event] = [CREATED, STARTED, Continued(step=0)]
    best = float("inf")
    for end in range(every, n_steps + 1, every):
        events.append(steps(end - every + 1, [train(end)] * every))
        events += [event for event in more if end - every < getattr(event, "step", 0) <= end]
        loss = validation(end)
        events.append(val(end, loss, best=loss < best))
        best = min(best, loss)
    return reduce_events(RunState(), events)


def falling(step: int) -> float:
    return 2.0 + 1.2 / (1 + (step / 500) ** 0.75)


def turning(step: int) -> float:
    return falling(step) + 0.15 * max(0.0, step / 10_000 - 1)


def test_rising_validation_and_falling_train_loss_is_overfitting() -> None:
    state = trained(falling, turning, 30_000)
    found = overfitting(state)
    assert found is not None
    assert state.best is not None
    assert 9_000 <= found.best.step <= 13_000
    assert found.best == state.best
    assert found.n_checks == state.checks_since_best >= 5


def test_a_rise_of_both_losses_is_not_overfitting() -> None:
    assert overfitting(trained(turning, turning, 30_000)) is None


def test_falling_losses_are_neither_overfitting_nor_plateau() -> None:
    state = trained(lambda step: 3 - step / 30_000, lambda step: 3 - step / 30_000, 20_000)
    assert overfitting(state) is None
    assert plateau(state) is None


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_overfitting(seed: int) -> None:
    """A high learning rate makes every validation another one: the lowest is lowest by chance."""
    draw = random.Random(seed)
    state = trained(falling, lambda step: falling(step) + draw.gauss(0, 0.06), 40_000)
    assert overfitting(state) is None


def test_plateau_starts_where_the_loss_stops_falling() -> None:
    state = trained(falling, lambda step: max(2.3, 3.3 - step / 10_000), 20_000)
    found = plateau(state)
    assert found is not None
    assert found.step == 10_000
    assert 0 <= found.gain < 0.01


def test_plateau_is_measured_from_the_last_effective_change() -> None:
    rate = ValueChanged(step=19_000, key="train.learning_rate", old=0.1, new=0.05)
    pace = ValueChanged(step=19_000, key="train.pace", old=None, new=100.0)
    flat: Loss = lambda step: max(2.3, 3.3 - step / 10_000)  # noqa: E731
    assert plateau(trained(falling, flat, 20_000, rate)) is None
    assert plateau(trained(falling, flat, 20_000, pace)) is not None
    later = plateau(trained(falling, flat, 40_000, rate))
    assert later is not None
    assert later.step > 19_000


def test_crossed_baseline_returns_the_first_step_below() -> None:
    state = trained(falling, lambda step: 3 - step / 10_000, 15_000)
    assert crossed_baseline(state, 2.5) == pytest.approx(5_500, rel=0.01)
    assert crossed_baseline(state, 1.0) is None
    assert crossed_baseline(RunState(), 2.5) is None


@pytest.mark.parametrize("name", ["steered", "diverging"])
def test_recorded_runs_show_no_overfitting(name: str) -> None:
    events = recorded(name)
    for end in range(0, len(events), 7):
        state = reduce_events(RunState(), events[:end])
        assert overfitting(state) is None
        found = plateau(state)
        assert found is None or found.step < state.step


def jump(before: float, after: float, at: int = 10_000) -> Loss:
    """A loss that changes once, after ``at`` steps; it falls a little until then, so that is best."""
    return lambda step: before + (at - step) * 1e-9 if step <= at else after


@pytest.mark.parametrize(
    ("rise", "fall", "is_found"),
    [
        (0.0205, 0.0205, True),
        (0.0195, 0.0205, False),
        (0.0205, 0.0195, False),
    ],
)
def test_overfitting_needs_a_rise_and_a_fall_of_a_fiftieth_nat(
    rise: float, fall: float, is_found: bool
) -> None:
    state = trained(jump(1.5, 1.5 - fall), jump(2.0, 2.0 + rise), 30_000)
    assert (overfitting(state) is not None) == is_found


@pytest.mark.parametrize(("n_steps", "is_found"), [(18_000, False), (20_000, True)])
def test_overfitting_needs_five_validations_since_the_best(n_steps: int, is_found: bool) -> None:
    state = trained(jump(1.5, 1.3), jump(2.0, 2.2), n_steps, every=2_000)
    assert state.checks_since_best == (n_steps - 10_000) // 2_000
    assert (overfitting(state) is not None) == is_found


@pytest.mark.parametrize(("n_steps", "is_found"), [(12_400, False), (12_600, True)])
def test_overfitting_needs_a_fifth_of_all_steps_since_the_best(
    n_steps: int, is_found: bool
) -> None:
    state = trained(jump(1.5, 1.3), jump(2.0, 2.2), n_steps, every=100)
    assert (overfitting(state) is not None) == is_found

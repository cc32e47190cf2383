"""Learning rate schedules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import TrainConfig
from seqlm.presets import preset_config
from seqlm.training.schedule import lr_multiplier

SCHEDULES = dotted_keys.find(preset_config("names-mlp"), "train.schedule").choices


def multipliers(schedule: str, n_steps: int, **train: float) -> list[float]:
    config = TrainConfig(schedule=schedule, **train)  # type: ignore[arg-type]
    return [lr_multiplier(config, step, n_steps) for step in range(n_steps)]


@given(
    st.sampled_from(SCHEDULES),
    st.integers(1, 500),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_every_multiplier_is_above_0_and_at_most_1(
    schedule: str, n_steps: int, share: float, drop: float
) -> None:
    of = multipliers(schedule, n_steps, warmup=share, drop=drop, drop_at=max(share, 1e-3))
    assert all(0 < lr_multiplier <= 1 for lr_multiplier in of)
    assert max(of) == 1 or (schedule == "step" and round(share * n_steps) == 0)


def test_the_constant_schedule_is_1() -> None:
    assert set(multipliers("constant", 20)) == {1.0}


def test_a_warm_up_rises_linearly_and_stays_at_1() -> None:
    of = multipliers("warm-up", 1000, warmup=0.2)
    assert of[:200] == pytest.approx([(step + 1) / 200 for step in range(200)])
    assert set(of[199:]) == {1.0}


def test_the_step_schedule_drops_once() -> None:
    assert multipliers("step", 10, drop=0.2, drop_at=0.7) == [1.0] * 7 + [0.2] * 3


def test_the_cosine_schedule_decays_to_0() -> None:
    of = multipliers("cosine", 1000)
    assert of[0] == 1.0
    assert of[500] == pytest.approx(0.5)
    assert of == sorted(of, reverse=True)
    assert 0 < of[-1] < 1e-4


def test_one_cycle_warms_up_and_decays_to_0() -> None:
    of = multipliers("one-cycle", 1000)
    assert of[0] == pytest.approx(1 / 50)
    assert of[49] == of[50] == 1.0
    assert of[:50] == sorted(of[:50])
    assert of[50:] == sorted(of[50:], reverse=True)
    assert of[525] == pytest.approx(0.5)
    assert 0 < of[-1] < 1e-4
    assert lr_multiplier(TrainConfig(schedule="one-cycle"), 5000, 1000) == 0.0


def test_one_cycle_is_a_warm_up_followed_by_a_cosine() -> None:
    warm, cosine = multipliers("warm-up", 200, warmup=0.1), multipliers("cosine", 180)
    assert multipliers("one-cycle", 200, warmup=0.1) == [*warm[:20], *cosine]


@pytest.mark.parametrize("n_steps", [1, 2, 19, 20])
def test_a_short_one_cycle_stays_in_range(n_steps: int) -> None:
    of = multipliers("one-cycle", n_steps)
    assert of[0] == 1.0
    assert all(0 < lr_multiplier <= 1 for lr_multiplier in of)

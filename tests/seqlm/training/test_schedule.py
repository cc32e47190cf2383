"""The learning rate over the steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import TrainConfig
from seqlm.presets import preset_config
from seqlm.training.schedule import lr_multiplier

SCHEDULES = dotted_keys.find(preset_config("names-mlp"), "train.schedule").choices


def factors(schedule: str, n_steps: int, **train: float) -> list[float]:
    config = TrainConfig(schedule=schedule, **train)  # type: ignore[arg-type]
    return [lr_multiplier(config, step, n_steps) for step in range(n_steps)]


@given(
    st.sampled_from(SCHEDULES),
    st.integers(1, 500),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_every_factor_is_above_0_and_at_most_1(
    schedule: str, n_steps: int, share: float, drop: float
) -> None:
    of = factors(schedule, n_steps, warmup=share, drop=drop, drop_at=max(share, 1e-3))
    assert all(0 < lr_multiplier <= 1 for lr_multiplier in of)
    assert max(of) == 1 or (schedule == "step" and round(share * n_steps) == 0)


def test_a_constant_schedule_is_one() -> None:
    assert set(factors("constant", 20)) == {1.0}


def test_a_warm_up_rises_straight_and_stays() -> None:
    of = factors("warm-up", 1000, warmup=0.2)
    assert of[:200] == pytest.approx([(step + 1) / 200 for step in range(200)])
    assert set(of[199:]) == {1.0}


def test_a_step_is_one_drop() -> None:
    assert factors("step", 10, drop=0.2, drop_at=0.7) == [1.0] * 7 + [0.2] * 3


def test_a_cosine_goes_down_to_nothing() -> None:
    of = factors("cosine", 1000)
    assert of[0] == 1.0
    assert of[500] == pytest.approx(0.5)
    assert of == sorted(of, reverse=True)
    assert 0 < of[-1] < 1e-4


def test_one_cycle_warms_up_and_goes_down_to_nothing() -> None:
    of = factors("one-cycle", 1000)
    assert of[0] == pytest.approx(1 / 50)
    assert of[49] == of[50] == 1.0
    assert of[:50] == sorted(of[:50])
    assert of[50:] == sorted(of[50:], reverse=True)
    assert of[525] == pytest.approx(0.5)
    assert 0 < of[-1] < 1e-4
    assert lr_multiplier(TrainConfig(schedule="one-cycle"), 5000, 1000) == 0.0


def test_one_cycle_is_a_warm_up_and_then_a_cosine() -> None:
    warm, cosine = factors("warm-up", 200, warmup=0.1), factors("cosine", 180)
    assert factors("one-cycle", 200, warmup=0.1) == [*warm[:20], *cosine]


@pytest.mark.parametrize("n_steps", [1, 2, 19, 20])
def test_a_short_cycle_is_a_cycle_too(n_steps: int) -> None:
    of = factors("one-cycle", n_steps)
    assert of[0] == 1.0
    assert all(0 < lr_multiplier <= 1 for lr_multiplier in of)

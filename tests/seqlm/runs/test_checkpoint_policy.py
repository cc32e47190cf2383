"""Checkpoint policy: cost bound, and the log-spaced steps whose weights are kept."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.runs import checkpoint_policy
from seqlm.runs.checkpoint_policy import (
    CheckpointPolicy,
    log_spaced_steps,
    next_log_spaced_step,
    subsample_steps,
)

STEPS = st.integers(0, 10**9)


def test_log_spaced_steps_are_one_and_three_times_powers_of_ten() -> None:
    assert log_spaced_steps(0) == [0]
    assert log_spaced_steps(1000) == [0, 1, 3, 10, 30, 100, 300, 1000]
    assert len(log_spaced_steps(10**9)) == 20


@given(st.integers(-1, 10**9))
def test_the_next_log_spaced_step_skips_none(step: int) -> None:
    later = next_log_spaced_step(step)
    assert step < later
    assert [found for found in log_spaced_steps(later) if found > step] == [later]


@given(STEPS, st.integers(0, 25))
def test_subsampled_steps_are_at_most_the_requested_number(last: int, n_most: int) -> None:
    left = subsample_steps(last, n_most)
    assert len(left) <= n_most
    assert 2 * len(left) >= min(n_most, len(log_spaced_steps(last)))
    assert left[:1] == [0][:n_most]


@given(st.integers(0, 25))
def test_a_step_left_out_stays_left_out(n_most: int) -> None:
    left: list[int] = []
    for step in log_spaced_steps(10**9):
        after = subsample_steps(step, n_most)
        assert set(after) <= {*left, step}
        left = after


def test_subsampling_keeps_every_second_then_every_fourth_step() -> None:
    assert subsample_steps(300, 7) == [0, 1, 3, 10, 30, 100, 300]
    assert subsample_steps(300, 6) == [0, 3, 30, 300]
    assert subsample_steps(300, 3) == [0, 30]


@pytest.mark.parametrize("cost_s", [0.001, 0.05, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("step_s", [0.01, 1.0])
def test_saving_costs_at_most_a_hundredth_of_the_training_time(
    monkeypatch: pytest.MonkeyPatch, cost_s: float, step_s: float
) -> None:
    now = 0.0

    def save(*_: Any) -> int:
        nonlocal now
        now += cost_s
        return 1

    monkeypatch.setattr(checkpoint_policy, "time", SimpleNamespace(monotonic=lambda: now))
    trainer: Any = SimpleNamespace(
        step=1,
        has_diverged=False,
        best=SimpleNamespace(weights=None, step=0),
        state=lambda: None,
        weights=dict,
        tensors=dict,
    )
    event_log: Any = SimpleNamespace(sync=lambda: None, seq=1)
    store: Any = SimpleNamespace(save=save, point=lambda *_: None, prune=lambda _: None)
    policy = CheckpointPolicy(trainer, event_log, store)
    trained_s, saved_s, n_saved = 0.0, 0.0, 0
    for _ in range(round(2_000 / step_s)):
        now += step_s
        trained_s += step_s
        if policy.is_due:
            policy.save()
            saved_s, n_saved = saved_s + cost_s, n_saved + 1
    assert n_saved >= 2
    first_s = cost_s  # its cost is not known before
    assert saved_s - first_s <= 0.01 * trained_s
    assert n_saved <= trained_s / 10 + 1

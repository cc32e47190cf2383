from hypothesis import given
from hypothesis import strategies as st

from seqlm.runs.log_spaced import log_spaced_steps, next_log_spaced_step, subsample_steps

STEPS = st.integers(0, 10**9)


def test_the_steps_are_one_and_three_times_the_powers_of_ten() -> None:
    assert log_spaced_steps(0) == [0]
    assert log_spaced_steps(1000) == [0, 1, 3, 10, 30, 100, 300, 1000]
    assert len(log_spaced_steps(10**9)) == 20


@given(st.integers(-1, 10**9))
def test_the_next_of_them_has_none_before_it(step: int) -> None:
    later = next_log_spaced_step(step)
    assert step < later
    assert [found for found in log_spaced_steps(later) if found > step] == [later]


@given(STEPS, st.integers(0, 25))
def test_so_many_are_left_and_no_more(last: int, n_most: int) -> None:
    left = subsample_steps(last, n_most)
    assert len(left) <= n_most
    assert 2 * len(left) >= min(n_most, len(log_spaced_steps(last)))
    assert left[:1] == [0][:n_most]


@given(st.integers(0, 25))
def test_what_was_left_out_never_comes_back(n_most: int) -> None:
    left: list[int] = []
    for step in log_spaced_steps(10**9):
        after = subsample_steps(step, n_most)
        assert set(after) <= {*left, step}
        left = after


def test_every_second_goes_then_every_fourth() -> None:
    assert subsample_steps(300, 7) == [0, 1, 3, 10, 30, 100, 300]
    assert subsample_steps(300, 6) == [0, 3, 30, 300]
    assert subsample_steps(300, 3) == [0, 30]

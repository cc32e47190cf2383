"""Navigation through the kept steps and back to the live model."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.run.state import nearest_kept_step, next_kept_step

KEPT = st.lists(st.integers(0, 10**6), unique=True, max_size=30).map(sorted)


@given(KEPT)
def test_stepping_back_visits_every_kept_step_and_forward_returns_to_live(kept: list[int]) -> None:
    visited, at = [], None
    for _ in kept:
        at = next_kept_step(kept, at, -1)
        visited.append(at)
    assert visited == kept[::-1]
    assert next_kept_step(kept, at, -1) == at
    for expected in [*kept[1:], None] if kept else [None]:
        at = next_kept_step(kept, at, 1)
        assert at == expected
    assert next_kept_step(kept, None, 1) is None


@given(KEPT, st.integers(0, 10**6))
def test_nearest_kept_step_has_the_smallest_distance(kept: list[int], step: int) -> None:
    found = nearest_kept_step(kept, step)
    assert (found in kept) if kept else found is None
    assert all(abs(one - step) >= abs(found - step) for one in kept if found is not None)


@given(KEPT, st.integers(0, 10**6), st.sampled_from([-1, 1]))
def test_stepping_from_a_deleted_step_reaches_a_kept_one(
    kept: list[int], viewed_step: int, by: int
) -> None:
    assert next_kept_step(kept, viewed_step, by) in (*kept, None)

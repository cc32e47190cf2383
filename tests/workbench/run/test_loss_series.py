"""The losses of a run in bounded memory, whatever way they came."""

import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.run.loss_series import MAX_EQUAL_BINS, LossSeries

LOSSES = st.lists(
    st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=300
)

LONG = LossSeries().extended(1, [2.0] * 50_000)


def poured(losses: list[float], cuts: list[int]) -> LossSeries:
    """The curve of losses that came in pieces."""
    curve, begin = LossSeries(), 0
    for cut in [*sorted(min(cut, len(losses)) for cut in cuts), len(losses)]:
        curve = curve.extended(begin + 1, losses[begin:cut])
        begin = max(begin, cut)
    return curve


@given(LOSSES, st.lists(st.integers(0, 300), max_size=8))
def test_loss_series_does_not_depend_on_the_pieces(losses: list[float], cuts: list[int]) -> None:
    assert repr(poured(losses, cuts)) == repr(poured(losses, []))


@given(LOSSES)
def test_every_loss_is_in_one_bin_of_each_kind(losses: list[float]) -> None:
    curve = poured(losses, [])
    for bins in (curve.growing, curve.equal):
        assert sum(found.n for found in bins) == len(losses)
        assert bins[-1].step == len(losses)
        assert repr(bins[0].first) == repr(losses[0])
        assert repr(bins[-1].last) == repr(losses[-1])


def test_memory_is_bounded_however_long_a_run_is() -> None:
    curve = LossSeries().extended(1, [float(i % 7) for i in range(300_000)])
    assert len(curve.equal) <= MAX_EQUAL_BINS
    assert len(curve.growing) < 1_000
    assert sum(found.n for found in curve.equal) == 300_000


def test_bins_hold_mean_and_range() -> None:
    curve = LossSeries().extended(1, [2.0] * 200 + [3.0, 1.0])
    last = curve.growing[-1]
    assert (last.low, last.high, last.last) == (1.0, 3.0, 1.0)
    assert (
        last.mean == sum([3.0, 1.0] if last.n == 2 else [2.0] * (last.n - 2) + [3.0, 1.0]) / last.n
    )


def test_a_non_finite_loss_affects_the_mean_and_not_the_range() -> None:
    found = LossSeries().extended(1, [1.0, math.nan, math.inf]).equal
    assert [math.isfinite(part.mean) for part in found] == [True, False, False]
    joined = LossSeries().extended(1, [1.0, math.nan] * MAX_EQUAL_BINS).equal[0]
    assert math.isnan(joined.mean)
    assert (joined.low, joined.high) == (1.0, 1.0)


def test_bins_of_a_series_with_gaps_do_not_depend_on_them() -> None:
    sparse = LossSeries()
    for step in range(1000, 100_000, 1000):
        sparse = sparse.extended(step, [float(step)])
    dense = LossSeries().extended(1, [0.0] * 100_000)
    bounds = {(found.begin, found.end) for found in dense.growing}
    assert all((found.begin, found.end) in bounds for found in sparse.growing)


@given(st.integers(1, 60_000), st.integers(1, 60_000), st.booleans())
def test_bins_between_two_steps_cover_them_with_one_more_on_each_side(
    a: int, b: int, is_log: bool
) -> None:
    first, last = sorted((a, b))
    shown = LONG.between(first, last, is_log)
    ends = [found.step for found in shown]
    assert ends == sorted(ends)
    assert shown[0].begin <= first
    assert shown[-1].step >= min(last, 50_000)
    assert sum(first <= end <= last for end in ends) >= len(ends) - 2


def test_each_axis_uses_the_finer_bins() -> None:
    assert LONG.between(1, 50_000, is_log=True)[-1].end == LONG.growing[-1].end
    assert len(LONG.between(1, 50_000, is_log=False)) == len(LONG.equal)
    for is_log in (True, False):
        late = LONG.between(40_000, 50_000, is_log)
        assert {found.end - found.begin + 1 for found in late} == {LONG.width}
        early = LONG.between(10, 50, is_log)
        assert len(early) >= 41


def test_before_returns_the_last_bin_up_to_a_step() -> None:
    val = LossSeries()
    for step in range(1_000, 100_001, 1_000):
        val = val.extended(step, [float(step)])
    for step in (1_000, 1_999, 20_000, 77_777):
        found = val.before(step)
        assert found is not None
        assert found.last == step // 1_000 * 1_000
    assert val.before(999) is None

"""Ranges of a chart, and the numbers beside its axes."""

import pytest
from charts import REFERENCES, falling, lines
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from workbench.render.axis import LinearAxis, LogAxis, SecondsAxis
from workbench.render.chart.chart import Bucket, ReferenceLine, make_layout, render_chart
from workbench.render.chart.loss_range import make_even_rows, make_log_rows, roundest_between


def test_a_large_first_loss_does_not_squash_the_chart() -> None:
    wild = [Bucket(1, 27.0, 20.0, 30.0), Bucket(2, 12.0, 9.0, 15.0), *falling().train[2:]]
    spec = replace(falling(), train=wild)
    assert make_layout(spec).y.high < 1.3 * 3.296
    assert "↑" in lines(spec)[0]


def test_the_best_so_far_does_not_raise_the_range() -> None:
    """It falls all the time: the rows would move with it."""
    wild = [Bucket(1, 27.0, 20.0, 30.0), *falling().train[2:]]
    best = ReferenceLine("best", 4.4, role="best")
    spec = replace(falling(), train=wild, references=[REFERENCES[0], best])
    assert make_layout(spec).y == make_layout(replace(spec, references=REFERENCES[:1])).y
    assert "╰best    4.400" in lines(spec)[0]


def test_a_log_axis_shows_a_large_first_loss() -> None:
    wild = [Bucket(1, 27.0, 20.0, 30.0), *falling().train[2:]]
    spec = replace(falling(), train=wild, y_log=True)
    assert make_layout(spec).y.value(1) >= 27
    assert not any("↑" in line[: -make_layout(spec).labels] for line in lines(spec))


def test_an_exploding_loss_does_not_hide_earlier_losses() -> None:
    train = [Bucket(step, 27.0 - step / 2, 4.0, 30.0) for step in range(1, 40)]
    train += [Bucket(40 + i, 8.0**i, 4.0, 1e9) for i in range(4, 9)]
    spec = replace(falling(), train=train, val=())
    assert 26 <= make_layout(spec).y.value(1) < 100
    assert not any(text.startswith("-") for text in make_layout(spec).y_texts.values())
    in_log = make_layout(replace(spec, y_log=True))
    assert 26 <= in_log.y.value(1) < 500


def test_a_loss_that_stays_high_is_shown() -> None:
    train = [Bucket(step, 27.0 - step / 10, 20.0, 30.0) for step in range(1, 40)]
    spec = replace(falling(), train=train, val=[])
    assert make_layout(spec).y.high >= 26.9
    assert not any("↑" in line[: -make_layout(spec).labels] for line in lines(spec))


@given(
    st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(4, 58), st.sampled_from([2, 4])
)  # fmt: skip
def test_rows_cover_the_range_evenly(low: float, span: float, n_rows: int, dots: int) -> None:
    axis, tick_step = make_even_rows(low, low + span, n_rows, dots)
    slack = 1e-6 * span + 1e-9 * abs(low)
    assert axis.low <= low + slack
    assert axis.high >= low + span - slack
    per_row = (axis.high - axis.low) * dots / (n_rows * dots - 1)
    assert tick_step / per_row == pytest.approx(round(tick_step / per_row))
    assert per_row * n_rows <= 3 * span


@given(st.floats(1e-5, 1e6), st.floats(1, 1e5), st.integers(1, 58))
def test_rows_of_a_log_axis_cover_the_range(low: float, ratio: float, n_rows: int) -> None:
    axis, texts = make_log_rows(low, low * ratio, n_rows)
    assert axis.low <= low * (1 + 1e-9)
    assert axis.high >= low * ratio * (1 - 1e-9)
    assert all(0 <= row < n_rows for row in texts)
    assert not texts.keys() & {row + 1 for row in texts}


def test_numbers_beside_a_log_axis_are_accurate_to_a_quarter_of_a_row() -> None:
    spec = replace(falling(), y_log=True, height=20)
    layout = make_layout(spec)
    for row, text in layout.y_texts.items():
        middle = (row + 0.5) / layout.plot_height
        off = (1 - layout.y.fraction(float(text)) - middle) * layout.plot_height
        assert abs(off) <= 0.26


@given(st.floats(1e-6, 1e6), st.floats(1.001, 1000))
def test_the_roundest_number_lies_between(low: float, ratio: float) -> None:
    assert low * (1 - 1e-6) <= roundest_between(low, low * ratio) <= low * ratio * (1 + 1e-6)


def test_round_numbers() -> None:
    assert [roundest_between(*pair) for pair in ((1.9, 2.3), (2.11, 2.19), (7, 12), (0.26, 0.29))] == [
        2, 2.15, 10, 0.28,
    ]  # fmt: skip


def test_a_log_axis_gives_equal_ratios_equal_room() -> None:
    layout = make_layout(replace(falling(), y_log=True, height=40))
    down = [layout.dot_y(value) for value in (3.2, 2.8, 2.45)]
    assert down[1] - down[0] == pytest.approx(down[2] - down[1], rel=1e-9)


def test_points_outside_the_shown_range_are_left_out() -> None:
    spec = replace(falling(), x=LogAxis(8_000, 25_000), references=())
    drawn = lines(spec)
    layout = make_layout(spec)
    assert "▲1" in drawn[-1]
    assert "▲2" not in drawn[-1]
    comes_in = [line[layout.gutter] for line in drawn[: layout.plot_height]]
    assert sum(char != " " for char in comes_in) == 1
    after_30k = render_chart(replace(spec, x=LogAxis(50_000, 90_000)))
    assert not {role for row in after_30k for _, role in row} & {"train", "val", "mark", "band"}


def test_times_under_the_axis() -> None:
    seconds = [row._replace(x=row.x / 4_400) for row in falling().train]
    spec = replace(
        falling(), x=SecondsAxis(0, 10), x_unit="seconds", train=seconds, val=(), marks=()
    )
    assert lines(spec)[-1].split()[:4] == ["0", "s", "2", "s"]
    assert "1:30" in lines(replace(spec, x=SecondsAxis(0, 100)))[-1]


def test_steps_under_the_axis_are_whole_and_distinct() -> None:
    few = lines(replace(falling(), x=LinearAxis(0, 3), marks=()))[-1]
    assert few.split()[:4] == ["0", "1", "2", "3"]
    near = lines(replace(falling(), x=LinearAxis(24_500, 24_560), marks=()))[-1]
    assert near.split()[:2] == ["24,500", "24,510"]


@pytest.mark.parametrize(("height", "has_line"), [(6, False), (7, False), (8, True)])
def test_a_low_chart_keeps_the_numbers_of_its_steps(height: int, has_line: bool) -> None:
    rows = lines(replace(falling(), height=height))
    assert len(rows) == height
    assert {"1", "10", "100", "1k", "100k"} <= set(rows[-1].split())
    assert "▲1" in rows[-1]
    assert any("└" in row for row in rows) == has_line

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from workbench.render.axis import LinearAxis, LogAxis, SecondsAxis
from workbench.render.canvas import BrailleCanvas
from workbench.render.chart import (
    Bucket,
    ChartSpec,
    Mark,
    Point,
    Reference,
    Role,
    chart_layout,
    render_chart,
)
from workbench.render.chart_layers import gather
from workbench.render.chart_range import even_rows, log_rows
from workbench.render.figures import compact

REFERENCES = (
    Reference("uniform", 3.296),
    Reference("bigram", 2.454),
    Reference("best", 2.140, role="best"),
    Reference("expect", 2.105),
)
WHOLE = LogAxis(1, 200_000)
LOG_STEPS = [round(10 ** (i / 8)) for i in range(38)]


def expected_loss(step: int) -> float:
    """A loss that falls from 3.3 to 2.1 as a real one does."""
    return 2.11 + 1.19 / (1 + math.pow(step / 60, 0.75))


def falling(last: int = 41_200) -> ChartSpec:
    steps = [*(step for step in LOG_STEPS if step < last), last]
    return ChartSpec(
        width=80,
        height=15,
        x=WHOLE,
        train=[Bucket(s, expected_loss(s), expected_loss(s) - 0.3, 3.0) for s in steps],
        val=[Point(s, expected_loss(s) + 0.03) for s in steps[::3]],
        references=REFERENCES,
        marks=[Mark(20_000), Mark(30_000)],
        snapshots=[1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000],
    )


def lines(spec: ChartSpec) -> list[str]:
    return ["".join(text for text, _ in row) for row in render_chart(spec)]


def picture(spec: ChartSpec) -> str:
    """The chart as text, without the spaces that fill each row."""
    return "".join(line.rstrip() + "\n" for line in lines(spec))


losses = st.floats(0, 8) | st.floats()
steps = st.integers(-3, 300_000)
axes = st.one_of(
    st.builds(LogAxis, st.floats(1, 100), st.floats(100, 1e7)),
    st.builds(LinearAxis, st.floats(0, 100), st.floats(100, 1e7)),
    st.builds(SecondsAxis, st.just(0.0), st.just(0.0) | st.floats(1e-3, 1e6)),
)
labels = st.text(max_size=12) | st.sampled_from(["uniform", "漢字漢字", "\x1b[2J", "e\u0301\u0301"])
series = st.lists(st.tuples(steps, losses, losses, losses, st.integers(1, 9)), max_size=30).map(
    lambda rows: [Bucket(*row) for row in sorted(rows, key=lambda row: row[0])]
)
specs = st.builds(
    ChartSpec,
    width=st.integers(1, 220),
    height=st.integers(1, 60),
    x=axes,
    x_unit=st.sampled_from(["steps", "seconds", "epochs"]),
    y_log=st.booleans(),
    train=series,
    val=series.map(lambda rows: [Point(row.x, row.mean) for row in rows]),
    references=st.lists(st.builds(Reference, labels, losses, labels), max_size=6),
    marks=st.lists(st.builds(Mark, steps, labels), max_size=5),
    snapshots=st.lists(steps, max_size=5),
    cursor=st.none() | steps,
    hint=labels,
    shade_band=st.booleans(),
    ascii_only=st.booleans(),
)


@settings(max_examples=200)
@given(specs)
def test_every_row_is_exact_whatever_the_data(spec: ChartSpec) -> None:
    rows = render_chart(spec)
    assert len(rows) == spec.height
    for row in rows:
        assert cell_len("".join(text for text, _ in row)) == spec.width
        assert all(role in get_args(Role) for _, role in row)
        assert all(text.isascii() for text, _ in row) or not spec.ascii_only


def test_no_room_draws_nothing() -> None:
    assert render_chart(ChartSpec(0, 5, WHOLE)) == []
    assert render_chart(ChartSpec(5, 0, WHOLE)) == []


def test_a_falling_loss() -> None:
    assert picture(falling()) == GOLDEN


def test_a_falling_loss_in_ascii() -> None:
    assert picture(replace(falling(), ascii_only=True)) == GOLDEN_ASCII


def test_before_training() -> None:
    notes = ("it starts here", "in about 0.3 s", "in about 45 s")
    references = [
        ref._replace(note=note, role="guide")
        for ref, note in zip((REFERENCES[0], REFERENCES[1], REFERENCES[3]), notes, strict=True)
    ]
    spec = ChartSpec(80, 9, WHOLE, references=references, hint="the line will be drawn here")
    assert picture(spec) == GOLDEN_UNTRAINED


@pytest.mark.parametrize("ascii_only", [False, True])
def test_drawn_columns_never_move(ascii_only: bool) -> None:
    early = replace(falling(3_000), ascii_only=ascii_only)
    late = replace(falling(41_200), ascii_only=ascii_only)
    layout = chart_layout(early)
    assert layout.column(2_000) == chart_layout(late).column(2_000)
    until = layout.gutter + layout.column(1_500)
    before = [line[:until] for line in lines(early)[1:-2]]
    assert before == [line[:until] for line in lines(late)[1:-2]]


def test_a_broken_loss_leaves_a_gap_and_a_cross() -> None:
    train = [Bucket(s, expected_loss(s), 2.0, 3.0) for s in (1, 10, 100)]
    train += [Bucket(s, math.nan, math.nan, math.nan) for s in (1_000, 1_200, 1_500)]
    train += [Bucket(10_000, 2.3, 2.0, 3.0), Bucket(11_000, math.inf, 2.0, math.inf)]
    spec = replace(falling(), train=train, val=[], marks=[], references=[])
    layout = chart_layout(spec)
    drawn = lines(spec)
    columns = [i - layout.gutter for i, char in enumerate(drawn[0]) if char == "✗"]
    assert columns == [layout.column(1_000), layout.column(11_000)]
    gap = range(layout.gutter + layout.column(200), layout.gutter + layout.column(9_000))
    assert all(line[i] in " ✗" for line in drawn[: layout.plot_height] for i in gap)
    assert ("✗", "error") in render_chart(spec)[0]


def test_a_wild_start_does_not_squash_the_chart() -> None:
    wild = [Bucket(1, 27.0, 20.0, 30.0), Bucket(2, 12.0, 9.0, 15.0), *falling().train[2:]]
    spec = replace(falling(), train=wild)
    assert chart_layout(spec).y.high < 1.3 * 3.296
    assert "↑" in lines(spec)[0]


def test_the_best_so_far_does_not_raise_the_range() -> None:
    """It falls all the time: the rows would move with it."""
    wild = [Bucket(1, 27.0, 20.0, 30.0), *falling().train[2:]]
    best = Reference("best", 4.4, role="best")
    spec = replace(falling(), train=wild, references=[REFERENCES[0], best])
    assert chart_layout(spec).y == chart_layout(replace(spec, references=REFERENCES[:1])).y
    assert "↑best    4.400" in lines(spec)[0]


def test_a_log_axis_shows_a_wild_start_too() -> None:
    wild = [Bucket(1, 27.0, 20.0, 30.0), *falling().train[2:]]
    spec = replace(falling(), train=wild, y_log=True)
    assert chart_layout(spec).y.value(1) >= 27
    assert not any("↑" in line[: -chart_layout(spec).labels] for line in lines(spec))


def test_a_loss_that_stays_high_is_shown() -> None:
    train = [Bucket(step, 27.0 - step / 10, 20.0, 30.0) for step in range(1, 40)]
    spec = replace(falling(), train=train, val=[])
    assert chart_layout(spec).y.high >= 26.9
    assert not any("↑" in line[: -chart_layout(spec).labels] for line in lines(spec))


@settings(max_examples=300)
@given(
    st.lists(st.floats(0, 5) | st.floats(-1e6, 1e9), min_size=1, max_size=9),
    st.integers(20, 160),
    st.integers(5, 40),
    st.booleans(),
    st.booleans(),
)
def test_reference_labels_never_share_a_row_and_keep_their_number(
    values: list[float], width: int, height: int, y_log: bool, ascii_only: bool
) -> None:
    """Where there are more than rows, those named last have none."""
    references = [Reference(f"name{i}", value) for i, value in enumerate(values)]
    spec = ChartSpec(
        width, height, WHOLE, references=references, y_log=y_log, ascii_only=ascii_only
    )
    drawable = [ref for ref in references if not y_log or ref.value >= 1e-12]
    layout, drawn = chart_layout(spec), lines(spec)
    assert bool(layout.labels) == bool(drawable)
    if drawable:
        kept = sorted(drawable[: layout.plot_height], key=lambda ref: -ref.value)
        numbers = [
            f"{ref.value:.3f}" if abs(ref.value) < 10_000 else compact(ref.value) for ref in kept
        ]
        beside = [line[width - layout.labels + 1 :].split() for line in drawn]
        shown = [words[-1] for words in beside[: layout.plot_height] if words]
        assert shown == numbers


def test_a_moved_label_points_to_its_line() -> None:
    references = [Reference("a", 2.5), Reference("b", 2.5), Reference("c", 1.0)]
    drawn = lines(ChartSpec(60, 12, WHOLE, references=references))
    row = next(i for i, line in enumerate(drawn) if "a 2.500" in line)
    assert "┄ a 2.500" in drawn[row]
    assert "↑b 2.500" in drawn[row + 1]


@given(
    st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(4, 58), st.sampled_from([2, 4])
)  # fmt: skip
def test_rows_cover_the_range_evenly(low: float, span: float, n_rows: int, dots: int) -> None:
    axis, tick_step = even_rows(low, low + span, n_rows, dots)
    slack = 1e-6 * span + 1e-9 * abs(low)
    assert axis.low <= low + slack
    assert axis.high >= low + span - slack
    per_row = (axis.high - axis.low) * dots / (n_rows * dots - 1)
    assert tick_step / per_row == pytest.approx(round(tick_step / per_row))
    assert per_row * n_rows <= 3 * span


@given(st.floats(1e-5, 1e6), st.floats(1, 1e5), st.integers(1, 58))
def test_rows_of_a_log_axis_cover_the_range(low: float, ratio: float, n_rows: int) -> None:
    axis, texts = log_rows(low, low * ratio, n_rows)
    assert axis.low <= low * (1 + 1e-9)
    assert axis.high >= low * ratio * (1 - 1e-9)
    assert all(0 <= row < n_rows for row in texts)
    assert not texts.keys() & {row + 1 for row in texts}


def test_a_log_axis_gives_equal_ratios_equal_room() -> None:
    layout = chart_layout(replace(falling(), y_log=True, height=40))
    down = [layout.dot_y(value) for value in (3.2, 2.8, 2.45)]
    assert down[1] - down[0] == pytest.approx(down[2] - down[1], rel=1e-9)


def test_the_cursor_is_a_line_behind_the_data() -> None:
    spec = replace(falling(), cursor=1_000.0)
    layout, with_cursor, without = chart_layout(spec), render_chart(spec), lines(falling())
    at = layout.gutter + layout.column(1_000)
    column = [line[at] for line in lines(spec)[: layout.plot_height]]
    before = [line[at] for line in without[: layout.plot_height]]
    assert all(a == ("│" if b in " ┄" else b) for a, b in zip(column, before, strict=True))
    assert column.count("│") > 10
    assert any("│" in text and role == "plain" for text, role in with_cursor[1])
    ascii_lines = lines(replace(spec, ascii_only=True))
    assert ascii_lines[3][at] == "!"


def test_what_lies_beside_the_shown_part_is_left_out() -> None:
    spec = replace(falling(), x=LogAxis(8_000, 25_000), references=())
    drawn = lines(spec)
    layout = chart_layout(spec)
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


def test_steps_under_the_axis_are_whole_and_told_apart() -> None:
    few = lines(replace(falling(), x=LinearAxis(0, 3), marks=()))[-1]
    assert few.split()[:4] == ["0", "1", "2", "3"]
    near = lines(replace(falling(), x=LinearAxis(24_500, 24_560), marks=()))[-1]
    assert near.split()[:2] == ["24,500", "24,510"]


def test_a_column_is_the_mean_of_all_its_losses() -> None:
    train = [Bucket(1_000, 2.0, 2.0, 2.0, n=9), Bucket(1_001, 4.0, 4.0, 4.0, n=1)]
    spec = replace(falling(), train=train)
    (column,) = gather(spec, chart_layout(spec)).values()
    assert (column.mean, column.n, column.low, column.high) == (pytest.approx(2.2), 10, 2.0, 4.0)


def test_crowded_changes_share_a_sign() -> None:
    marks = [Mark(20_000), Mark(20_001), Mark(20_010), Mark(100_000, "r")]
    row = lines(replace(falling(), marks=marks))[-1]
    assert "▲1-3" in row
    assert "▲r" in row


def test_signs_of_changes_cover_no_data() -> None:
    drawn = lines(replace(falling(), height=6))
    row = next(i for i, line in enumerate(drawn) if "▲1▲2" in line)
    without = lines(replace(falling(), height=6, marks=()))[row]
    at = drawn[row].index("▲1▲2")
    assert set(without[at : at + 4]) <= {"┄", " "}


def test_parts_go_in_order_as_room_shrinks() -> None:
    def parts(width: int, height: int) -> tuple[bool, bool, bool, bool]:
        text = "\n".join(lines(replace(falling(), width=width, height=height)))
        return "uniform" in text, "3.296" in text, "└" in text, "┤" in text

    assert parts(80, 15) == (True, True, True, True)
    assert parts(44, 15) == (False, True, True, True)
    assert parts(80, 6) == (True, True, False, True)
    assert parts(29, 15) == (False, True, False, False)
    assert parts(19, 15) == (False, False, False, False)
    assert parts(80, 5) == (True, True, False, False)
    assert parts(80, 4) == (False, False, False, False)


def test_band_and_roles() -> None:
    roles = {role for row in render_chart(falling()) for _, role in row}
    assert {"band", "band_train", "band_val", "band_guide", "best", "mark", "label"} <= roles
    unshaded = render_chart(replace(falling(), shade_band=False))
    assert not {role for row in unshaded for _, role in row if role.startswith("band")}


def test_cost_does_not_grow_with_the_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw_line = BrailleCanvas.line

    def counted(self: BrailleCanvas, x0: float, y0: float, x1: float, y1: float) -> None:
        drawn.append(1)
        draw_line(self, x0, y0, x1, y1)

    monkeypatch.setattr(BrailleCanvas, "line", counted)
    train = [Bucket(40 * i, expected_loss(40 * i), 2.0, 3.0) for i in range(1, 1_001)]
    spec = replace(falling(), width=120, height=40, train=train)
    render_chart(spec)
    assert 0 < len(drawn) <= 2 * chart_layout(spec).plot_width


GOLDEN = """\
     │o┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┊┄┊┄┄┄┄┄┄┄┄┄ uniform 3.296
  3.2┤⠉⠉⠑⠒⠢⠤⣀⡀o                                     ┊ ┊
     │       ⠈⠑⠢⢄⡀                                  ┊ ┊
  3.0┤           ⠈o⢄                                ┊ ┊
     │              ⠑⠢o                             ┊ ┊
  2.8┤                ⠈⠢⡀                           ┊ ┊
     │                  ⠈⠢o                         ┊ ┊
  2.6┤                     ⠣⣀                       ┊ ┊
     │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄⠑o⡀┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┊┄┊┄┄┄┄┄┄┄┄┄ bigram  2.454
  2.4┤                         ⠈⠢⢄o                 ┊ ┊
     │                            ⠉⠒⠤⣀o             ┊ ┊
  2.2┤                                ⠉⠑⠒⠢o⢄⣀⣀o   o ┊ ┊o        ↓best    2.140
     │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄⠈⠉⠉⠉⠉⠉⠉⠒⠒⠒⠂┄┄┄┄┄┄┄ expect  2.105
     └┬────┬─────┬────┬────┬─────┬────┬────┬─────┬────┬─────┬─── ⠒ train  o val
      1          10        100        1k         10k▲1▲2    100k ┬ snapshot
"""
GOLDEN_ASCII = """\
     |o---------------------------------------------|-|--------- uniform 3.296
  3.2+'''''.. o                                     | |
     |       '''..                                  | |
  3.0+            o.                                | |
     |              ':o                             | |
  2.8+                '..                           | |
     |                   'o                         | |
  2.6+                     '.                       | |
     |-----------------------'o---------------------|-|--------- bigram  2.454
  2.4+                         ''.o                 | |
     |                            ''..o             | |
  2.2+                                '''.o...o   o | o         vbest    2.140
     |----------------------------------------'''''''''''------- expect  2.105
     ++----+-----+----+-----+----+----+----+-----+----+-----+--- . train  o val
      1          10         100       1k         10k^1^2    100k + snapshot
"""
GOLDEN_UNTRAINED = """\
     │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ uniform 3.296  it starts here
  3.0┤
     │        the line will be drawn here
  2.5┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ bigram  2.454  in about 0.3 s
     │
  2.0┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ expect  2.105  in about 45 s
     │
     └┴───────┴───────┴───────┴───────┴───────┴──
      1       10      100     1k      10k   100k
"""

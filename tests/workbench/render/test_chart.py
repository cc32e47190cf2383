"""Loss chart as rows of cells."""

import math
from typing import get_args

import pytest
from charts import REFERENCES, WHOLE, expected_loss, falling, lines, picture, specs
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from workbench.render.canvas import BrailleCanvas
from workbench.render.chart.chart import (
    Bucket,
    ChangeMarker,
    ChartSpec,
    ReferenceLine,
    Role,
    make_layout,
    render_chart,
)
from workbench.render.chart.plot import gather
from workbench.render.number_format import format_compact


@settings(max_examples=200)
@given(specs)
def test_every_row_has_the_exact_width_for_any_data(spec: ChartSpec) -> None:
    rows = render_chart(spec)
    assert len(rows) == spec.height
    for row in rows:
        assert cell_len("".join(text for text, _ in row)) == spec.width
        assert all(role in get_args(Role) for _, role in row)
        assert all(text.isascii() for text, _ in row) or not spec.ascii_only


def test_a_chart_without_room_is_empty() -> None:
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
    layout = make_layout(early)
    assert layout.column(2_000) == make_layout(late).column(2_000)
    until = layout.gutter + layout.column(1_500)
    before = [line[:until] for line in lines(early)[1:-2]]
    assert before == [line[:until] for line in lines(late)[1:-2]]


def test_a_loss_that_is_not_finite_leaves_a_gap_and_a_cross() -> None:
    train = [Bucket(s, expected_loss(s), 2.0, 3.0) for s in (1, 10, 100)]
    train += [Bucket(s, math.nan, math.nan, math.nan) for s in (1_000, 1_200, 1_500)]
    train += [Bucket(10_000, 2.3, 2.0, 3.0), Bucket(11_000, math.inf, 2.0, math.inf)]
    spec = replace(falling(), train=train, val=[], marks=[], references=[])
    layout = make_layout(spec)
    drawn = lines(spec)
    columns = [i - layout.gutter for i, char in enumerate(drawn[0]) if char == "✗"]
    assert columns == [layout.column(1_000), layout.column(11_000)]
    gap = range(layout.gutter + layout.column(200), layout.gutter + layout.column(9_000))
    assert all(line[i] in " ✗" for line in drawn[: layout.plot_height] for i in gap)
    assert ("✗", "error") in render_chart(spec)[0]


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
    """With more labels than rows, the last labels are left out."""
    references = [ReferenceLine(f"name{i}", value) for i, value in enumerate(values)]
    spec = ChartSpec(
        width, height, WHOLE, references=references, y_log=y_log, ascii_only=ascii_only
    )
    drawable = [ref for ref in references if not y_log or ref.value >= 1e-12]
    layout, drawn = make_layout(spec), lines(spec)
    assert bool(layout.labels) == bool(drawable)
    if drawable:
        kept = drawable[: layout.plot_height]
        numbers = [
            f"{ref.value:.3f}" if abs(ref.value) < 10_000 else format_compact(ref.value)
            for ref in kept
        ]
        beside = [line[width - layout.labels + 1 :].split() for line in drawn]
        shown = [words[-1] for words in beside[: layout.plot_height] if words]
        assert sorted(shown) == sorted(numbers)


def test_a_moved_label_points_to_its_line() -> None:
    references = [ReferenceLine("a", 2.5), ReferenceLine("b", 2.5), ReferenceLine("c", 1.0)]
    drawn = lines(ChartSpec(60, 12, WHOLE, references=references))
    row = next(i for i, line in enumerate(drawn) if "a 2.500" in line)
    assert "┄ a 2.500" in drawn[row]
    assert "╭b 2.500" in drawn[row - 1] or "╰b 2.500" in drawn[row + 1]


def test_the_cursor_is_a_line_behind_the_data() -> None:
    spec = replace(falling(), cursor=1_000.0)
    layout, with_cursor, without = make_layout(spec), render_chart(spec), lines(falling())
    at = layout.gutter + layout.column(1_000)
    column = [line[at] for line in lines(spec)[: layout.plot_height]]
    before = [line[at] for line in without[: layout.plot_height]]
    assert all(a == ("│" if b in " ┄" else b) for a, b in zip(column, before, strict=True))
    assert column.count("│") > 10
    assert any("│" in text and role == "plain" for text, role in with_cursor[1])
    ascii_lines = lines(replace(spec, ascii_only=True))
    assert ascii_lines[3][at] == "!"


def test_a_column_is_the_mean_of_all_its_losses() -> None:
    train = [Bucket(1_000, 2.0, 2.0, 2.0, n=9), Bucket(1_001, 4.0, 4.0, 4.0, n=1)]
    spec = replace(falling(), train=train)
    (column,) = gather(spec, make_layout(spec)).values()
    assert (column.mean, column.n, column.low, column.high) == (pytest.approx(2.2), 10, 2.0, 4.0)


def test_crowded_changes_share_a_sign() -> None:
    marks = [
        ChangeMarker(20_000),
        ChangeMarker(20_001),
        ChangeMarker(20_010),
        ChangeMarker(100_000, "r"),
    ]
    row = lines(replace(falling(), marks=marks))[-1]
    assert "▲1-3" in row
    assert "▲r" in row


def test_change_markers_cover_no_data() -> None:
    drawn = lines(replace(falling(), height=6))
    row = next(i for i, line in enumerate(drawn) if "▲1▲2" in line)
    without = lines(replace(falling(), height=6, marks=()))[row]
    at = drawn[row].index("▲1▲2")
    assert set(without[at : at + 4]) <= {"┄", " "}


def test_parts_are_left_out_in_order_as_room_shrinks() -> None:
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
    assert 0 < len(drawn) <= 2 * make_layout(spec).plot_width


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
  2.2┤                                ⠉⠑⠒⠢o⢄⣀⣀o   o ┊ ┊o        ╭best    2.140
     │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄⠈⠉⠉⠉⠉⠉⠉⠒⠒⠒⠂┄┄┄┄┄┄┄ expect  2.105
     └┬────┬─────┬────┬────┬─────┬────┬────┬─────┬────┬─────┬─── ⠒ train  o val
      1          10        100        1k        10k ▲1▲2    100k ┬ snapshot
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
  2.2+                                '''.o...o   o | o         ,best    2.140
     |----------------------------------------'''''''''''------- expect  2.105
     ++----+-----+----+-----+----+----+----+-----+----+-----+--- . train  o val
      1          10         100       1k        10k ^1^2    100k + snapshot
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

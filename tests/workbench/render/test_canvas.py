import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.render.canvas import BrailleCanvas

anywhere = st.floats(-1e15, 1e15) | st.sampled_from([math.nan, math.inf, -math.inf])


def test_dots_of_a_cell() -> None:
    canvas = BrailleCanvas(2, 1)
    canvas.set(0, 0)
    canvas.set(1, 3)
    assert canvas.rows() == ["⢁ "]


def test_lines_are_drawn_dot_by_dot() -> None:
    canvas = BrailleCanvas(3, 2)
    canvas.line(0, 0, 5, 7)
    assert canvas.rows() == ["⠱⡀ ", " ⠈⢆"]
    flat = BrailleCanvas(3, 1)
    flat.polyline([(0, 1), (math.nan, 1), (4, 1), (5, 1)])
    assert flat.rows() == ["⠂ ⠒"]


def test_ascii_has_two_dots_a_cell() -> None:
    canvas = BrailleCanvas(3, 1, ascii_only=True)
    for x, y in ((0, 0), (1, 1), (2, 0), (2, 1)):
        canvas.set(x, y)
    assert canvas.rows() == ["'.:"]


@given(
    st.integers(0, 12), st.integers(0, 8), st.booleans(),
    st.lists(st.tuples(anywhere, anywhere), max_size=8),
)  # fmt: skip
def test_any_line_stays_inside(
    width: int, height: int, ascii_only: bool, points: list[tuple[float, float]]
) -> None:
    canvas = BrailleCanvas(width, height, ascii_only)
    canvas.polyline(points)
    rows = canvas.rows()
    assert len(rows) == height
    assert all(len(row) == width for row in rows)
    assert {(c, r): char for c, r, char in canvas.drawn()} == {
        (c, r): char for r, row in enumerate(rows) for c, char in enumerate(row) if char != " "
    }


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50))
def test_a_line_includes_both_visible_ends(x0: int, y0: int, x1: int, y1: int) -> None:
    canvas = BrailleCanvas(10, 5)
    canvas.line(x0, y0, x1, y1)
    for x, y in ((x0, y0), (x1, y1)):
        if 0 <= x < 20 and 0 <= y < 20:
            assert canvas.char(x // 2, y // 4) != " "

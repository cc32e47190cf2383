from charts import axes, falling, lines
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from workbench.render.axis import LinearAxis, LogAxis
from workbench.render.chart.chart import ChartSpec, make_layout
from workbench.render.chart.rate_strip import rate_strip

HALVED = [(20_000.0, 0.1), (30_000.0, 0.05), (41_200.0, 0.025)]


def strip(spec: ChartSpec, points: list[tuple[float, float]], height: int = 2) -> list[str]:
    rows = rate_strip(make_layout(spec), points, height, ascii_only=spec.ascii_only)
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def test_the_strip_stands_under_the_columns_of_the_chart() -> None:
    spec = replace(falling(), x=LinearAxis(0, 50_000), width=80)
    assert strip(spec, HALVED) == [
        "     │⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⡇                                   rate 0.1",
        "     │                       ⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⢹⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀           rate 0.025",
    ]
    columns = [line.index("▲1") for line in lines(spec) if "▲1" in line]
    assert columns == [strip(spec, HALVED)[0].index("⡇")]


def test_a_constant_rate_is_one_number() -> None:
    rows = strip(falling(), [(float(step), 0.1) for step in range(1, 500, 7)], 3)
    assert rows[0].startswith("     │⠉⠉⠉")
    assert rows[0].endswith("rate 0.1")
    assert [row.strip() for row in rows[1:]] == ["│", "│"]
    assert strip(falling(), [])[0].strip() == "│"


@given(
    axes,
    st.lists(st.tuples(st.floats(0, 1e7), st.floats() | st.floats(0, 1)), max_size=40).map(sorted),
    st.integers(1, 150),
    st.integers(1, 40),
    st.integers(1, 4),
    st.booleans(),
    st.none() | st.floats(-5, 1e7),
)
def test_any_rates_fit_under_any_chart(
    x: LogAxis,
    points: list[tuple[float, float]],
    width: int,
    height: int,
    n_rows: int,
    ascii_only: bool,
    cursor: float | None,
) -> None:
    spec = replace(falling(), x=x, width=width, height=height, ascii_only=ascii_only)
    rows = rate_strip(make_layout(spec), points, n_rows, cursor, ascii_only)
    assert len(rows) == n_rows
    for row in rows:
        text = "".join(text for text, _ in row)
        assert cell_len(text) == width
        assert text.isascii() or not ascii_only

"""Example charts, and strategies for charts of any data."""

import math

from hypothesis import strategies as st

from workbench.render.axis import LinearAxis, LogAxis, SecondsAxis
from workbench.render.chart.chart import (
    Bucket,
    ChangeMarker,
    ChartSpec,
    Point,
    ReferenceLine,
    render_chart,
)

REFERENCES = (
    ReferenceLine("uniform", 3.296),
    ReferenceLine("bigram", 2.454),
    ReferenceLine("best", 2.140, role="best"),
    ReferenceLine("expect", 2.105),
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
        marks=[ChangeMarker(20_000), ChangeMarker(30_000)],
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
    x_unit=st.sampled_from(["steps", "seconds", "epochs", "rates"]),
    y_log=st.booleans(),
    train=series,
    val=series.map(lambda rows: [Point(row.x, row.mean) for row in rows]),
    references=st.lists(st.builds(ReferenceLine, labels, losses, labels), max_size=6),
    marks=st.lists(st.builds(ChangeMarker, steps, labels), max_size=5),
    snapshots=st.lists(steps, max_size=5),
    cursor=st.none() | steps,
    hint=labels,
    shade_band=st.booleans(),
    ascii_only=st.booleans(),
)

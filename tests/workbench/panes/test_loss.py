"""Loss pane: the content of its rows, which fit at every size and on every axis."""

import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from statistics import median
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from recorded_logs import recorded
from rich.cells import cell_len
from textual.app import App, ComposeResult

from seqlm.protocol.events import Continued, Evaluated, Event, RunCreated, StepsDone
from seqlm.runs.run_state import AppliedChange, LossPoint
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.panes.loss.pane import LossPane
from workbench.panes.loss.references import references
from workbench.panes.loss.render import LossBody, share_rows
from workbench.panes.loss.rows import change_rows
from workbench.panes.loss.view_model import X_SCALES, Y_SCALES, LossViewModel, XScale
from workbench.run.loss_series import MAX_EQUAL_BINS
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.widgets.loss_numbers import loss_row
from workbench.widgets.row_widget import Row

CONFIG = recipe.parse_recipe("names-mlp train.steps=3600 train.evaluate_every=400")


@cache
def run_state(name: str, n_events: int = 10_000) -> RunState:
    return reduce_events(RunState(), recorded(name)[:n_events])


MakeState = Callable[[RunState], AppState]


@pytest.fixture(scope="session")
def make_state(preview: Preview) -> MakeState:
    return lambda run: AppState(CONFIG, run_config=CONFIG, run=run, preview=preview)


def texts(rows: Sequence[Row]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def loss_body(state: AppState, view: LossViewModel, width: int = 77, height: int = 18) -> LossBody:
    return LossBody(state, view, width, height, ascii_only=False)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["steered", "diverging"]),
    st.integers(0, 130),
    st.integers(1, 170),
    st.integers(1, 50),
    st.sampled_from(X_SCALES),
    st.sampled_from(Y_SCALES),
    st.none() | st.integers(-5, 5_000),
    st.none() | st.tuples(st.floats(1, 40), st.floats(50, 4_000)),
    st.booleans(),
)
def test_rows_fit_at_every_size_and_axis(
    make_state: MakeState,
    name: str,
    n_events: int,
    width: int,
    height: int,
    x: str,
    y: str,
    cursor: int | None,
    window: tuple[float, float] | None,
    ascii_only: bool,
) -> None:
    view = LossViewModel(x, y, cursor, window)  # type: ignore[arg-type]
    state = LossBody(make_state(run_state(name, n_events)), view, width, height, ascii_only)
    rows = texts(state.rows())
    assert len(rows) <= height
    assert all(cell_len(row) <= width for row in rows)
    assert state.stops == sorted(set(state.stops))
    for x_cell, y_cell in ((0, 0), (width // 2, height // 2)):
        stop = state.stop_at(x_cell, y_cell)
        assert stop is None or stop in state.stops


def test_readout_of_a_step_is_one_row(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    run = state.run
    stop = loss_body(state, LossViewModel("log", part="all")).stops[-8]
    row = texts(loss_body(state, LossViewModel("log", cursor=stop, part="all")).rows())[-1]
    parts = [part for part in run.train.growing if part.step == stop]
    assert len(parts) == 1
    val = run.val.before(stop)
    assert val is not None
    assert row.startswith(f"{stop:,}: train ")
    assert f"  val {val.last:.4f}" in row
    (mean, low, high) = (parts[0].mean, parts[0].low, parts[0].high)
    assert f"{mean:.4f} ({low:.3f}–{high:.3f})" in row or "mean of" in row


def test_readout_of_one_step_has_no_range(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    loss = next(e.losses[0] for e in recorded("steered") if isinstance(e, StepsDone))
    row = texts(loss_body(state, LossViewModel("log", cursor=1, part="all")).rows())[-1]
    assert row.startswith(f"1: train {loss:.4f}   val —")


def test_readouts_cover_every_step_once(make_state: MakeState) -> None:
    """Each step belongs to exactly one column; together the columns are the whole run."""
    state = make_state(run_state("steered"))
    losses = [x for e in recorded("steered") if isinstance(e, StepsDone) for x in e.losses]
    for x in X_SCALES:
        seen, total = 0, 0.0
        picture = loss_body(state, LossViewModel(x=x, part="all"))
        for reading in picture._readings:
            assert reading.low <= reading.mean <= reading.high
            seen, total = seen + reading.n, total + reading.mean * reading.n
        assert seen == len(losses) == state.run.step
        assert total == pytest.approx(sum(losses))


def test_rows_name_the_unit(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    assert state.run.last_validation is not None
    nats = state.run.last_validation.loss
    rows = texts(loss_body(state, LossViewModel(y="bits")).rows())
    assert rows[0].split()[:2] == ["bits", "train"]
    assert f"val {nats / 0.6931471805599453:.4f}" in rows[0]
    assert any("uniform" in row and "4.755" in row for row in rows)
    rows = texts(loss_body(state, LossViewModel(y="perplexity")).rows())
    assert f"val {2.718281828459045**nats:.3f}" in rows[0]
    assert any("uniform" in row and "27.000" in row for row in rows)
    assert not texts([loss_row(state, 80)])[0].startswith("nats")


def test_readout_names_seconds_and_epochs(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    stop = loss_body(state, LossViewModel(x="seconds")).stops[-1]
    seconds = state.run.progress.seconds_at(stop)
    row = texts(loss_body(state, LossViewModel(x="seconds", cursor=stop)).rows())[-1]
    assert f"at {round(seconds, 2):g} s" in row
    row = texts(loss_body(state, LossViewModel(x="epochs", cursor=stop)).rows())[-1]
    assert f"epoch {3600 * 32 / 114_291:.3g}"[:9] in row


def test_readout_replaces_the_losses_in_a_low_pane(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    low = texts(loss_body(state, LossViewModel(cursor=300), height=7).rows())
    assert low[0].split(":")[0].isdigit()
    assert texts(loss_body(state, LossViewModel(), height=7).rows())[0].startswith("train ")
    assert len(low) == 7
    assert low[1:] != texts(loss_body(state, LossViewModel(), height=7).rows())[1:]


def test_row_without_a_readout_names_the_keys(make_state: MakeState) -> None:
    rows = texts(loss_body(make_state(run_state("steered")), LossViewModel()).rows())
    assert rows[-1] == "end 3,600 │ ←→ read a step │ n recent 0 all │ + - zoom"
    live = replace(run_state("steered"), status="training")
    assert texts(loss_body(make_state(live), LossViewModel()).rows())[-1].startswith("now 3,600 │")


@pytest.mark.parametrize("n_changes", [0, 1, 9])
def test_chart_gets_its_rows_first(n_changes: int) -> None:
    for width in (20, 77, 88, 151):
        for height in range(1, 50):
            parts = share_rows(width, height, n_changes)
            assert sum(parts) == height - 1
            assert parts.chart >= 8 or not (parts.strip or parts.changes or parts.reading)
    assert share_rows(151, 23, 0).strip == 2
    assert share_rows(151, 30, 0).strip == 3
    assert share_rows(77, 30, 0).strip == 0


def test_learning_rate_strip_needs_a_large_pane(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    rows = texts(loss_body(state, LossViewModel(), 151, 23).rows())
    assert any(row.rstrip().endswith("rate 0.05") for row in rows)
    assert all(cell_len(row) == 151 for row in rows[1:-2])
    assert not any(
        "rate 0.1 " in row for row in texts(loss_body(state, LossViewModel(), 77, 18).rows())[1:-2]
    )


def test_loss_numbers_are_never_cut(make_state: MakeState) -> None:
    state = make_state(run_state("steered"))
    for width in range(5, 120):
        for row in (loss_row(state, width), loss_row(state, width, "perplexity")):
            assert cell_len(texts([row])[0]) <= width
    assert texts([loss_row(state, 40)])[0].split()[::2] == ["train", "val", "best"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("names-mlp", ["train", "val", "best"]),
        ("one-batch", ["batch", "val"]),
        ("hello", ["train"]),
    ],
)
def test_primary_loss_comes_first(line: str, names: list[str]) -> None:
    config, run = recipe.parse_recipe(line), run_state("steered")
    state = AppState(config, run_config=config, run=run)
    row = texts([loss_row(state, 36)])[0].split()
    assert [word for word in row if word in ("batch", "train", "val", "best")] == names
    assert row[1] == f"{run.batch_loss if line == 'one-batch' else run.split_losses['train']:.4f}"
    marks = {reference.label for reference in references(state)}
    assert ("best" in marks) == ("best" in names)
    assert "expected" in marks


def test_effect_of_a_change_is_listed(make_state: MakeState) -> None:
    rows = texts(loss_body(make_state(run_state("steered")), LossViewModel()).rows())
    listed = next(row for row in rows if row.startswith("▲1 "))
    assert "learning rate 0.1 → 0.05" in listed
    assert "val 3.306 at 2,000 → 2.993 at 2,400" in listed


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            120,
            "learning rate 9.3e-5 → 0.01  val 2.347 at 154,000 → 2.358 at 155,000, both together",
        ),
        (76, "learning rate 9.3e-5 → 0.01  val 2.347 → 2.358 by 2"),
        (62, "learning rate → 0.01  val 2.347 → 2.358 by 2"),
        (54, "learning rate → 0.01  2.347 → 2.358 by 2"),
    ],
)
def test_changes_between_two_validations_share_their_effect(
    make_state: MakeState, width: int, expected: str
) -> None:
    before, after = LossPoint(154_000, 2.347), LossPoint(155_000, 2.358)
    rates = ((154_302, 4.65e-5, 9.3e-5), (154_597, 9.3e-5, 0.01))
    changes = tuple(
        AppliedChange(at, "train.learning_rate", *to, before, after) for at, *to in rates
    )
    state = make_state(replace(run_state("steered"), changes=changes, n_changes=4))
    rows = texts(change_rows(state, 3, width))
    assert rows[1].split() == f"▲4 154,597 {expected}".split()
    assert rows[0].endswith(expected.rpartition("  ")[2])
    assert all(cell_len(row) <= width for row in rows)


def long_run(n_steps: int) -> RunState:
    """Return a finished run of ``n_steps`` steps with noisy, decreasing losses."""
    events: list[Event] = [
        RunCreated(
            run="a", recipe="names-mlp", preset="names-mlp", n_parameters=1, n_vocab=27,
            n_targets={"train": 100_000}, steps_planned=n_steps,
        ),
        Continued(step=0),
    ]  # fmt: skip
    n_records = 400
    size = n_steps // n_records
    for first in range(1, n_steps, size):
        falls = [2.1 + 1.2 / (1 + (first + i) / 100) + 0.3 * (i * 7919 % 101 / 101 - 0.5)
                 for i in range(size)]  # fmt: skip
        last = first + size - 1
        events.append(
            StepsDone(
                first_step=first, losses=falls, learning_rate=0.1, train_s=last / 4000, cpu_s=0.0,
                n_tokens=last * 32,
            )
        )  # fmt: skip
        events.append(
            Evaluated(step=last, split="val", loss=falls[-1], n_tokens=9, protocol="whole")
        )
    return reduce_events(RunState(), events)


class Host(App[None]):
    """App that contains only the pane."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.pane, self._found = LossPane(), state

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.set_state(self._found)
        self.pane.focus()

    @property
    def keys(self) -> set[str]:
        return {
            (active.binding.id or "").removeprefix("loss.")
            for active in self.active_bindings.values()
            if active.node is self.pane and active.enabled
        }


def screen_rows(host: Host) -> list[str]:
    return [host.pane.render_line(y).text for y in range(host.pane.size.height)]


async def test_keys_move_the_cursor_and_change_the_axes(make_state: MakeState) -> None:
    host = Host(make_state(run_state("steered")))
    async with host.run_test(size=(80, 20)) as pilot:
        assert "now" not in host.keys
        await pilot.press("left")
        assert host.pane.view.cursor == 3600
        assert screen_rows(host)[-2].startswith("┃ 3,600: train ")
        await pilot.press("x", "0", "home")
        assert screen_rows(host)[-2].startswith("┃ 1: train ")
        await pilot.press("l", "right", "pagedown", "h", "pageup", "end", "y")
        assert host.pane.view == LossViewModel("log", "log", 3600, part="all")
        assert "x log, all · y log" in screen_rows(host)[0]
        assert {"now", "in"} <= host.keys
        await pilot.press("plus", "plus")
        assert "out" in host.keys
        assert "x log, zoomed" in screen_rows(host)[0]
        await pilot.press("minus")
        assert host.pane.view.window is not None
        await pilot.press("0", "escape")
        assert host.pane.view == LossViewModel("log", "log", part="all")
        assert not {"now", "out"} & host.keys
        await pilot.press("0", "n")
        assert "x log, recent" in screen_rows(host)[0]
        await pilot.press("n")
        assert host.pane.view == LossViewModel("log", "log")


async def test_click_moves_the_cursor_to_the_column(make_state: MakeState) -> None:
    host = Host(make_state(run_state("steered")))
    async with host.run_test(size=(80, 20)) as pilot:
        await pilot.click(LossPane, offset=(40, 8))
        assert screen_rows(host)[8][40] in "│⠁⠂⠄⡀"
        assert host.pane.view.cursor in host.pane._shown_body().stops  # type: ignore[union-attr]
        cursor = host.pane.view.cursor
        await pilot.click(LossPane, offset=(1, 0))
        assert host.pane.view.cursor == cursor


async def test_no_cursor_before_training(make_state: MakeState) -> None:
    host = Host(make_state(RunState()))
    async with host.run_test(size=(80, 20)) as pilot:
        await pilot.press("left", "plus", "home", "x", "y")
        assert host.pane.view == LossViewModel("log", "log")
        assert not {"left", "in", "now", "recent", "all"} & host.keys
        assert any("uniform" in row for row in screen_rows(host))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 5), (20, 5), (30, 9), (40, 12), (151, 40)])
async def test_every_key_works_at_every_size(make_state: MakeState, size: tuple[int, int]) -> None:
    host = Host(make_state(run_state("diverging")))
    async with host.run_test(size=size) as pilot:
        await pilot.press("left", "x", "y", "plus", "left", "plus", "x", "y", "minus", "end")
        await pilot.press("x", "y", "pageup", "0", "x", "y", "home", "escape")
        host.pane.set_appearance(ascii_only=True)
        assert all(row.isascii() for row in screen_rows(host))


@pytest.fixture(scope="module")
def short_and_long(make_state: MakeState) -> tuple[AppState, AppState]:
    return make_state(long_run(1_000)), make_state(long_run(1_000_000))


def n_lines_executed(work: Callable[[], object]) -> int:
    """Return the number of executed Python lines: a cost that does not depend on machine load."""
    n_lines = 0

    def count(frame: FrameType, what: str, _: object) -> Callable[..., object]:
        nonlocal n_lines
        n_lines += what == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return n_lines


@pytest.mark.parametrize("x", X_SCALES)
def test_frame_executes_as_many_lines_after_a_million_steps(
    short_and_long: tuple[AppState, AppState], x: XScale
) -> None:
    short, long = short_and_long
    view = LossViewModel(x=x)
    costs = [n_lines_executed(lambda: loss_body(state, view).rows()) for state in (short, long)]  # noqa: B023
    assert costs[1] <= 1.5 * costs[0]


def test_memory_of_a_million_steps_is_bounded(
    short_and_long: tuple[AppState, AppState],
) -> None:
    run = short_and_long[1].run
    assert sum(part.n for part in run.train.growing) == 1_000_000
    assert len(run.train.growing) < 600
    assert len(run.train.equal) <= MAX_EQUAL_BINS
    assert len(run.progress.steps) < 1_000


@pytest.mark.slow
def test_frame_takes_no_longer_after_a_million_steps(
    short_and_long: tuple[AppState, AppState],
) -> None:
    costs: tuple[list[float], list[float]] = ([], [])
    for _ in range(100):
        for state, times in zip(short_and_long, costs, strict=True):
            start_time = time.process_time()
            loss_body(state, LossViewModel()).rows()
            times.append(time.process_time() - start_time)
    assert median(costs[1]) <= 1.5 * median(costs[0])

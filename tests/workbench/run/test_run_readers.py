"""The command line, the list of runs and the screen agree on every recorded log."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_worker import write_run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from recorded_logs import recorded
from test_reducer import CREATED, STARTED, steps, val

from seqlm.protocol.codec import encode
from seqlm.protocol.events import CheckpointSaved, Continued, Event, Resumed
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.run_state import ENDED
from seqlm.runs.summary import summarize
from seqlm.runspec import recipe
from workbench.render.number_format import format_count, format_loss
from workbench.run.log_follower import LogFollower
from workbench.run.reducer import reduce_events
from workbench.run.run_status import run_status_text
from workbench.run.state import RunState

CONFIG = recipe.parse_recipe("names-mlp train.steps=3600")


def resumed_log() -> list[Event]:
    """A run that was interrupted after its best validation and went back behind it."""
    events: list[Event] = [CREATED, STARTED, Continued(step=0), steps(1, [3.0] * 5)]
    events += [val(5, 2.9, best=True), steps(6, [2.8] * 5)]
    saved_from = len(events) + 1
    events += [
        CheckpointSaved(step=10, seconds=0.1, n_bytes=1),
        steps(11, [2.0]),
        val(11, 2.1, True),
    ]
    events += [Resumed(step=10, superseded_from=saved_from, superseded_to=len(events))]
    events += [STARTED, Continued(step=10), steps(11, [2.7]), val(11, 2.95)]
    return [replace(event, seq=seq) for seq, event in enumerate(events, 1)]


LOGS = {
    "steered": list(recorded("steered")),
    "diverging": list(recorded("diverging")),
    "resumed": resumed_log(),
}


def follow(path: Path) -> RunState:
    follower = LogFollower(path)
    while follower.read():
        pass
    return follower.state


def assert_readers_agree(folder: Path, events: Sequence[Event]) -> None:
    run = write_run(folder, CONFIG, events)
    state, summary = follow(run.events_path), summarize(run, is_live=False).summary
    listed = run_status_text(run, is_live=False)
    assert summary.status == (state.status if state.status in ENDED else "died")
    assert summary.steps == state.step
    assert summary.best_val_loss == (state.best and state.best.loss)
    assert summary.best_step == (state.best and state.best.step)
    assert listed.startswith(f"{summary.status}, {format_count(state.step)} step")
    assert ("val" in listed) == (state.last_validation is not None)
    if state.last_validation is not None:
        assert listed.endswith(f"val {format_loss(state.last_validation.loss, 3)}")
    if state.is_live:  # a run that starts counts as training
        status = "paused" if state.status == "paused" else "training"
        assert summarize(run, is_live=True).summary.status == status
        assert run_status_text(run, is_live=True).startswith(f"{status} now")


@pytest.mark.parametrize("name", LOGS)
def test_the_three_readers_agree_after_every_event(name: str, tmp_path: Path) -> None:
    events = LOGS[name]
    for n in range(2, len(events) + 1, max(1, len(events) // 40)):
        assert_readers_agree(tmp_path / str(n), events[:n])
    assert_readers_agree(tmp_path / "whole", events)


def test_a_superseded_best_loss_counts_for_no_reader(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", CONFIG, resumed_log())
    assert summarize(run, is_live=False).summary.best_val_loss == 2.9
    assert follow(run.events_path).best == (5, 2.9)
    assert run_status_text(run, is_live=False) == "died, 11 steps, val 2.950"


@given(st.lists(st.integers(0, 14), max_size=5))
def test_a_log_that_grows_in_any_pieces_gives_the_state_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    events, path = resumed_log(), tmp_path_factory.mktemp("run") / "events.jsonl"
    follower, begin = LogFollower(path), 0
    for cut in [*sorted(cuts), len(events)]:
        with path.open("ab") as log:
            log.write(b"".join(map(encode, events[begin:cut])))
        begin = max(begin, cut)
        while follower.read():
            pass
        assert follower.state == reduce_events(RunState(), without_superseded(read_events(path)))

"""Reducer of the screen: the state of a run from its events."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_logs import recorded

from seqlm.protocol.codec import encode
from seqlm.protocol.events import (
    Continued,
    Ended,
    Evaluated,
    Event,
    Paused,
    Resumed,
    RunCreated,
    Sampled,
    StepsDone,
    ValueChanged,
    WeightsKept,
    WorkerStarted,
)
from seqlm.runs.event_log import read_events, without_superseded
from workbench.run.log_follower import LogFollower
from workbench.run.reducer import reduce_event, reduce_events
from workbench.run.state import RunState

CREATED = RunCreated(
    run="names-mlp-1",
    recipe="names-mlp",
    preset="names-mlp",
    n_parameters=11_897,
    n_vocab=27,
    n_targets={"train": 100},
    steps_planned=100,
    t=10.0,
)
STARTED = WorkerStarted(pid=1, step=0, device="cpu", threads=1, versions={}, t=10.0)


def steps(first: int, losses: Sequence[float], t: float = 0.0) -> StepsDone:
    return StepsDone(
        first_step=first,
        losses=list(losses),
        learning_rate=0.1,
        train_s=0.0,
        cpu_s=0.0,
        n_tokens=0,
        t=t,
    )


def val(step: int, loss: float, best: bool = False) -> Evaluated:
    return Evaluated(step=step, split="val", loss=loss, n_tokens=9, protocol="whole", best=best)


def test_a_finished_log_reduces_to_a_finished_run() -> None:
    state = reduce_events(RunState(), recorded("steered"))
    assert (state.status, state.step, state.steps_planned) == ("finished", 3600, 3600)
    assert state.run == "names-mlp-1"
    assert sum(found.n for found in state.train.equal) == 3600
    assert state.best is not None
    assert state.last_validation is not None
    assert state.best.loss <= state.last_validation.loss
    assert "train" in state.split_losses


def test_progress_series_has_seconds_and_tokens_of_every_record() -> None:
    events = recorded("steered")
    state = reduce_events(RunState(), events)
    records = [event for event in events if isinstance(event, StepsDone)]
    for record in records[::9]:
        assert state.progress.seconds_at(record.last_step) == pytest.approx(
            record.train_s, rel=0.05
        )
        assert state.progress.tokens_at(record.last_step) == pytest.approx(record.n_tokens)
    assert state.progress.seconds[-1] == records[-1].train_s
    assert state.progress.rates[-1] == 0.05


def test_a_change_has_the_validation_losses_around_it() -> None:
    state = reduce_events(RunState(), recorded("steered"))
    change = state.changes[0]
    assert (change.key, change.old, change.new) == ("train.learning_rate", 0.1, 0.05)
    assert change.before is not None
    assert change.after is not None
    assert change.before.step <= change.step < change.after.step


def test_a_validation_at_the_step_of_a_change_is_before_it() -> None:
    change = ValueChanged(step=10, key="train.learning_rate", old=0.1, new=0.05)
    state = reduce_events(RunState(), [CREATED, val(5, 3.0), change, val(10, 2.5), val(15, 2.0)])
    assert [state.changes[0].before, state.changes[0].after] == [(10, 2.5), (15, 2.0)]
    assert state.learning_rate == 0.05


def test_a_diverged_run_keeps_its_message() -> None:
    state = reduce_events(RunState(), recorded("diverging"))
    assert state.status == "diverged"
    assert "NaN" in state.message or "infinite" in state.message


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_reducing_in_any_pieces_gives_the_same_state(cuts: list[int]) -> None:
    events = recorded("steered")
    state, begin = RunState(), 0
    for cut in [*sorted(cuts), len(events)]:
        state, begin = reduce_events(state, events[begin:cut]), max(begin, cut)
    assert state == reduce_events(RunState(), events)


def test_pauses_are_not_counted_as_training_time() -> None:
    events: list[Event] = [CREATED, STARTED, Continued(step=0, t=11.0)]
    events += [steps(1, [3.0] * 10, t=12.0), steps(11, [3.0] * 10, t=13.0)]
    state = reduce_events(RunState(), events)
    assert (state.status, state.steps_per_s, state.left_s) == ("training", 10.0, 8.0)
    paused = reduce_event(state, Paused(step=20, t=13.5))
    assert (paused.status, paused.steps_per_s, paused.trained_s) == ("paused", None, 2.5)
    later = reduce_events(paused, [Continued(step=20, t=99.0), steps(21, [3.0], t=100.0)])
    assert later.trained_s == 3.5


def test_validations_since_the_best_are_counted() -> None:
    state = reduce_events(RunState(), [CREATED, val(1, 2.0, best=True), val(2, 2.1), val(3, 2.2)])
    assert (state.best, state.checks_since_best) == ((1, 2.0), 2)


def test_split_losses_are_dropped_after_further_steps() -> None:
    """A run that was scored at its end and was given more steps has other weights now."""
    scored = Evaluated(step=20, split="train", loss=1.8, n_tokens=9, protocol="whole")
    ended = reduce_events(RunState(), [CREATED, scored])
    assert ended.split_losses == {"train": 1.8}
    assert reduce_event(ended, steps(21, [0.2])).split_losses == {}


def test_a_change_of_train_steps_changes_steps_planned() -> None:
    change = ValueChanged(step=10, key="train.steps", old=100, new=500)
    assert reduce_events(RunState(), [CREATED, change]).steps_planned == 500


@pytest.mark.parametrize("raw", ["\x1b[2J", "a\nb", "\u202e"])
def test_text_in_events_is_sanitized(raw: str) -> None:
    sampled = Sampled(step=1, tokens=[raw], surprisal=[1.0])
    ended = Ended(step=1, status="failed", message=raw)
    state = reduce_events(RunState(), [CREATED, sampled, ended])
    assert raw not in (state.samples[0][1], state.message)
    assert "\x1b" not in state.message + state.samples[0][1]


def test_samples_and_changes_are_bounded() -> None:
    state = reduce_event(RunState(), CREATED)
    for i in range(600):
        state = reduce_event(state, Sampled(step=i, tokens=["a"], surprisal=[1.0]))
        state = reduce_event(state, ValueChanged(step=i, key="train.pace", old=None, new=1.0))
    assert len(state.samples) <= 48
    assert state.samples[-1][0] == 599
    assert (len(state.changes), state.n_changes) == (512, 600)


def _written(path: Path, events: Sequence[Event]) -> Path:
    path.write_bytes(b"".join(map(encode, events)))
    return path


def _resumed_log() -> list[Event]:
    """Interrupted after 6 steps and resumed from a checkpoint at 3."""
    from msgspec.structs import replace

    events: list[Event] = [CREATED, STARTED, Continued(step=0), steps(1, [3.0, 3.0, 3.0])]
    events += [steps(4, [9.0, 9.0, 9.0])]
    events += [Resumed(step=3, superseded_from=5, superseded_to=5), STARTED, Continued(step=3)]
    events += [steps(4, [2.0, 2.0])]
    return [replace(event, seq=i) for i, event in enumerate(events, 1)]


def test_each_step_counts_once_after_a_resume(tmp_path: Path) -> None:
    path = _written(tmp_path / "events.jsonl", _resumed_log())
    follower = LogFollower(path)
    while follower.read():
        pass
    assert follower.state == reduce_events(RunState(), without_superseded(read_events(path)))
    assert [found.mean for found in follower.state.train.equal] == [3.0, 3.0, 3.0, 2.0, 2.0]


def test_a_resume_while_following_is_handled(tmp_path: Path) -> None:
    events = _resumed_log()
    path = _written(tmp_path / "events.jsonl", events[:5])
    follower = LogFollower(path)
    while follower.read():
        pass
    assert follower.state.step == 6
    _written(path, events)
    while follower.read():
        pass
    assert follower.state.step == 5
    assert follower.state == reduce_events(RunState(), without_superseded(read_events(path)))


def test_kept_holds_only_steps_that_can_be_queried(tmp_path: Path) -> None:
    kept = [WeightsKept(step=step, kept=known, seq=seq) for seq, (step, known) in enumerate(
        [(0, [0]), (1, [0, 1]), (3, [0, 3]), (10, [0, 3, 10]), (30, [0, 3, 10, 30])], 2
    )]  # fmt: skip
    back = Resumed(step=5, superseded_from=5, superseded_to=6, seq=7)
    again = WeightsKept(step=10, kept=[0, 3, 10], seq=8)
    path = _written(tmp_path / "events.jsonl", [CREATED, *kept])
    follower = LogFollower(path)
    for events, told in (
        ([], (0, 3, 10, 30)), ([back], (0, 3)), ([back, again], (0, 3, 10))
    ):  # fmt: skip
        _written(path, [CREATED, *kept, *events])
        while follower.read():
            pass
        assert follower.state.kept == told
    hostile = WeightsKept(step=1, kept=list(range(10_000)))
    assert len(reduce_event(RunState(), hostile).kept) <= 32

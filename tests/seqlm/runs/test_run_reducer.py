"""The reducer of the event log, and the events that a resumed run supersedes."""

import typing

from hypothesis import given
from hypothesis import strategies as st

from seqlm.protocol.events import (
    Continued,
    Ended,
    Evaluated,
    Event,
    Paused,
    Resumed,
    RunCreated,
    StepsDone,
    ValueChanged,
    WorkerStarted,
)
from seqlm.runs.event_log import SupersededEvents, without_superseded
from seqlm.runs.run_reducer import _RULES, reduce_event, reduce_events
from seqlm.runs.run_state import CoreRunState

CREATED = RunCreated(
    run="r",
    recipe="names-mlp",
    preset="names-mlp",
    n_parameters=1,
    n_vocab=27,
    n_targets={"train": 100, "val": 10},
    steps_planned=100,
    seq=1,
)
STARTED = WorkerStarted(pid=1, step=0, device="cpu", threads=1, versions={}, seq=2)


def steps(first: int, *losses: float, seq: int = 0) -> StepsDone:
    return StepsDone(
        first_step=first,
        losses=list(losses),
        learning_rate=0.1,
        train_s=1.0,
        cpu_s=2.0,
        n_tokens=32,
        seq=seq,
    )


def evaluated(step: int, loss: float, *, best: bool = False, split: str = "val") -> Evaluated:
    return Evaluated(
        step=step,
        split=split,  # type: ignore[arg-type]
        loss=loss,
        n_tokens=10,
        protocol="whole",
        best=best,
    )


def state_after(*events: Event) -> CoreRunState:
    return reduce_events(CoreRunState(), events)


def test_every_kind_of_event_has_a_rule() -> None:
    assert set(_RULES) == set(typing.get_args(Event))


def test_the_status_follows_the_events() -> None:
    events: list[Event] = [
        CREATED,
        STARTED,
        Continued(step=0),
        Paused(step=4),
        Continued(step=4),
        Ended(step=9, status="diverged", message="the loss is NaN"),
        Resumed(step=4, superseded_from=5, superseded_to=6),
        STARTED,
        steps(5, 3.0),
    ]
    statuses = [state_after(*events[: n + 1]).status for n in range(len(events))]
    assert statuses == [
        "starting", "starting", "training", "paused", "training", "diverged",
        "starting", "starting", "training",
    ]  # fmt: skip
    assert state_after(*events[:6]).message == "the loss is NaN"
    assert state_after(*events[:7]).message == ""


def test_best_is_the_last_validation_marked_as_best() -> None:
    state = state_after(CREATED, evaluated(1, 2.0, best=True), evaluated(2, 2.5))
    assert state.best == (1, 2.0)
    assert state.last_validation == (2, 2.5)
    assert state.checks_since_best == 1
    assert state_after(CREATED, evaluated(1, 2.0, split="train")).best is None


def test_split_losses_belong_to_the_last_weights() -> None:
    scored = state_after(
        CREATED, steps(1, 3.0), evaluated(1, 2.0), evaluated(1, 2.2, split="train")
    )
    assert scored.split_losses == {"val": 2.0, "train": 2.2}
    later = reduce_event(scored, steps(2, 1.5))
    assert later.split_losses == {}
    assert later.batch_loss == 1.5


def test_a_change_has_the_validation_losses_around_it() -> None:
    change = ValueChanged(step=10, key="train.steps", old=100, new=50, command_id="by hand")
    state = state_after(CREATED, evaluated(10, 3.0), change, evaluated(15, 2.0), evaluated(20, 1.0))
    (applied,) = state.changes
    assert (applied.before, applied.after) == ((10, 3.0), (15, 2.0))
    assert not applied.is_planned
    assert (state.steps_planned, state.values, state.n_changes) == (50, {"train.steps": 50}, 1)


def test_a_forged_number_of_steps_is_ignored() -> None:
    change = ValueChanged(step=10, key="train.steps", old=100, new="many")
    assert state_after(CREATED, change) == state_after(CREATED)


@st.composite
def resumed_logs(draw: st.DrawFn) -> list[Event]:
    """A log of a run that was interrupted any number of times, each time back to an earlier event."""
    events: list[Event] = [CREATED, STARTED]
    for n_steps in draw(st.lists(st.integers(0, 4), max_size=6)):
        for _ in range(n_steps):
            seq = len(events) + 1
            events.append(steps(seq, float(seq), seq=seq))
        counting = without_superseded(events)
        back_to = draw(st.sampled_from([event.seq for event in counting]))
        later = [event.seq for event in counting if event.seq > max(back_to, 1)]
        if later:
            seq = len(events) + 1
            last = max(later)
            events.append(Resumed(step=0, superseded_from=later[0], superseded_to=last, seq=seq))
    return events


def without_superseded_by_a_stack(events: list[Event]) -> list[Event]:
    """The definition: each ``Resumed`` removes the events from ``superseded_from`` up to itself."""
    kept: list[Event] = []
    for event in events:
        if isinstance(event, Resumed):
            while kept and kept[-1].seq >= event.superseded_from:
                kept.pop()
        kept.append(event)
    return kept


@given(resumed_logs())
def test_superseded_events_are_those_that_each_resumption_removes(events: list[Event]) -> None:
    assert without_superseded(events) == without_superseded_by_a_stack(events)


@given(resumed_logs())
def test_superseded_events_found_one_by_one_are_the_same(events: list[Event]) -> None:
    superseded = SupersededEvents()
    for event in events:
        assert superseded.has_added(event) == (not isinstance(event, Resumed))
        superseded.add(event)
        assert superseded.has_added(event)
    assert [event for event in events if event not in superseded] == without_superseded(events)

"""From events to the state of a run: a pure function, one rule for each kind of event.

The same events give the same state, whether they come one by one from a run that trains now or all
at once from an old log.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from seqlm.protocol.events import (
    CheckpointSaved,
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
from workbench.render.sanitize import sanitize
from workbench.run.state import AppliedChange, LossPoint, RunState

_MAX_CHANGES, _MAX_SAMPLES, _MAX_CLOCK, _MAX_KEPT = 512, 48, 40, 32
_MAX_MESSAGE, _MAX_SAMPLE = 300, 400
_MAX_NAME, _MAX_RECIPE = 100, 8000
_COUNTED_WITH = ("train.steps", "train.learning_rate")


def reduce_event(state: RunState, event: Event) -> RunState:
    """The state after one more event."""
    return _FOLD[type(event)](state, event)


def reduce_events(state: RunState, events: Iterable[Event]) -> RunState:
    """The state after more events, in their order."""
    for event in events:
        state = reduce_event(state, event)
    return state


def mark_died(state: RunState, message: str) -> RunState:
    """The state of a run whose worker ended without telling why."""
    return replace(state, status="died", message=sanitize(message, _MAX_MESSAGE), clock=())


def _created(_: RunState, event: RunCreated) -> RunState:
    return RunState(
        run=sanitize(event.run, _MAX_NAME),
        recipe=sanitize(event.recipe, _MAX_RECIPE),
        n_parameters=event.n_parameters,
        n_vocab=event.n_vocab,
        n_targets=event.n_targets,
        steps_planned=event.steps_planned,
        status="starting",
        seen_t=event.t,
    )


def _worker_started(state: RunState, event: WorkerStarted) -> RunState:
    return replace(
        state,
        status="starting",
        message="",
        device=sanitize(event.device, _MAX_NAME),
        seen_t=event.t,
        clock=(),
    )


def _resumed(state: RunState, event: Resumed) -> RunState:
    return replace(state, status="starting", message="", step=event.step, seen_t=event.t, clock=())


def _steps_done(state: RunState, event: StepsDone) -> RunState:
    state = _clocked(state, event)
    return replace(
        state,
        step=event.last_step,
        train=state.train.extended(event.first_step, event.losses),
        train_last=event.losses[-1] if event.losses else state.train_last,
        course=state.course.extended(
            event.last_step, event.train_s, event.n_tokens, event.learning_rate
        ),
        learning_rate=event.learning_rate,
        final={},  # they were of the weights before these steps
        clock=(*state.clock, (event.t, event.last_step))[-_MAX_CLOCK:],
    )


def _evaluated(state: RunState, event: Evaluated) -> RunState:
    state = _clocked(state, event)
    if event.split != "val":
        return replace(state, final={**state.final, event.split: event.loss})
    measured = LossPoint(event.step, event.loss)
    return replace(
        state,
        val=state.val.extended(event.step, [event.loss]),
        val_last=measured,
        best=measured if event.best else state.best,
        checks_since_best=0 if event.best else state.checks_since_best + 1,
        changes=tuple(_with_effect(change, measured) for change in state.changes),
    )


def _with_effect(change: AppliedChange, measured: LossPoint) -> AppliedChange:
    """A validation at the very step of a change still shows the weights from before it."""
    if measured.step <= change.step:
        return replace(change, before=measured)
    return change if change.after else replace(change, after=measured)


def _value_changed(state: RunState, event: ValueChanged) -> RunState:
    key, new = sanitize(event.key, _MAX_NAME), _clean_value(event.new)
    if key in _COUNTED_WITH and not isinstance(new, int | float):
        return state  # no worker of ours wrote this
    change = AppliedChange(
        event.step,
        key,
        _clean_value(event.old),
        new,
        before=state.val_last,
        is_planned=event.command_id is None,
    )
    planned = int(new) if key == "train.steps" else state.steps_planned
    return replace(
        state,
        values={**state.values, key: new},
        changes=(*state.changes, change)[-_MAX_CHANGES:],
        n_changes=state.n_changes + 1,
        steps_planned=planned,
        learning_rate=float(new) if key == "train.learning_rate" else state.learning_rate,
    )


def _paused(state: RunState, event: Paused) -> RunState:
    return replace(_clocked(state, event), status="paused", step=event.step, clock=())


def _continued(state: RunState, event: Continued) -> RunState:
    start = ((event.t, event.step),)
    return replace(state, status="training", message="", seen_t=event.t, clock=start)


def _sampled(state: RunState, event: Sampled) -> RunState:
    whole = "".join(event.tokens) if event.text is None else event.text
    text = sanitize(whole, _MAX_SAMPLE)
    samples = (*state.samples, (event.step, text))
    if len(samples) > _MAX_SAMPLES:
        samples = (*samples[:-1:2], samples[-1])
    return replace(_clocked(state, event), samples=samples)


def _weights_kept(state: RunState, event: WeightsKept) -> RunState:
    return replace(_clocked(state, event), kept=tuple(event.kept[-_MAX_KEPT:]))


def _checkpoint_saved(state: RunState, event: CheckpointSaved) -> RunState:
    return replace(_clocked(state, event), checkpoint_step=event.step)


def _ended(state: RunState, event: Ended) -> RunState:
    state = _clocked(state, event)
    message = sanitize(event.message, _MAX_MESSAGE)
    return replace(state, status=event.status, step=event.step, message=message, clock=())


def _clocked(state: RunState, event: Event) -> RunState:
    """Count the time since the event before, if training went on in it."""
    passed_s = max(0.0, event.t - state.seen_t) if state.status == "training" else 0.0
    return replace(state, trained_s=state.trained_s + passed_s, seen_t=event.t)


def _clean_value(value: Any) -> Any:
    is_plain = value is None or isinstance(value, int | float)
    return value if is_plain else sanitize(str(value), _MAX_MESSAGE)


_FOLD: dict[type[Any], Callable[[RunState, Any], RunState]] = {
    RunCreated: _created,
    WorkerStarted: _worker_started,
    Resumed: _resumed,
    StepsDone: _steps_done,
    Evaluated: _evaluated,
    ValueChanged: _value_changed,
    Paused: _paused,
    Continued: _continued,
    Sampled: _sampled,
    WeightsKept: _weights_kept,
    CheckpointSaved: _checkpoint_saved,
    Ended: _ended,
}

"""Reducer of the event log for the screen: sanitizes each event and extends the core reducer.

The same events give the same state, whether they arrive one by one from a run in training or all at
once from an old log.
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from seqlm.configuration.run_config import Change
from seqlm.protocol.events import (
    ChangeScheduled,
    Continued,
    Ended,
    Evaluated,
    Event,
    Paused,
    Resumed,
    RunCreated,
    Sampled,
    ScheduledChange,
    StepsDone,
    ValueChanged,
    WeightsKept,
    WorkerStarted,
)
from seqlm.runs import run_reducer
from seqlm.sanitize import sanitize
from workbench.run.state import RunState

_MAX_CHANGES, _MAX_SAMPLES, _MAX_CLOCK, _MAX_KEPT = 512, 48, 40, 32
_MAX_MESSAGE, _MAX_SAMPLE, _MAX_WARNINGS = 300, 400, 8
_MAX_NAME, _MAX_RECIPE = 100, 8000


def reduce_event(state: RunState, event: Event) -> RunState:
    """Return the state after one more event."""
    event = _sanitized(event)
    return _extend(run_reducer.reduce_event(state, event), state, event)


def reduce_events(state: RunState, events: Iterable[Event]) -> RunState:
    """Return the state after more events, in their order."""
    for event in events:
        state = reduce_event(state, event)
    return state


def mark_died(state: RunState, message: str) -> RunState:
    """Return the state of a run whose worker ended without logging an end."""
    return replace(state, status="died", message=sanitize(message, _MAX_MESSAGE), clock=())


def mark_lost(state: RunState) -> RunState:
    """Return the state of a run whose folder was deleted, moved or replaced: it cannot go on."""
    return replace(mark_died(state, "") if state.is_live else state, is_lost=True)


def _sanitized(event: Event) -> Event:
    """Return the event with every text in it safe to show, and with bounded lists."""
    match event:
        case RunCreated():
            name, line = sanitize(event.run, _MAX_NAME), sanitize(event.recipe, _MAX_RECIPE)
            warnings = [sanitize(text, _MAX_MESSAGE) for text in event.warnings[:_MAX_WARNINGS]]
            preset = sanitize(event.preset, _MAX_NAME)
            return replace(event, run=name, recipe=line, preset=preset, warnings=warnings)
        case WorkerStarted():
            return replace(event, device=sanitize(event.device, _MAX_NAME))
        case Resumed(scheduled=scheduled):
            scheduled = scheduled and _sanitized_changes(scheduled)
            return replace(event, scheduled=scheduled, note=sanitize(event.note, _MAX_MESSAGE))
        case ChangeScheduled():
            return replace(event, change=_sanitized_change(event.change))
        case ValueChanged():
            old, new = _sanitized_value(event.old), _sanitized_value(event.new)
            return replace(event, key=sanitize(event.key, _MAX_NAME), old=old, new=new)
        case Evaluated():
            return replace(event, protocol=sanitize(event.protocol, _MAX_MESSAGE))
        case Sampled():
            text = "".join(event.tokens) if event.text is None else event.text
            return replace(event, text=sanitize(text, _MAX_SAMPLE))
        case WeightsKept():
            return replace(event, kept=event.kept[-_MAX_KEPT:])
        case Ended():
            return replace(event, message=sanitize(event.message, _MAX_MESSAGE))
    return event


def _sanitized_changes(scheduled: list[ScheduledChange]) -> list[ScheduledChange]:
    return [
        ScheduledChange(_sanitized_change(change), command_id)
        for change, command_id in scheduled[-_MAX_CHANGES:]
    ]


def _sanitized_change(change: Change) -> Change:
    key, value = sanitize(change.key, _MAX_NAME), _sanitized_value(change.value)
    return replace(change, key=key, value=value)


def _sanitized_value(value: Any) -> Any:
    is_plain = value is None or isinstance(value, int | float)
    return value if is_plain else sanitize(str(value), _MAX_MESSAGE)


def _extend(state: RunState, before: RunState, event: Event) -> RunState:
    """Add to the state what only a screen shows.

    Args:
        state: The state after the event, by the core reducer.
        before: The state before the event.
        event: The event, sanitized.
    """
    match event:
        case ValueChanged():
            return replace(state, changes=state.changes[-_MAX_CHANGES:])
        case ChangeScheduled():
            return replace(state, scheduled=state.scheduled[-_MAX_CHANGES:])
        case Resumed():
            return replace(state, seen_t=event.t, clock=(), resumed_at_s=before.trained_s)
        case RunCreated() | WorkerStarted():
            return replace(state, seen_t=event.t, clock=())
        case Continued():
            return replace(state, seen_t=event.t, clock=((event.t, event.step),))
    state = _with_training_time(state, before, event)
    match event:
        case StepsDone():
            return _with_losses(state, event)
        case Evaluated(split="val"):
            return replace(state, val=state.val.extended(event.step, [event.loss]))
        case Sampled():
            return _with_sample(state, event)
        case Paused() | Ended():
            return replace(state, clock=())
    return state


def _with_training_time(state: RunState, before: RunState, event: Event) -> RunState:
    """Add the time since the event before, if the run was training then."""
    passed_s = max(0.0, event.t - before.seen_t) if before.status == "training" else 0.0
    return replace(state, trained_s=before.trained_s + passed_s, seen_t=event.t)


def _with_losses(state: RunState, event: StepsDone) -> RunState:
    return replace(
        state,
        train=state.train.extended(event.first_step, event.losses),
        progress=state.progress.extended(
            event.last_step, event.train_s, event.n_tokens, event.learning_rate
        ),
        clock=(*state.clock, (event.t, event.last_step))[-_MAX_CLOCK:],
    )


def _with_sample(state: RunState, event: Sampled) -> RunState:
    samples = (*state.samples, (event.step, event.text or ""))
    if len(samples) > _MAX_SAMPLES:
        samples = (*samples[:-1:2], samples[-1])
    return replace(state, samples=samples)

"""Reducer of the event log: a pure function with one rule for each kind of event.

The command line, the list of runs and the screen all read a run through these rules. The screen
passes a subclass of :class:`CoreRunState` and adds its series to what the rules return. Events that
a later ``Resumed`` supersedes must be left out before; see
:class:`seqlm.runs.event_log.SupersededEvents`.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from seqlm.protocol.events import (
    ChangeScheduled,
    CheckpointSaved,
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
from seqlm.runs.run_state import AppliedChange, CoreRunState, LossPoint
from seqlm.runs.scheduled_changes import change_of

S = TypeVar("S", bound=CoreRunState)

_NUMBERS = ("train.steps", "train.learning_rate")


def reduce_event(state: S, event: Event) -> S:
    """Return the state after one more event.

    Args:
        state: The state before; its class is kept.
        event: An event that is not superseded.
    """
    rule: Callable[[S, Any], S] = _RULES[type(event)]
    return rule(state, event)


def reduce_events(state: S, events: Iterable[Event]) -> S:
    """Return the state after more events, in their order."""
    for event in events:
        state = reduce_event(state, event)
    return state


def _run_created(state: S, event: RunCreated) -> S:
    return type(state)(
        run=event.run,
        recipe=event.recipe,
        preset=event.preset,
        n_parameters=event.n_parameters,
        n_vocab=event.n_vocab,
        n_targets=event.n_targets,
        steps_planned=event.steps_planned,
        warnings=tuple(event.warnings),
        val_in_train=event.val_in_train,
        status="starting",
    )


def _worker_started(state: S, event: WorkerStarted) -> S:
    return replace(state, status="starting", message="", device=event.device)


def _resumed(state: S, event: Resumed) -> S:
    scheduled = state.scheduled if event.scheduled is None else tuple(event.scheduled)
    return replace(
        state,
        status="starting",
        message="",
        note=event.note,
        step=event.step,
        scheduled=scheduled,
    )


def _steps_done(state: S, event: StepsDone) -> S:
    return replace(
        state,
        status="training",
        step=event.last_step,
        train_s=event.train_s,
        cpu_s=event.cpu_s,
        n_tokens=event.n_tokens,
        batch_loss=event.losses[-1] if event.losses else state.batch_loss,
        learning_rate=event.learning_rate,
        split_losses={},  # measured with the weights before these steps
    )


def _evaluated(state: S, event: Evaluated) -> S:
    sampled = {split: how for split, how in state.sampled_splits.items() if split != event.split}
    if event.n_tokens < state.n_targets.get(event.split, 0):
        sampled[event.split] = event.protocol
    state = replace(
        state,
        split_losses={**state.split_losses, event.split: event.loss},
        sampled_splits=sampled,
    )
    if event.split != "val":
        return state
    measured = LossPoint(event.step, event.loss)
    return replace(
        state,
        last_validation=measured,
        best=measured if event.best else state.best,
        checks_since_best=0 if event.best else state.checks_since_best + 1,
        changes=tuple(_with_effect(change, measured) for change in state.changes),
    )


def _with_effect(change: AppliedChange, measured: LossPoint) -> AppliedChange:
    """Add a validation loss to a change; at the step of the change it belongs to the weights before."""
    if measured.step <= change.step:
        return replace(change, before=measured)
    return change if change.after else replace(change, after=measured)


def _change_scheduled(state: S, event: ChangeScheduled) -> S:
    scheduled = ScheduledChange(event.change, event.command_id)
    return replace(state, scheduled=(*state.scheduled, scheduled))


def _value_changed(state: S, event: ValueChanged) -> S:
    key, new = event.key, event.new
    if key in _NUMBERS and not isinstance(new, int | float):
        return state  # no worker writes this; a damaged or forged log may contain it
    change = AppliedChange(
        event.step,
        key,
        event.old,
        new,
        before=state.last_validation,
        is_planned=event.command_id is None,
    )
    return replace(
        state,
        values={**state.values, key: new},
        changes=(*state.changes, change),
        n_changes=state.n_changes + 1,
        scheduled=tuple(later for later in state.scheduled if later != change_of(event)),
        steps_planned=int(new) if key == "train.steps" else state.steps_planned,
        learning_rate=float(new) if key == "train.learning_rate" else state.learning_rate,
    )


def _paused(state: S, event: Paused) -> S:
    return replace(state, status="paused", step=event.step)


def _continued(state: S, event: Continued) -> S:
    return replace(state, status="training", message="")


def _sampled(state: S, event: Sampled) -> S:
    return state


def _weights_kept(state: S, event: WeightsKept) -> S:
    return replace(state, kept=tuple(event.kept))


def _checkpoint_saved(state: S, event: CheckpointSaved) -> S:
    return replace(state, checkpoint_step=event.step)


def _ended(state: S, event: Ended) -> S:
    return replace(
        state,
        status=event.status,
        step=event.step,
        message=event.message,
        best_counts=event.best_counts or state.best_counts,
    )


_RULES: dict[type[Any], Callable[[Any, Any], Any]] = {
    RunCreated: _run_created,
    WorkerStarted: _worker_started,
    Resumed: _resumed,
    StepsDone: _steps_done,
    Evaluated: _evaluated,
    ChangeScheduled: _change_scheduled,
    ValueChanged: _value_changed,
    Paused: _paused,
    Continued: _continued,
    Sampled: _sampled,
    WeightsKept: _weights_kept,
    CheckpointSaved: _checkpoint_saved,
    Ended: _ended,
}

"""Changes of live settings that a resumed run has to apply again, read from its event log."""

from collections.abc import Iterable

from seqlm.configuration.run_config import Change
from seqlm.protocol.events import (
    ChangeScheduled,
    Ended,
    Event,
    Resumed,
    ScheduledChange,
    StepsDone,
    ValueChanged,
)


def changes_after_checkpoint(events: Iterable[Event]) -> list[ScheduledChange]:
    """Return the changes that were applied or requested in the events after a checkpoint, in order.

    A change that was requested but not applied stays scheduled however often the worker is killed
    before its step: each ``Resumed`` repeats the changes that were scheduled at that moment.

    Args:
        events: The events after the checkpoint that count.
    """
    applied: list[ScheduledChange] = []
    requested: list[ScheduledChange] = []
    for event in events:
        if isinstance(event, Resumed) and event.scheduled is not None:
            requested = list(event.scheduled)
        elif isinstance(event, ChangeScheduled):
            requested.append(ScheduledChange(event.change, event.command_id))
        elif isinstance(event, ValueChanged):
            change = change_of(event)
            applied.append(change)
            if change in requested:
                requested.remove(change)
    return [*applied, *requested]


def change_of(event: ValueChanged) -> ScheduledChange:
    """Return the change that an event reports, at the step at which it was applied."""
    return ScheduledChange(
        Change(key=event.key, value=event.new, step=event.step), event.command_id
    )


def last_repeated_step(events: Iterable[Event]) -> int:
    """Return the last step logged before any interruption; these steps are repeated unchanged.

    Args:
        events: The events after the checkpoint that count. If training diverged in them, the result
            is 0: the steps are not repeated as they were.
    """
    last = 0
    for event in events:
        if isinstance(event, Ended) and event.status == "diverged":
            return 0
        if isinstance(event, StepsDone):
            last = max(last, event.last_step)
        elif isinstance(event, Resumed):
            last = max(last, event.repeats_to)
    return last

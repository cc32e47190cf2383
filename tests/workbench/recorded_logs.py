"""Logs that the real worker wrote, and what is made from them."""

from functools import cache
from pathlib import Path

from seqlm.protocol.events import Event, StepsDone
from seqlm.runs.event_log import read_events

RECORDINGS = Path(__file__).parent / "recordings"


@cache
def recorded(name: str) -> tuple[Event, ...]:
    """Every event of a recorded log."""
    return tuple(read_events(RECORDINGS / f"{name}.jsonl"))


def until(name: str, step: int) -> tuple[Event, ...]:
    """A recorded log up to the first record that reaches ``step``."""
    events = recorded(name)
    reached = (i for i, e in enumerate(events) if isinstance(e, StepsDone) and e.last_step >= step)
    return events[: next(reached) + 1]


def until_kind(name: str, kind: type[Event]) -> tuple[Event, ...]:
    """A recorded log up to its first event of a kind."""
    events = recorded(name)
    return events[: next(i for i, event in enumerate(events) if isinstance(event, kind)) + 1]

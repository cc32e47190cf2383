"""Staying with a run until it ends."""

from collections.abc import Iterator

from seqlm.errors import SeqlmError
from seqlm.protocol.events import Event
from seqlm.protocol.queries import Refused
from seqlm.runs.client import Connection, WorkerDied
from seqlm.runs.directory import RunDirectory
from seqlm.runs.journal import Tail, effective
from seqlm.runs.summary import ENDED, Standing, add, sum_up

_POLL_S = 0.1


def follow(run: RunDirectory, connection: Connection) -> Iterator[Standing]:
    """How far a run is, whenever there is news; the last one is how it ended.

    Args:
        run: A run that a worker trains.
        connection: To that worker.

    Raises:
        WorkerDied: The worker is gone before the end.
        SeqlmError: The worker waits, because the disk is full.
    """
    tail = Tail(run.events_path)
    so_far: list[Event] = []
    while events := tail.read():
        so_far += events
    standing = sum_up(effective(so_far), run.name)
    yield standing
    died: WorkerDied | None = None
    while standing.summary.status not in ENDED:
        if events := tail.read():
            for event in events:
                standing = add(standing, event)
            yield standing
        elif died is not None:  # and its last words have been read
            raise died
        else:
            try:
                replies = connection.receive(_POLL_S)
            except WorkerDied as error:
                died = error
                continue
            for reply in replies:
                if isinstance(reply, Refused) and not reply.id:  # it waits, for want of room
                    hint = f"make room, then: seqlm resume {run.name}"
                    raise SeqlmError(f"{run.name}: {reply.message}; {hint}")

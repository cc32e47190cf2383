"""Staying with a run from its begin until it ends, or until a person interrupts."""

import contextlib
from collections.abc import Iterator

from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.commands import Command, Stop
from seqlm.protocol.events import Event
from seqlm.protocol.queries import Describe, DescribeAnswer, Rejected
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.event_log import EventLogReader, without_superseded
from seqlm.runs.summary import ENDED, RunProgress, add, sum_up
from seqlm.worker.client import Connection, WorkerExited, new_id

_POLL_S = 0.1


def start_run(
    command: Command,
    connection: Connection,
    undo: contextlib.ExitStack,
    run: RunDirectory | None = None,
) -> RunDirectory:
    """Have a worker train: the run, once it has begun.

    Args:
        command: What makes it train.
        connection: To the worker.
        undo: What was prepared for the run, as a copy of its text; kept once it has begun.
        run: The run, if there is one already.

    Raises:
        SeqlmError: It was refused.
    """
    connection.ask(command)
    undo.pop_all()
    found = run or _run_of(connection)
    if found is None:
        raise SeqlmError("the trainer did not say which run it made")
    return found


def stop_interrupted(
    connection: Connection, undo: contextlib.ExitStack, run: RunDirectory | None = None
) -> RunDirectory | None:
    """Stop what a worker was to train, with a checkpoint: the run, or None if it had none yet.

    Args:
        connection: To the worker.
        undo: What was prepared for the run; kept if it has begun.
        run: The run, if there was one already.

    Raises:
        SeqlmError: There is no checkpoint, e.g. because the disk is full; it waits.
    """
    try:
        with contextlib.suppress(RequestError):  # it had ended by itself
            connection.ask(Stop(id=new_id()))
        found = run or _run_of(connection)
    except WorkerExited:
        return run
    if found is not None:
        undo.pop_all()
    return found


def _run_of(connection: Connection) -> RunDirectory | None:
    """The run that a worker has open."""
    answer = connection.ask(Describe(id=new_id()))
    assert isinstance(answer, DescribeAnswer)
    return None if answer.run is None else find_run(answer.run)


def follow(run: RunDirectory, connection: Connection) -> Iterator[RunProgress]:
    """How far a run is, whenever there is news; the last one is how it ended.

    Args:
        run: A run that a worker trains.
        connection: To that worker.

    Raises:
        WorkerDied: The worker is gone before the end.
        SeqlmError: The worker waits, because the disk is full.
    """
    tail = EventLogReader(run.events_path)
    so_far: list[Event] = []
    while events := tail.read():
        so_far += events
    standing = sum_up(without_superseded(so_far), run.name)
    yield standing
    died: WorkerExited | None = None
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
            except WorkerExited as error:
                died = error
                continue
            for reply in replies:
                if isinstance(reply, Rejected) and not reply.id:  # it waits, for want of room
                    hint = f"make room, then: seqlm resume {run.name}"
                    raise SeqlmError(f"{run.name}: {reply.message}; {hint}")

"""Functions that start a run in a worker, follow it to its end, and stop it when interrupted."""

import contextlib
from collections.abc import Iterator

from msgspec.structs import replace

from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.commands import Command, Stop
from seqlm.protocol.events import Event
from seqlm.protocol.queries import Describe, DescribeAnswer, Rejected
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.event_log import EventLogReader, without_superseded
from seqlm.runs.run_reducer import reduce_events
from seqlm.runs.run_state import ENDED, CoreRunState
from seqlm.runs.summary import RunProgress, progress_of
from seqlm.worker.client import Connection, WorkerExited, new_id

_POLL_S = 0.1


def start_run(
    command: Command,
    connection: Connection,
    undo: contextlib.ExitStack,
    run: RunDirectory | None = None,
) -> RunDirectory:
    """Start training in a worker and return the run.

    Args:
        command: The command that starts training: ``Start`` or ``Resume``.
        connection: Connection to the worker.
        undo: Removal of the files prepared for the run, such as a copy of the corpus; cancelled once
            the run has started.
        run: The run, if it exists already.

    Raises:
        SeqlmError: The worker rejected the command.
    """
    connection.request(command)
    undo.pop_all()
    started = run or _open_run(connection)
    if started is None:
        raise SeqlmError("the worker did not report the name of the run")
    return started


def stop_interrupted(
    connection: Connection, undo: contextlib.ExitStack, run: RunDirectory | None = None
) -> RunDirectory | None:
    """Stop the training of a worker with a checkpoint.

    Args:
        connection: Connection to the worker.
        undo: Removal of the files prepared for the run; cancelled if the run has started.
        run: The run, if it existed before.

    Returns:
        The run, or None if it had not started yet.

    Raises:
        SeqlmError: The checkpoint cannot be written, e.g. because the disk is full; the run is paused.
    """
    try:
        with contextlib.suppress(RequestError):  # the run had ended already
            connection.request(Stop(id=new_id()))
        stopped = run or _open_run(connection)
    except WorkerExited:
        return run
    if stopped is not None:
        undo.pop_all()
    return stopped


def _open_run(connection: Connection) -> RunDirectory | None:
    """Return the run that a worker has open."""
    answer = connection.request(Describe(id=new_id()))
    assert isinstance(answer, DescribeAnswer)
    return None if answer.run is None else find_run(answer.run)


def follow(run: RunDirectory, connection: Connection) -> Iterator[RunProgress]:
    """Follow a run to its end.

    Args:
        run: A run that a worker trains.
        connection: Connection to that worker.

    Yields:
        The progress of the run, after each batch of new events; the last one reports the end. While the
        run waits because it cannot be written to the disk, the message says so.

    Raises:
        WorkerExited: The worker exited before the run ended.
        SeqlmError: The worker could not end the run as usual; says why.
    """
    log, config = EventLogReader(run.events_path), run.manifest().config
    logged: list[Event] = []
    while events := log.read():
        logged += events
    state = reduce_events(CoreRunState(), without_superseded(logged))
    yield progress_of(state, run.name, config)
    exited: WorkerExited | None = None
    while state.status not in ENDED:
        if events := log.read():
            state = reduce_events(state, events)
            yield progress_of(state, run.name, config)
        elif exited is not None:  # and its last events have been read
            raise exited
        else:
            try:
                replies = connection.receive(_POLL_S)
            except WorkerExited as error:
                exited = error
                continue
            for reply in replies:
                if isinstance(reply, Rejected) and reply.is_end:
                    raise SeqlmError(reply.message)
                if isinstance(reply, Rejected) and not reply.id:  # the run waits for the disk
                    yield replace(progress_of(state, run.name), message=reply.message)

"""Connection to at most one worker, watched by the event loop, so that the screen never waits."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from seqlm.errors import SeqlmError
from seqlm.protocol import queries
from seqlm.protocol.commands import Command
from seqlm.protocol.queries import Query
from seqlm.runs.directory import RunDirectory
from seqlm.worker import client
from seqlm.worker.client import Connection, Reply, WorkerExited, describe_exit

UNKNOWN_EXIT = "ended without an error message"
Spawn: TypeAlias = Callable[[], Connection]
_EXIT_GRACE_S, _EXIT_POLL_S = 0.2, 0.02


class WorkerConnection:
    """Sends messages to a worker, starts one if there is none, and reports its replies.

    Args:
        spawn: Starts a worker.
        on_reply: Called with each reply of the worker.
        on_batch_end: Called after all replies that arrived together.
        on_lost: Called with the reason why the worker ended.
        on_rejected: Called with the id of a message that could not be sent or read, and the reason.
    """

    def __init__(
        self,
        spawn: Spawn,
        on_reply: Callable[[Reply], None],
        on_batch_end: Callable[[], None],
        on_lost: Callable[[str], None],
        on_rejected: Callable[[str, str], None],
    ) -> None:
        self._spawn = spawn
        self._on_reply, self._on_batch_end = on_reply, on_batch_end
        self._on_lost, self._on_rejected = on_lost, on_rejected
        self._connection: Connection | None = None
        self._watched_fd = -1

    def prepare(self) -> None:
        """Start a worker ahead of time, because loading torch takes a second."""
        if self._connection is None:
            self.send(queries.Describe(id=client.new_id()))

    def attach(self, run: RunDirectory) -> bool:
        """Connect to the worker that holds a run, if there is one, and leave the previous worker."""
        try:
            found = client.attach(run)
        except SeqlmError as error:
            self._on_rejected("", str(error))
            return False
        if found is not None:
            self.disconnect()
            self._watch(found)
        return found is not None

    def send(self, message: Command | Query) -> bool:
        """Send a message; return False if it could not be sent."""
        try:
            connection = self._connection or self._watch(self._spawn())
            connection.send(message)
        except WorkerExited:
            self._report_exit()
            return False
        except (SeqlmError, OSError) as error:
            self._on_rejected(message.id, str(error))
            return False
        return True

    def disconnect(self) -> None:
        """Close the connection. The worker ends by itself once it has no screen and nothing to train."""
        self._unwatch()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _watch(self, connection: Connection) -> Connection:
        """Call :meth:`_on_readable` whenever the worker has written something."""
        connection.exit_timeout_s = 0.0
        self._connection, self._watched_fd = connection, connection.fileno()
        asyncio.get_running_loop().add_reader(self._watched_fd, self._on_readable)
        return connection

    def _on_readable(self) -> None:
        """Handle what the worker sent, or its end."""
        connection = self._connection
        if connection is None:
            return
        try:
            replies = connection.receive(0.0)
        except WorkerExited:
            self._unwatch()
            self._report_exit_when_ended(
                connection, asyncio.get_running_loop().time() + _EXIT_GRACE_S
            )
        except SeqlmError as error:
            self._on_rejected("", str(error))
        else:
            for reply in replies:
                if self._connection is connection:  # what follows may be about another run
                    self._on_reply(reply)
            self._on_batch_end()

    def _unwatch(self) -> None:
        if self._watched_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._watched_fd)
            self._watched_fd = -1

    def _report_exit_when_ended(self, connection: Connection, until: float) -> None:
        """Report the end once the process has ended, which takes a moment longer than its connection."""
        loop, process = asyncio.get_running_loop(), connection.process
        if connection is not self._connection:
            return
        if process is None or process.poll() is not None or loop.time() > until:
            self._report_exit()
        else:
            loop.call_later(_EXIT_POLL_S, self._report_exit_when_ended, connection, until)

    def _report_exit(self) -> None:
        ending = exit_reason(self._connection)
        self.disconnect()
        self._on_lost(ending)


def exit_reason(connection: Connection | None) -> str:
    """Return why a worker ended, as words that follow "the trainer"."""
    process = connection.process if connection is not None else None
    return UNKNOWN_EXIT if process is None else describe_exit(process.poll())

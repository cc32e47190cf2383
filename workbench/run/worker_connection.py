"""The line to a worker: at most one connection, watched by the event loop, never waited for."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from seqlm.errors import SeqlmError
from seqlm.protocol import queries
from seqlm.protocol.commands import Command
from seqlm.protocol.queries import Query
from seqlm.runs.directory import RunDirectory
from seqlm.worker import client
from seqlm.worker.client import Connection, Reply, WorkerExited
from workbench.run.exit_reason import exit_reason

Spawn: TypeAlias = Callable[[], Connection]
_LAST_BREATH_S, _LOOK_EVERY_S = 0.2, 0.02


class WorkerConnection:
    """Sends to a worker, starts one where there is none, and tells what it answers.

    Args:
        spawn: Starts a worker.
        on_reply: Takes each thing the worker says.
        on_heard: Called when all of what came at once has been taken.
        on_lost: Takes, in words, how the connection ended.
        on_refused: Takes a message that could not be sent or read, by its id, and why.
    """

    def __init__(
        self,
        spawn: Spawn,
        on_reply: Callable[[Reply], None],
        on_heard: Callable[[], None],
        on_lost: Callable[[str], None],
        on_refused: Callable[[str, str], None],
    ) -> None:
        self._spawn = spawn
        self._on_reply, self._on_heard = on_reply, on_heard
        self._on_lost, self._on_refused = on_lost, on_refused
        self._connection: Connection | None = None
        self._watched_fd = -1

    def prepare(self) -> None:
        """Have a worker at hand: it loads torch, which takes a second."""
        if self._connection is None:
            self.send(queries.Describe(id=client.new_id()))

    def attach(self, run: RunDirectory) -> bool:
        """Speak with the worker that holds a run, if one does, instead of the one before."""
        try:
            found = client.attach(run)
        except SeqlmError as error:
            self._on_refused("", str(error))
            return False
        if found is not None:
            self.let_go()
            self._listen_to(found)
        return found is not None

    def send(self, message: Command | Query) -> bool:
        """Send a message; returns whether it went."""
        try:
            connection = self._connection or self._listen_to(self._spawn())
            connection.send(message)
        except WorkerExited:
            self._lose()
            return False
        except (SeqlmError, OSError) as error:
            self._on_refused(message.id, str(error))
            return False
        return True

    def let_go(self) -> None:
        """Close the connection. The worker ends by itself once nobody is there and nothing trains."""
        self._unwatch()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen_to(self, connection: Connection) -> Connection:
        """Have the event loop say when the worker has written something."""
        connection.exit_timeout_s = 0.0
        self._connection, self._watched_fd = connection, connection.fileno()
        asyncio.get_running_loop().add_reader(self._watched_fd, self._hear)
        return connection

    def _hear(self) -> None:
        """Something came from the worker, or it is gone."""
        connection = self._connection
        if connection is None:
            return
        try:
            replies = connection.receive(0.0)
        except WorkerExited:
            self._unwatch()
            self._lose_when_ended(connection, asyncio.get_running_loop().time() + _LAST_BREATH_S)
        except SeqlmError as error:
            self._on_refused("", str(error))
        else:
            for reply in replies:
                if self._connection is connection:  # what follows may be about another run
                    self._on_reply(reply)
            self._on_heard()

    def _unwatch(self) -> None:
        if self._watched_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._watched_fd)
            self._watched_fd = -1

    def _lose_when_ended(self, connection: Connection, until: float) -> None:
        """A process ends a moment after its connection does; who sends meanwhile loses it at once."""
        loop, process = asyncio.get_running_loop(), connection.process
        if connection is not self._connection:
            return
        if process is None or process.poll() is not None or loop.time() > until:
            self._lose()
        else:
            loop.call_later(_LOOK_EVERY_S, self._lose_when_ended, connection, until)

    def _lose(self) -> None:
        ending = exit_reason(self._connection)
        self.let_go()
        self._on_lost(ending)

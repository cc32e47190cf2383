"""Queue of pending queries: each is worked on for a slice of time, the oldest first."""

import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from seqlm.error_text import first_line
from seqlm.errors import SeqlmError
from seqlm.protocol import codec
from seqlm.protocol.queries import Answer, Rejected
from seqlm.worker.transport import ClientConnection, SocketServer
from seqlm.worker.worker_log import write_traceback

_SLICE_S = 0.02

AnswerStream: TypeAlias = Iterator[Answer | None]
"""Work on a query: yields None after each piece of work, and each answer once it is ready."""


class _PendingQuery(NamedTuple):
    client: ClientConnection
    id: str
    answers: AnswerStream


class QueryQueue:
    """Queries without a final answer yet. The queue is truthy while it holds one.

    Args:
        listener: The connected clients; queries of a client that has left are dropped.
    """

    def __init__(self, listener: SocketServer) -> None:
        self._listener = listener
        self._pending: deque[_PendingQuery] = deque()

    def __bool__(self) -> bool:
        return bool(self._pending)

    def add(self, client: ClientConnection, query_id: str, answers: AnswerStream) -> None:
        """Add a query.

        Args:
            client: The client that sent the query.
            query_id: Id of the query.
            answers: The work that answers it.
        """
        self._pending.append(_PendingQuery(client, query_id, answers))

    def cancel(self, client: ClientConnection, query_id: str) -> None:
        """Drop a query of this client."""
        kept = [query for query in self._pending if (query.client, query.id) != (client, query_id)]
        self._pending = deque(kept)

    def work(self) -> None:
        """Work on the oldest query for one slice; an unfinished query moves to the end of the queue.

        Each answer is sent as soon as it is ready: a long query may have several, one after another.
        """
        if not self._pending:
            return
        query = self._pending.popleft()
        until = time.monotonic() + _SLICE_S
        try:
            for answer in query.answers:
                if answer is not None:
                    query.client.send(codec.encode(answer))
                if time.monotonic() >= until:
                    break
            else:
                return
        except Exception as error:  # a query must never end the training
            reject(query.client, query.id, error)
            return
        if query.client in self._listener.clients:
            self._pending.append(query)


def reject(client: ClientConnection, message_id: str, error: Exception) -> None:
    """Send a rejection of a command or query; the traceback of an unexpected error is printed too."""
    if not isinstance(error, SeqlmError | OSError):
        write_traceback(error)
    status = error.exit_status if isinstance(error, SeqlmError) else 1
    rejected = Rejected(id=message_id, message=first_line(error), exit_status=status)
    client.send(codec.encode(rejected))

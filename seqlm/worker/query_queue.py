"""Questions that screens have asked: each is worked on for a slice at a time, the oldest first."""

import time
import traceback
from collections import deque
from typing import NamedTuple

from seqlm.errors import SeqlmError, first_line
from seqlm.protocol import codec
from seqlm.protocol.queries import Rejected
from seqlm.worker.query_handlers import Answering
from seqlm.worker.transport import ClientConnection, SocketServer

_SLICE_S = 0.02


class _Question(NamedTuple):
    peer: ClientConnection
    id: str
    answering: Answering


class QueryQueue:
    """The questions that have no answer yet. It is true while there is one.

    Args:
        listener: The screens; what one asked that has left is not worked on.
    """

    def __init__(self, listener: SocketServer) -> None:
        self._listener = listener
        self._waiting: deque[_Question] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, peer: ClientConnection, message_id: str, answering: Answering) -> None:
        """Take a question in: who asked it, its id, and the work that answers it."""
        self._waiting.append(_Question(peer, message_id, answering))

    def give_up(self, peer: ClientConnection, message_id: str) -> None:
        """Work no more on a question of this screen."""
        kept = [one for one in self._waiting if (one.peer, one.id) != (peer, message_id)]
        self._waiting = deque(kept)

    def work(self) -> None:
        """Work on the oldest question for one slice; one that is not done goes to the end.

        Each answer is sent when it is there: a long question may have several, one after the other.
        """
        if not self._waiting:
            return
        question = self._waiting.popleft()
        until = time.monotonic() + _SLICE_S
        try:
            for found in question.answering:
                if found is not None:
                    question.peer.send(codec.encode(found))
                if time.monotonic() >= until:
                    break
            else:
                return
        except Exception as error:  # no question may end a training
            make_rejection(question.peer, question.id, error)
            return
        if question.peer in self._listener.peers:
            self._waiting.append(question)


def make_rejection(peer: ClientConnection, message_id: str, error: Exception) -> None:
    """Tell a screen that what it said cannot be followed; an error nobody foresaw is printed too."""
    if not isinstance(error, SeqlmError | OSError):
        traceback.print_exception(error)
    status = error.exit_status if isinstance(error, SeqlmError) else 1
    refused = Rejected(id=message_id, message=first_line(error), exit_status=status)
    peer.send(codec.encode(refused))

"""Messages that a worker session posts to the screen, named by what has happened."""

from typing import TYPE_CHECKING

from textual.message import Message

from seqlm.runs.directory import RunDirectory
from workbench.run.state import RunState

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import Answer


class RunStateChanged(Message):
    """The state of the run changed."""

    def __init__(self, state: RunState) -> None:
        super().__init__()
        self.state = state


class RunOpened(Message):
    """Another run is shown, or its worker is ready for queries (``can_query``)."""

    def __init__(self, run: RunDirectory, can_query: bool) -> None:
        super().__init__()
        self.run = run
        self.can_query = can_query


class QueryAnswered(Message):
    """The worker answered a query."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__()
        self.answer = answer


class RequestRejected(Message):
    """A command or a query was rejected; ``words`` say why and what is allowed.

    ``remedy`` is a sentence of the screen about keys, for `KeyNames.fill`.
    """

    def __init__(self, message_id: str, words: str, remedy: str = "") -> None:
        super().__init__()
        self.message_id = message_id
        self.words = words
        self.remedy = remedy

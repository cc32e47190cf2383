"""What a session tells the screen: facts, named by what has happened."""

from typing import TYPE_CHECKING

from textual.message import Message

from seqlm.runs.directory import RunDirectory
from workbench.run.state import RunState

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import Answer


class RunStateChanged(Message):
    """The run's state is another than before."""

    def __init__(self, state: RunState) -> None:
        super().__init__()
        self.state = state


class RunOpened(Message):
    """Another run is shown, or its worker is ready to be asked (``is_linked``)."""

    def __init__(self, run: RunDirectory, is_linked: bool) -> None:
        super().__init__()
        self.run = run
        self.is_linked = is_linked


class QueryAnswered(Message):
    """The worker answered a question."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__()
        self.answer = answer


class RequestRejected(Message):
    """A command or a question cannot be followed; ``words`` say why and what would be right.

    ``remedy`` is a sentence of our own about keys, for `KeyNames.fill`.
    """

    def __init__(self, message_id: str, words: str, remedy: str = "") -> None:
        super().__init__()
        self.message_id = message_id
        self.words = words
        self.remedy = remedy

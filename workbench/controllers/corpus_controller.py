"""Controller of the corpus: loads the corpus of the state and stores the result in the state."""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace
from textual.message import Message

from seqlm.sanitize import sanitize
from workbench.corpus.loader import (
    CorpusLoaded,
    CorpusLoader,
    CorpusLoadFailed,
    CorpusLoadProgress,
    CorpusMessage,
)
from workbench.state.app_state import StateStore

_MAX_NAME = 60


class CorpusController:
    """Loads the corpus that the state names, in the background.

    Args:
        store: State of the app.
        post: Receives the messages of the loader, from any thread.
    """

    def __init__(self, store: StateStore, post: Callable[[Message], Any]) -> None:
        self._store, self._loader = store, CorpusLoader(post)

    def load(self) -> None:
        """Load the corpus of the current state unless it is loaded."""
        state = self._store.state
        if state.preview is None or state.preview.data != state.data:
            name = PurePath(state.config.data.corpus).name
            text = f"Reading {sanitize(name, _MAX_NAME)}."
            self._store.set(replace(state, preview=None, loading_message=text))
            self._loader.load(state.data, name)

    def handle(self, message: CorpusMessage) -> None:
        """Store progress or result; a message of another corpus is too late and is ignored."""
        state = self._store.state
        if message.data != state.data:
            return
        match message:
            case CorpusLoadProgress():
                state = replace(state, loading_message=message.text)
            case CorpusLoaded():
                state = replace(state, loading_message="", preview=message.preview)
            case CorpusLoadFailed():
                state = replace(state, loading_message="", error_message=message.error)
        self._store.set(state)

    def cancel(self) -> None:
        """Cancel loading."""
        self._loader.cancel()

"""Reading texts while the screen goes on."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from textual.message import Message

from seqlm.configuration.run_config import DataConfig
from seqlm.data.text_io import Progress
from seqlm.errors import SeqlmError
from seqlm.runs.directory import Manifest, text_config
from workbench.corpus.preview import Preview, make_preview
from workbench.render.sanitize import sanitize

_TOLD_EVERY_S = 0.2
_LONGEST_NAME, _LONGEST_REFUSAL = 60, 300


class TextTold(Message):
    """The text ``data`` is read in part or in whole, or refused; ``changes`` are for the situation."""

    def __init__(self, data: DataConfig, **changes: Any) -> None:
        super().__init__()
        self.data, self.changes = data, changes


class _NotWanted(Exception):
    """Nobody waits for the text any more."""


class CorpusLoader:
    """Reads and counts the text that was asked for last. Nothing waits for one that is dropped.

    Args:
        post: Takes the messages, from any thread.
    """

    def __init__(self, post: Callable[[Message], Any]) -> None:
        self._post = post
        self._dropped = threading.Event()

    def read(self, data: DataConfig, name: str) -> None:
        """Begin to read a text in a thread; what was being read before is dropped.

        Args:
            data: What to read and how to cut it.
            name: What a person calls it.
        """
        self.drop()
        self._dropped = threading.Event()
        arguments = (data, sanitize(name, _LONGEST_NAME), self._dropped)
        threading.Thread(target=self._read, args=arguments, daemon=True).start()

    def drop(self) -> None:
        """Give up what is being read now."""
        self._dropped.set()

    def _read(self, data: DataConfig, name: str, dropped: threading.Event) -> None:
        told_at = time.monotonic()

        def progress(n_read: int, n_bytes: int) -> None:
            nonlocal told_at
            if dropped.is_set():
                raise _NotWanted
            if time.monotonic() - told_at > _TOLD_EVERY_S:
                told_at = time.monotonic()
                of = f"{n_read // 1000:,} of {n_bytes // 1000:,} kB"
                self._post(TextTold(data, loading_message=f"Reading {name}: {of}."))

        with contextlib.suppress(_NotWanted, RuntimeError):  # or there is no screen any more
            told = TextTold(data, loading_message="", **_read_or_refused(data, name, progress))
            if not dropped.is_set():
                self._post(told)


def _read_or_refused(data: DataConfig, name: str, progress: Progress) -> dict[str, Any]:
    try:
        preview = make_preview(data, progress)
    except SeqlmError as error:
        return {"error_message": sanitize(str(error), _LONGEST_REFUSAL)}
    corpus = replace(preview.text.corpus, name=name)  # a stored copy is named by its content
    return {"preview": replace(preview, text=replace(preview.text, corpus=corpus))}


def data_config_of_run(manifest: Manifest, preview: Preview | None) -> DataConfig:
    """How the text of a run is read. One that was read already, byte by byte the same, will do."""
    data = manifest.config.data
    is_there = preview is not None and preview.data == data
    if is_there and preview is not None and preview.text.corpus.sha256 == manifest.corpus.sha256:
        return data
    return text_config(manifest)

"""Background loader of the corpus, and the messages that report its progress."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec.structs import replace
from textual.message import Message

from seqlm.configuration.data_config import DataConfig
from seqlm.data.text_io import Progress
from seqlm.errors import SeqlmError
from seqlm.runs.directory import Manifest, text_config
from seqlm.sanitize import sanitize
from workbench.corpus.preview import Preview, make_preview

_PROGRESS_INTERVAL_S = 0.2
_MAX_NAME, _MAX_ERROR = 60, 300


class CorpusLoadProgress(Message):
    """The corpus is loading; ``text`` says how much of it was read."""

    def __init__(self, data: DataConfig, text: str) -> None:
        super().__init__()
        self.data, self.text = data, text


class CorpusLoaded(Message):
    """The corpus was loaded and counted."""

    def __init__(self, data: DataConfig, preview: Preview) -> None:
        super().__init__()
        self.data, self.preview = data, preview


class CorpusLoadFailed(Message):
    """The corpus cannot be loaded; ``error`` says why."""

    def __init__(self, data: DataConfig, error: str) -> None:
        super().__init__()
        self.data, self.error = data, error


CorpusMessage: TypeAlias = CorpusLoadProgress | CorpusLoaded | CorpusLoadFailed


class _Canceled(Exception):
    """Loading was canceled."""


class CorpusLoader:
    """Loader that reads and counts one corpus at a time in a thread.

    Args:
        post: Receives the messages, from any thread.
    """

    def __init__(self, post: Callable[[Message], Any]) -> None:
        self._post = post
        self._canceled = threading.Event()

    def load(self, data: DataConfig, name: str) -> None:
        """Start to load a corpus; cancel the one that is loading.

        Args:
            data: Corpus and how to split it.
            name: Display name of the corpus.
        """
        self.cancel()
        self._canceled = threading.Event()
        arguments = (data, sanitize(name, _MAX_NAME), self._canceled)
        threading.Thread(target=self._load, args=arguments, daemon=True).start()

    def cancel(self) -> None:
        """Cancel loading; no message about that corpus follows."""
        self._canceled.set()

    def _load(self, data: DataConfig, name: str, canceled: threading.Event) -> None:
        posted_at = time.monotonic()

        def progress(n_read: int, n_bytes: int) -> None:
            nonlocal posted_at
            if canceled.is_set():
                raise _Canceled
            if time.monotonic() - posted_at > _PROGRESS_INTERVAL_S:
                posted_at = time.monotonic()
                of = f"{n_read // 1000:,} of {n_bytes // 1000:,} kB"
                self._post(CorpusLoadProgress(data, f"Reading {name}: {of}."))

        with contextlib.suppress(_Canceled, RuntimeError):  # RuntimeError: the app has ended
            message = _load_preview(data, name, progress)
            if not canceled.is_set():
                self._post(message)


def _load_preview(
    data: DataConfig, name: str, progress: Progress
) -> CorpusLoaded | CorpusLoadFailed:
    try:
        preview = make_preview(data, progress)
    except SeqlmError as error:
        return CorpusLoadFailed(data, sanitize(str(error), _MAX_ERROR))
    corpus = replace(preview.text.corpus, name=name)  # a stored copy is named after its checksum
    return CorpusLoaded(data, replace(preview, text=replace(preview.text, corpus=corpus)))


def data_config_of_run(manifest: Manifest, preview: Preview | None) -> DataConfig:
    """Return the data configuration that reads the corpus of a run.

    A loaded corpus with the same SHA-256, decoded in the same way, is used again; otherwise the copy
    stored with the run is read.
    """
    data, wanted = manifest.config.data, manifest.corpus
    if preview is None or preview.data != data:
        return text_config(manifest)
    loaded = preview.text.corpus
    is_same = (loaded.sha256, loaded.encoding) == (wanted.sha256, wanted.encoding)
    return data if is_same else text_config(manifest)

"""Preload of a preview in a forked process while this process imports the screen."""

import os
from typing import TYPE_CHECKING, Any

from seqlm.configuration.data_config import DataConfig

if TYPE_CHECKING:  # imported only in the other process, or if it fails
    from workbench.corpus.preview import Preview


class PreviewPreload:
    """Forked process that starts at once to load and count a corpus.

    Create it before any thread: the process is forked, which saves the start of Python.

    Args:
        data: Corpus and preparation.
    """

    def __init__(self, data: DataConfig) -> None:
        self._data = data
        self._answer, question = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._answer)  # so that writing fails once this program has gone
            _send_preview(data, question)
        os.close(question)

    def wait(self) -> "Preview":
        """Return the preview; make it in this process if the other process failed.

        Raises:
            RequestError: The corpus cannot be read, or is too short for the config.
        """
        import msgspec

        from workbench.corpus.preview import Preview, make_preview

        with os.fdopen(self._answer, "rb") as pipe:
            sent = pipe.read()
        os.waitpid(self._process, 0)
        try:
            return msgspec.msgpack.decode(sent, type=Preview, dec_hook=_decode_path)
        except msgspec.DecodeError:
            return make_preview(self._data)


def _send_preview(data: DataConfig, descriptor: int) -> None:
    """Write the preview and end the process, without the exit handlers of this program."""
    try:
        import msgspec

        from workbench.corpus.preview import make_preview

        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(make_preview(data), enc_hook=str))
    finally:
        os._exit(0)


def _decode_path(kind: type, written: Any) -> Any:
    """Return a path from its text."""
    return kind(written)

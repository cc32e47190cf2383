"""A preview made by another process while this one imports the screen."""

import os
from typing import TYPE_CHECKING, Any

from seqlm.configuration.run_config import DataConfig

if TYPE_CHECKING:  # what makes a preview is imported while one is being made
    from workbench.corpus.preview import Preview


class PreviewPreload:
    """Begins at once to read, cut and count a text in a process of its own.

    Use it before there are threads: the process is forked, so that it need not start Python anew.

    Args:
        data: What to read and how to cut it.
    """

    def __init__(self, data: DataConfig) -> None:
        self._data = data
        self._answer, question = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            _send_preview(data, question)
        os.close(question)

    def wait(self) -> "Preview":
        """The preview; made here and now if the other process came to nothing.

        Raises:
            RequestError: The text cannot be read, or is too short for what was asked.
        """
        import msgspec

        from workbench.corpus.preview import Preview, make_preview

        with os.fdopen(self._answer, "rb") as pipe:
            sent = pipe.read()
        os.waitpid(self._process, 0)
        try:
            return msgspec.msgpack.decode(sent, type=Preview, dec_hook=_made)
        except msgspec.DecodeError:
            return make_preview(self._data)


def _send_preview(data: DataConfig, descriptor: int) -> None:
    """The other process: it writes the preview and ends, with nothing of this program's ending."""
    try:
        import msgspec

        from workbench.corpus.preview import make_preview

        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(make_preview(data), enc_hook=str))
    finally:
        os._exit(0)


def _made(kind: type, written: Any) -> Any:
    """A path, which is sent as its text."""
    return kind(written)

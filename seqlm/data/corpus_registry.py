"""Registry of named corpora: description, source of the text, and default settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.data_config import DataConfig
from seqlm.data import text_io
from seqlm.data.download import REMOTE_CORPORA, downloaded_path, read_downloaded
from seqlm.data.text_io import Progress
from seqlm.paths import asset_path

Mode: TypeAlias = Literal["lines", "stream"]
Read: TypeAlias = Callable[[int, Progress | None], tuple[Path | None, bytes]]
"""Function from an item length (0 if not applicable) to the path of the file, if any, and the bytes."""


class CorpusSpec(Struct, frozen=True, kw_only=True):
    """A named corpus.

    Attributes:
        description: One line of text.
        read: Function that returns the path and the bytes.
        mode: Mode with ``data.mode=auto``.
        has_end: Whether items have an end token with ``data.boundary=auto``.
        split: Recommended percentages for train, validation and test.
        length: Symbols per item with ``data.length=off``; 0 if the item length is not a setting.
        token_noun: Singular noun for one word of the corpus, e.g. "number".
    """

    description: str
    read: Read
    mode: Mode
    has_end: bool = True
    split: str = "80/10/10"
    length: int = 0
    token_noun: str = "word"


def _shipped(name: str) -> Read:
    def read(_: int, progress: Progress | None) -> tuple[Path, bytes]:
        path = asset_path(f"data/{name}.txt")
        return path, text_io.read_file(path, progress)

    return read


def _downloaded(name: str) -> Read:
    return lambda _, progress: read_downloaded(name, progress)


def _python(_: int, progress: Progress | None) -> tuple[None, bytes]:
    from seqlm.data.python_source import python_source

    return None, python_source(progress)


def _synthetic(task: str) -> Read:
    """Return a reader that calls the function ``task`` of :mod:`seqlm.data.synthetic_tasks`."""

    def read(length: int, _: Progress | None) -> tuple[None, bytes]:
        from seqlm.data import synthetic_tasks

        generate = getattr(synthetic_tasks, task)
        return None, generate(length) if length else generate()

    return read


def _grammar(_: int, __: Progress | None) -> tuple[None, bytes]:
    from seqlm.data.grammar import grammar_text

    return None, grammar_text()


CORPORA: dict[str, CorpusSpec] = {
    "names": CorpusSpec(
        description="given names from many countries, one per line, included with the program",
        read=_shipped("names"),
        mode="lines",
    ),
    "python": CorpusSpec(
        description="source code of your Python standard library, one long text",
        read=_python,
        mode="stream",
        split="94/3/3",
    ),
    "prose": CorpusSpec(
        description="a story about a harbor town and a reading machine, written for this program",
        read=_shipped("prose"),
        mode="stream",
    ),
    "hello": CorpusSpec(
        description="one line, Hello, RNN!, for a model to memorize",
        read=_synthetic("hello"),
        mode="lines",
        has_end=False,
        split="100/0/0",
    ),
    "counting": CorpusSpec(
        description="lines of data.length consecutive numbers between 0 and 127",
        read=_synthetic("counting"),
        mode="lines",
        has_end=False,
        split="100/0/0",
        length=6,
        token_noun="number",
    ),
    "recall": CorpusSpec(
        description="lines of data.length random symbols, then the first symbol again",
        read=_synthetic("recall"),
        mode="lines",
        has_end=False,
        length=10,
        token_noun="symbol",
    ),
    "grammar": CorpusSpec(
        description="sentences from a small grammar with a known exact entropy",
        read=_grammar,
        mode="stream",
        split="90/5/5",
    ),
    "lecture-names": CorpusSpec(
        description="names from the makemore lectures, one per line (download)",
        read=_downloaded("lecture-names"),
        mode="lines",
    ),
    "shakespeare": CorpusSpec(
        description="a million characters of Shakespeare's plays, one long text (download)",
        read=_downloaded("shakespeare"),
        mode="stream",
        split="90/10/0",
    ),
}


def corpus_modes(data: DataConfig) -> tuple[Mode, ...]:
    """Return the possible modes of a text: both if the mode depends on the content of a file."""
    if data.mode != "auto":
        return (data.mode,)
    spec = CORPORA.get(data.corpus)
    return (spec.mode,) if spec else ("lines", "stream")


def is_downloaded(name: str) -> bool:
    """Return whether a corpus can be read without a download."""
    return name not in REMOTE_CORPORA or downloaded_path(name).is_file()


def read_corpus_text(
    name: str, data: DataConfig, progress: Progress | None
) -> tuple[Path | None, bytes]:
    """Return the path of a named corpus, None if it is not a file, and its bytes.

    Raises:
        RequestError: The corpus cannot be read, or it does not support ``data.length``.
    """
    spec = CORPORA[name]
    if not spec.length:
        check_length(name, data)
    return spec.read(data.length or spec.length, progress)


def check_length(name: str, data: DataConfig) -> None:
    """Raise RequestError if ``data.length`` is set for a corpus that does not support it."""
    if data.length is not None:
        sized = " and ".join(name for name, spec in CORPORA.items() if spec.length)
        raise errors.RequestError(
            f"data.length={data.length} applies only to {sized}, not to {name}: set data.length=off",
            data.length,
        )

"""The corpora that are known by name: what each is, how it is read, and where its text comes from."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.run_config import DataConfig
from seqlm.data import text_io
from seqlm.data.download import REMOTE_CORPORA, downloaded_path, read_downloaded
from seqlm.data.text_io import Progress
from seqlm.paths import asset_path

Mode: TypeAlias = Literal["lines", "stream"]
Read: TypeAlias = Callable[[int, Progress | None], tuple[Path | None, bytes]]
"""From the length of an item (0 where there is none) to the file, if it is one, and the bytes."""


class CorpusSpec(Struct, frozen=True, kw_only=True):
    """A corpus that is known by name.

    Attributes:
        description: What it is, in one line.
        read: Gives the text.
        mode: How it is read with ``data.mode=auto``.
        has_end: Whether its lines have an end token with ``data.boundary=auto``.
        split: The shares that suit it.
        length: Symbols in one item with ``data.length=off``; 0 where items have no such length.
        token_noun: What a person calls one of its words.
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


def _fetched(name: str) -> Read:
    return lambda _, progress: read_downloaded(name, progress)


def _python(_: int, progress: Progress | None) -> tuple[None, bytes]:
    from seqlm.data.python_source import python_source

    return None, python_source(progress)


def _made(task: str) -> Read:
    """A text that a function of :mod:`seqlm.data.synthetic_tasks` makes: imported when it is wanted."""

    def read(length: int, _: Progress | None) -> tuple[None, bytes]:
        from seqlm.data import synthetic_tasks

        make = getattr(synthetic_tasks, task)
        return None, make(length) if length else make()

    return read


def _grammar(_: int, __: Progress | None) -> tuple[None, bytes]:
    from seqlm.data.grammar import grammar_text

    return None, grammar_text()


CORPORA: dict[str, CorpusSpec] = {
    "names": CorpusSpec(
        description="given names of many countries, one a line, shipped with the program",
        read=_shipped("names"),
        mode="lines",
    ),
    "python": CorpusSpec(
        description="the source files of your own Python, one long text",
        read=_python,
        mode="stream",
        split="94/3/3",
    ),
    "prose": CorpusSpec(
        description="a harbour town and a machine that reads, one long text written for this program",
        read=_shipped("prose"),
        mode="stream",
    ),
    "hello": CorpusSpec(
        description="the one line Hello, RNN!, to be learned by heart",
        read=_made("hello"),
        mode="lines",
        has_end=False,
        split="100/0/0",
    ),
    "counting": CorpusSpec(
        description="lines of consecutive numbers up to 127, data.length of them",
        read=_made("counting"),
        mode="lines",
        has_end=False,
        split="100/0/0",
        length=6,
        token_noun="number",
    ),
    "recall": CorpusSpec(
        description="lines of data.length random symbols, then the first of them again",
        read=_made("recall"),
        mode="lines",
        has_end=False,
        length=10,
        token_noun="symbol",
    ),
    "grammar": CorpusSpec(
        description="sentences of a small grammar, whose exact entropy is known",
        read=_grammar,
        mode="stream",
        split="90/5/5",
    ),
    "lecture-names": CorpusSpec(
        description="the names of the lectures on makemore, one a line, to be fetched",
        read=_fetched("lecture-names"),
        mode="lines",
    ),
    "shakespeare": CorpusSpec(
        description="a million characters of Shakespeare's plays, one long text, to be fetched",
        read=_fetched("shakespeare"),
        mode="stream",
        split="90/10/0",
    ),
}


def corpus_modes(data: DataConfig) -> tuple[Mode, ...]:
    """How a text may be read: one way, or both where the lines of a file decide."""
    if data.mode != "auto":
        return (data.mode,)
    source = CORPORA.get(data.corpus)
    return (source.mode,) if source else ("lines", "stream")


def is_downloaded(name: str) -> bool:
    """Whether the text of a corpus can be read without fetching it."""
    return name not in REMOTE_CORPORA or downloaded_path(name).is_file()


def read_corpus_text(
    name: str, data: DataConfig, progress: Progress | None
) -> tuple[Path | None, bytes]:
    """The file, if it is one, and the bytes of a corpus that is known by name.

    Raises:
        RequestError: It cannot be read, or has no items of ``data.length``.
    """
    source = CORPORA[name]
    if not source.length:
        check_length(name, data)
    return source.read(data.length or source.length, progress)


def check_length(name: str, data: DataConfig) -> None:
    """Raise RequestError where a length is asked of a text whose items have their own."""
    if data.length is not None:
        sized = " and ".join(name for name, source in CORPORA.items() if source.length)
        raise errors.RequestError(
            f"data.length={data.length} is for {sized}, and the corpus is {name}:"
            " set data.length=off",
            data.length,
        )

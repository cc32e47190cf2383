"""Where text comes from: a corpus that is known by name, or a file."""

import io
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from seqlm import errors
from seqlm.atomic_write import write_atomically
from seqlm.configuration.run_config import DataConfig
from seqlm.data import text_io
from seqlm.data.corpus_registry import CORPORA, Mode, check_length, read_corpus_text
from seqlm.data.text_io import Progress
from seqlm.paths import corpora_dir

MAX_STORED_BYTES = 64_000_000
_STDIN = "standard input"
_LOOKED_AT = 50_000  # characters that decide what a text looks like
_SHORT_LINE = 40  # characters


class Corpus(Struct, frozen=True):
    """A text with what is needed to know it again.

    Attributes:
        name: What a person calls it: the name in ``CORPORA``, or that of the file.
        path: The file; None where the text was put together from many.
        text: All of it; a line feed alone ends a line.
        mode: ``lines``: each line is a sequence of its own; ``stream``: one long sequence.
        n_bytes: Size before decoding.
        sha256: Of those bytes, in hexadecimal.
        n_undecodable: Bytes that were not UTF-8; each stands as U+FFFD in the text, but where bytes
            are tokens: then as :func:`seqlm.data.text_io.bytes_of` reads it.
        has_end: Whether its lines have an end token where nothing else is asked.
    """

    name: str
    path: Path | None
    text: str
    mode: Mode
    n_bytes: int
    sha256: str
    n_undecodable: int
    has_end: bool = True

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, {self.mode}, {self.n_bytes:,} bytes, {self.sha256[:16]})"


def read_corpus(data: DataConfig, progress: Progress | None = None) -> Corpus:
    """Read the text that ``data.corpus`` names: one of ``CORPORA``, else the path of a file.

    With ``data.mode=auto`` a file is a list of items when its lines look like one: at least two
    lines, nine in ten of them with at most 40 characters, and at most one in fifty blank (judged by
    the first 50,000 characters). Otherwise it is one stream.

    Args:
        data: What to read and how.
        progress: Told the bytes read and the bytes there are, after each piece.

    Raises:
        RequestError: The text cannot be read, is not text, or is too small to learn from.
    """
    if data.corpus in CORPORA:
        path, raw = read_corpus_text(data.corpus, data, progress)
        source = CORPORA[data.corpus]
        return _corpus(data.corpus, path, raw, data, source.mode, has_end=source.has_end)
    path = _path_of(data.corpus)
    check_length(text_io.describe_path(path.name), data)
    return _corpus(text_io.describe_path(path.name), path, text_io.read_file(path, progress), data)


def store_corpus(source: bytes | BinaryIO, undo: ExitStack | None = None) -> Path:
    """Keep a copy of a text under the user's corpora, named by its content, and return its path.

    Args:
        source: The bytes, or a binary stream (standard input) that is read to its end.
        undo: Told how to take the copy back, where there was none before.

    Raises:
        RequestError: More than 64 MB, empty, or binary; then nothing is written.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    raw = text_io.read_limited(file, _STDIN, MAX_STORED_BYTES)
    _refuse_too_little(text_io.decode(raw, _STDIN, keep_bytes=True)[0], _STDIN)
    path = copy_path(raw)
    if undo is not None and not path.exists():
        undo.callback(_take_back, path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, raw)
    return path


def _take_back(path: Path) -> None:
    """Remove a copy, and the folders that held nothing else."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
        path.parent.parent.rmdir()


def copy_path(raw: bytes) -> Path:
    """Where :func:`store_corpus` keeps a copy of these bytes."""
    return corpora_dir() / f"{_sha256(raw)[:16]}.txt"


def find_corpus_copy(stored_at: str) -> Path | None:
    """A copy where it was stored, or where copies are now: the user's home may have moved."""
    places = (Path(stored_at), corpora_dir() / Path(stored_at).name)
    return next((path for path in places if path.is_file()), None)


def read_standard_input(file: BinaryIO, data: DataConfig) -> tuple[Corpus, bytes]:
    """Read a text from a stream without keeping a copy: what is wrong with it is found out first.

    Args:
        file: Standard input, read to its end.
        data: How to read it; ``data.corpus`` does not count.

    Returns:
        The corpus, its path where a copy would be; and the bytes, for :func:`store_corpus`.

    Raises:
        RequestError: More than 64 MB, empty, or not text.
    """
    raw = text_io.read_limited(file, _STDIN, MAX_STORED_BYTES)
    return _corpus(_STDIN, copy_path(raw), raw, data), raw


def lines_of(text: str) -> list[str]:
    """The lines of a text without blanks at their end; blank ones are dropped."""
    return [line for line in map(str.rstrip, text.split("\n")) if line]


def _corpus(
    name: str,
    path: Path | None,
    raw: bytes,
    data: DataConfig,
    usual: Mode | None = None,
    *,
    has_end: bool = True,
) -> Corpus:
    keep_bytes = data.tokenizer == "byte"
    text, n_undecodable = text_io.decode(raw, name, keep_bytes=keep_bytes)
    _refuse_too_little(text, name)
    mode = data.mode if data.mode != "auto" else usual or _looks_like(text)
    return Corpus(name, path, text, mode, len(raw), _sha256(raw), n_undecodable, has_end)


def _path_of(corpus: str) -> Path:
    try:
        path = Path(corpus).expanduser()
    except RuntimeError:
        path = Path(corpus)  # ~ of a user who does not exist: a file of that name, then
    if path.suffix or len(path.parts) > 1 or os.path.lexists(path):
        return path
    raise errors.unknown("a corpus or a file here", corpus, CORPORA)


def _looks_like(text: str) -> Mode:
    lines = text[:_LOOKED_AT].removesuffix("\n").split("\n")
    filled = [line for line in map(str.rstrip, lines) if line]
    n_short = sum(len(line) <= _SHORT_LINE for line in filled)
    is_list = len(filled) >= 2 and n_short * 10 >= len(filled) * 9
    return "lines" if is_list and (len(lines) - len(filled)) * 50 <= len(lines) else "stream"


def _refuse_too_little(text: str, name: str) -> None:
    stripped = text.strip()
    if len(stripped) >= 2:
        return
    what = "holds one character" if stripped else "holds only blanks" if text else "is empty"
    raise errors.RequestError(f"{name} {what}. Give a text of at least two characters.", name)


def _sha256(raw: bytes) -> str:
    import hashlib  # loads a cryptographic library, which the first frame need not wait for

    return hashlib.sha256(raw).hexdigest()

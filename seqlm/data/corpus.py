"""Corpus of a run: a named corpus, a text file or standard input, and copies of it."""

import io
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from seqlm import errors
from seqlm.atomic_write import write_atomically
from seqlm.configuration.data_config import DataConfig
from seqlm.data import text_io
from seqlm.data.corpus_registry import CORPORA, Mode, check_length, read_corpus_text
from seqlm.data.text_io import Progress
from seqlm.paths import corpora_dir

MAX_STORED_BYTES = 64_000_000
_STDIN = "standard input"
_MODE_SAMPLE = 50_000  # characters that decide the mode of a file
_SHORT_LINE = 40  # characters


class Corpus(Struct, frozen=True):
    """Text with its name, size and checksum.

    Attributes:
        name: Name in ``CORPORA``, or the name of the file.
        path: Path of the file; None if the text is not from a single file.
        text: The whole text; only a line feed ends a line.
        mode: ``lines``: each line is a sequence. ``stream``: the text is one long sequence.
        n_bytes: Size before decoding.
        sha256: SHA-256 of the bytes before decoding, in hexadecimal.
        n_undecodable: Bytes that are not UTF-8. Each is U+FFFD in the text; for the byte tokenizer
            each is a private-use character that :func:`seqlm.data.text_io.bytes_of` converts back.
        has_end: Whether items have an end token with ``data.boundary=auto``.
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
    """Read the corpus ``data.corpus``: a name in ``CORPORA``, or else the path of a file.

    With ``data.mode=auto`` a file has the mode ``lines`` if its first 50,000 characters have at least
    two non-blank lines, 90 % of the non-blank lines have at most 40 characters, and at most 2 % of
    the lines are blank. Otherwise the mode is ``stream``.

    Args:
        data: Settings of the corpus.
        progress: Called after each piece with the bytes read and the total size.

    Raises:
        RequestError: The file cannot be read, is not text, or has fewer than two characters.
    """
    if data.corpus in CORPORA:
        path, raw = read_corpus_text(data.corpus, data, progress)
        spec = CORPORA[data.corpus]
        return _make_corpus(data.corpus, path, raw, data, spec.mode, has_end=spec.has_end)
    path = _file_path(data.corpus)
    name = text_io.describe_path(path.name)
    check_length(name, data)
    return _make_corpus(name, path, text_io.read_file(path, progress), data)


def store_corpus(source: bytes | BinaryIO, undo: ExitStack | None = None) -> Path:
    """Save a copy of a text in the corpora folder, named by its checksum, and return its path.

    Args:
        source: The bytes, or a binary stream (standard input) that is read to its end.
        undo: Receives a callback that removes the copy, if the copy is new.

    Raises:
        RequestError: The text has more than 64 MB, is too short, or is binary. Nothing is written.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    raw = text_io.read_limited(file, _STDIN, MAX_STORED_BYTES)
    _raise_if_too_little(text_io.decode(raw, _STDIN, keep_bytes=True)[0], _STDIN)
    path = copy_path(raw)
    if undo is not None and not path.exists():
        undo.callback(_remove_copy, path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, raw)
    return path


def _remove_copy(path: Path) -> None:
    """Remove a copy, and its parent folders if they are empty then."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
        path.parent.parent.rmdir()


def copy_path(raw: bytes) -> Path:
    """Return the path at which :func:`store_corpus` saves these bytes."""
    return corpora_dir() / f"{_sha256(raw)[:16]}.txt"


def find_corpus_copy(stored_at: str) -> Path | None:
    """Return the path of a stored copy: the original path, or the current corpora folder.

    The corpora folder differs from the original one if ``$SEQLM_HOME`` was moved.
    """
    candidates = (Path(stored_at), corpora_dir() / Path(stored_at).name)
    return next((path for path in candidates if path.is_file()), None)


def read_standard_input(file: BinaryIO, data: DataConfig) -> tuple[Corpus, bytes]:
    """Read a corpus from a stream without saving a copy, so that errors are found first.

    Args:
        file: Standard input, read to its end.
        data: Settings of the corpus; ``data.corpus`` is ignored.

    Returns:
        The corpus, with the path of the future copy, and the bytes for :func:`store_corpus`.

    Raises:
        RequestError: The text has more than 64 MB, is too short, or is not text.
    """
    raw = text_io.read_limited(file, _STDIN, MAX_STORED_BYTES)
    return _make_corpus(_STDIN, copy_path(raw), raw, data), raw


def lines_of(text: str) -> list[str]:
    """Return the non-blank lines of a text without trailing whitespace."""
    return [line for line in map(str.rstrip, text.split("\n")) if line]


def _make_corpus(
    name: str,
    path: Path | None,
    raw: bytes,
    data: DataConfig,
    default_mode: Mode | None = None,
    *,
    has_end: bool = True,
) -> Corpus:
    keep_bytes = data.tokenizer == "byte"
    text, n_undecodable = text_io.decode(raw, name, keep_bytes=keep_bytes)
    _raise_if_too_little(text, name)
    mode = data.mode if data.mode != "auto" else default_mode or _detect_mode(text)
    return Corpus(name, path, text, mode, len(raw), _sha256(raw), n_undecodable, has_end)


def _file_path(corpus: str) -> Path:
    try:
        path = Path(corpus).expanduser()
    except RuntimeError:
        path = Path(corpus)  # no user has this name: the ~ is part of the file name
    if path.suffix or len(path.parts) > 1 or os.path.lexists(path):
        return path
    raise errors.unknown("a corpus or a file in this folder", corpus, CORPORA)


def _detect_mode(text: str) -> Mode:
    lines = text[:_MODE_SAMPLE].removesuffix("\n").split("\n")
    filled = [line for line in map(str.rstrip, lines) if line]
    n_short = sum(len(line) <= _SHORT_LINE for line in filled)
    is_list = len(filled) >= 2 and n_short * 10 >= len(filled) * 9
    return "lines" if is_list and (len(lines) - len(filled)) * 50 <= len(lines) else "stream"


def _raise_if_too_little(text: str, name: str) -> None:
    stripped = text.strip()
    if len(stripped) >= 2:
        return
    what = "has one character" if stripped else "has only whitespace" if text else "is empty"
    raise errors.RequestError(f"{name} {what}. Give a text of at least two characters.", name)


def _sha256(raw: bytes) -> str:
    import hashlib  # loads a cryptographic library, which the first frame need not wait for

    return hashlib.sha256(raw).hexdigest()

"""Corpus of a run: a named corpus, a text file or standard input, and copies of it."""

import io
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from seqlm import errors
from seqlm.atomic_write import write_atomically
from seqlm.configuration.data_config import DataConfig
from seqlm.data import encoding, own_text, text_io
from seqlm.data.compressed import NamedBytes
from seqlm.data.corpus_registry import CORPORA, Mode, check_length, read_corpus_text
from seqlm.data.notes import Note
from seqlm.data.own_text import OwnText
from seqlm.data.text_files import display_name, is_path
from seqlm.data.text_io import Progress
from seqlm.paths import corpora_dir

MAX_STORED_BYTES = 64_000_000
_STDIN = "standard input"
_MODE_SAMPLE = 50_000  # characters that decide the mode of a file
_SHORT_LINE = 40  # characters


class Corpus(Struct, frozen=True):
    """Text with its name, size and checksum.

    Attributes:
        name: Name in ``CORPORA``, or the name of the file, folder or pattern.
        path: Path in ``data.corpus``; None if the text is not from files.
        text: The whole text; only a line feed ends a line.
        mode: ``lines``: each line is a sequence. ``stream``: the text is one long sequence.
        n_bytes: Size of the bytes that a run keeps a copy of: those of the file if it is one file of
            UTF-8, or else of the text as UTF-8.
        sha256: SHA-256 of the same bytes, in hexadecimal.
        n_undecodable: Bytes that could not be decoded. Each is U+FFFD in the text.
        has_end: Whether items have an end token with ``data.boundary=auto``.
        encoding: Encoding of the file; ``bytes`` if the bytes were not decoded.
        notes: What was found and repaired while the text was read.
    """

    name: str
    path: Path | None
    text: str
    mode: Mode
    n_bytes: int
    sha256: str
    n_undecodable: int
    has_end: bool = True
    encoding: str = "utf-8"
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, {self.mode}, {self.n_bytes:,} bytes, {self.sha256[:16]})"


def read_corpus(data: DataConfig, progress: Progress | None = None) -> Corpus:
    """Read the corpus ``data.corpus``: a name in ``CORPORA``, or else a path.

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
        spec, keep_bytes = CORPORA[data.corpus], data.tokenizer == "byte"
        text = encoding.decode_legacy(raw, data.corpus, keep_bytes=keep_bytes).text
        own = OwnText(data.corpus, raw, text, "utf-8")
        return _make_corpus(own, path, data, spec.mode, has_end=spec.has_end)
    own = _read_own_text(data, progress)
    return _make_corpus(own, Path(data.corpus), data)


def read_bytes_to_store(data: DataConfig) -> bytes:
    """Return the bytes of a user's text of which a run keeps a copy.

    Raises:
        RequestError: The text cannot be read.
    """
    return _read_own_text(data, None).raw


def _read_own_text(data: DataConfig, progress: Progress | None) -> OwnText:
    if not is_path(data.corpus):
        raise errors.unknown("a corpus or a file in this folder", data.corpus, CORPORA)
    check_length(display_name(data.corpus), data)
    return own_text.read_own_text(data, progress)


def store_corpus(source: bytes | BinaryIO, undo: ExitStack | None = None) -> Path:
    """Save a copy of a text in the corpora folder, named by its checksum, and return its path.

    Args:
        source: The bytes, or a binary stream (standard input) that is read to its end.
        undo: Receives a callback that removes the copy, if the copy is new.

    Raises:
        RequestError: The text has more than 64 MB or is too short. Nothing is written.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    raw = text_io.read_limited(file, _STDIN, MAX_STORED_BYTES)
    _raise_if_too_little(raw.decode(errors="replace"), _STDIN)
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
    own = own_text.join_files([NamedBytes(_STDIN, raw)], _STDIN, data)
    return _make_corpus(own, copy_path(raw), data), raw


def lines_of(text: str) -> list[str]:
    """Return the non-blank lines of a text without trailing whitespace."""
    return [line for line in map(str.rstrip, text.split("\n")) if line]


def _make_corpus(
    own: OwnText,
    path: Path | None,
    data: DataConfig,
    default_mode: Mode | None = None,
    *,
    has_end: bool = True,
) -> Corpus:
    _raise_if_too_little(own.text, own.name)
    return Corpus(
        name=own.name,
        path=path,
        text=own.text,
        mode=data.mode if data.mode != "auto" else default_mode or _detect_mode(own.text),
        n_bytes=len(own.raw),
        sha256=_sha256(own.raw),
        n_undecodable=own.n_undecodable,
        has_end=has_end,
        encoding=own.encoding,
        notes=own.notes,
    )


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

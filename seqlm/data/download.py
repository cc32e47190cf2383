"""Registry of downloadable corpora, and the download with a check of size and SHA-256.

A transfer writes to a partial file. The partial file is renamed once its checksum is right, so a
corpus under its final name is always complete. An interrupted transfer keeps its partial file and
resumes from there.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from seqlm.data import text_io
from seqlm.data.text_io import Progress
from seqlm.errors import RequestError, SeqlmError, unknown
from seqlm.paths import corpora_dir

_BASE_URL = "https://raw.githubusercontent.com"
_TIMEOUT_S = 30.0
_PIECE_BYTES = 1 << 16
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416  # HTTP status codes


class RemoteCorpus(Struct, frozen=True):
    """A corpus that can be downloaded.

    Attributes:
        path: Path of the file below the base URL.
        n_bytes: Expected size.
        sha256: Expected SHA-256, in hexadecimal.
    """

    path: str
    n_bytes: int
    sha256: str


class DownloadResult(Struct, frozen=True):
    """Outcome of a download.

    Attributes:
        corpus: Name of the corpus.
        path: Path of the local file.
        bytes: Size of the file.
        sha256: SHA-256 of the file, in hexadecimal.
        fetched: Whether the file was downloaded now; False where it was already present.
    """

    corpus: str
    path: str
    bytes: int
    sha256: str
    fetched: bool


REMOTE_CORPORA: dict[str, RemoteCorpus] = {
    "lecture-names": RemoteCorpus(
        "karpathy/makemore/master/names.txt",
        228_145,
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ),
    "shakespeare": RemoteCorpus(
        "karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        1_115_394,
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ),
}


def download_url(name: str) -> str:
    """Return the URL of a corpus; ``$SEQLM_FETCH_FROM`` replaces the base URL.

    Raises:
        RequestError: ``$SEQLM_FETCH_FROM`` is not an HTTP or HTTPS URL.
    """
    base = os.environ.get("SEQLM_FETCH_FROM") or _BASE_URL
    if not base.isprintable() or not base.startswith(("https://", "http://")):
        raise RequestError(
            f"$SEQLM_FETCH_FROM={text_io.describe_path(base)} is not an HTTP or HTTPS URL,"
            f" e.g. {_BASE_URL}",
            base,
        )
    return f"{base.rstrip('/')}/{REMOTE_CORPORA[name].path}"


def downloaded_path(name: str) -> Path:
    """Return the local path of a downloaded corpus."""
    return corpora_dir() / f"{name}.txt"


def has_checksum(name: str, raw: bytes) -> bool:
    """Return whether ``raw`` has the expected SHA-256 of the corpus ``name``."""
    import hashlib  # loads a cryptographic library, which the first frame need not wait for

    return hashlib.sha256(raw).hexdigest() == REMOTE_CORPORA[name].sha256


def read_downloaded(name: str, progress: Progress | None = None) -> tuple[Path, bytes]:
    """Return the local path of a downloaded corpus and its bytes.

    Raises:
        RequestError: The corpus is not downloaded, or its file was changed.
    """
    path = downloaded_path(name)
    if not path.is_file():
        raise RequestError(
            f"{name} is not downloaded yet; download it with: seqlm data fetch {name}", name
        )
    raw = text_io.read_file(path, progress)
    if not has_checksum(name, raw):
        raise RequestError(
            f"{name} was changed or damaged; download it again with: seqlm data fetch {name}", name
        )
    return path, raw


def download_corpus(name: str, progress: Progress | None = None) -> DownloadResult:
    """Download the corpus ``name``, unless it is already present.

    Args:
        name: One of ``REMOTE_CORPORA``.
        progress: Called after each piece with the bytes received and the expected size.

    Raises:
        RequestError: ``name`` is not a downloadable corpus.
        SeqlmError: The transfer failed, or the received bytes have the wrong checksum.
    """
    if name not in REMOTE_CORPORA:
        raise unknown("a downloadable corpus", name, REMOTE_CORPORA)
    remote, path = REMOTE_CORPORA[name], downloaded_path(name)
    is_present = path.is_file() and has_checksum(name, path.read_bytes())
    if not is_present:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _open_partial(path) as partial:
            _complete(name, partial, progress)
            Path(partial.name).replace(path)
    return DownloadResult(name, str(path), remote.n_bytes, remote.sha256, not is_present)


@contextmanager
def _open_partial(path: Path) -> Iterator[BinaryIO]:
    """Open and lock the partial file, at its end; remove it afterwards if it is empty."""
    partial_path = path.with_suffix(".part")
    with partial_path.open("ab") as partial:
        try:
            fcntl.flock(partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SeqlmError(f"{path.stem} is being downloaded by another process") from None
        try:
            yield partial
        finally:
            partial.flush()
            with suppress(OSError):
                if not partial_path.stat().st_size:
                    partial_path.unlink()
                    path.parent.rmdir()
                    path.parent.parent.rmdir()


def _complete(name: str, partial: BinaryIO, progress: Progress | None) -> None:
    """Download the missing bytes of the partial file and verify the whole file.

    Raises:
        SeqlmError: The transfer failed, or the file has the wrong size or checksum.
    """
    import http.client  # the network libraries load slowly, and few commands need them
    from urllib.error import HTTPError

    n_wanted = REMOTE_CORPORA[name].n_bytes
    if partial.tell() < n_wanted:
        try:
            _transfer(name, partial, progress)
        except HTTPError as error:
            if error.code == _RANGE_NOT_SATISFIABLE:
                partial.truncate(0)  # the remote file is shorter: the partial file is another text
            raise SeqlmError(f"{download_url(name)} returned {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise SeqlmError(_describe_failure(name, partial.tell(), error)) from None
    partial.flush()
    os.fsync(partial.fileno())
    if partial.tell() != n_wanted or not has_checksum(name, Path(partial.name).read_bytes()):
        partial.truncate(0)
        raise SeqlmError(
            f"the file at {download_url(name)} is not {name}: its SHA-256 is not"
            f" {REMOTE_CORPORA[name].sha256[:12]}…; nothing was saved"
        )


def _transfer(name: str, partial: BinaryIO, progress: Progress | None) -> None:
    """Append the missing bytes, and one byte more if the remote file is too long."""
    import urllib.request

    n_wanted, n_present = REMOTE_CORPORA[name].n_bytes, partial.tell()
    headers = {"Range": f"bytes={n_present}-"} if n_present else {}
    request = urllib.request.Request(download_url(name), headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
        content_range = response.headers.get("Content-Range", "")
        is_continued = content_range.startswith(f"bytes {n_present}-")
        if n_present and not (response.status == _PARTIAL_CONTENT and is_continued):
            partial.truncate(0)
            partial.seek(0)
        while partial.tell() <= n_wanted:
            piece = response.read(min(_PIECE_BYTES, n_wanted + 1 - partial.tell()))
            if not piece:
                break
            partial.write(piece)
            if progress is not None:
                progress(partial.tell(), n_wanted)
        if partial.tell() < n_wanted and response.length != 0:
            raise ConnectionError("the connection was closed")


def _describe_failure(name: str, n_present: int, error: Exception) -> str:
    """Return the message of a failed transfer, with the number of bytes already received."""
    from urllib.error import URLError

    reason = error.reason if isinstance(error, URLError) else error
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    resume = f"; the same command resumes after {n_present:,} bytes" if n_present else ""
    return f"{name} could not be downloaded from {download_url(name)}: {text}{resume}"

"""Fetching a corpus that lies elsewhere: what came is kept when a transfer breaks off, and goes on.

The bytes go into a file of their own. It takes its name when its SHA-256 is right, so that a text
under its name is always the whole of it.
"""

import fcntl
import http.client
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError

from msgspec import Struct

from seqlm.data.remote import REMOTE, download_url, downloaded_path, has_checksum
from seqlm.data.text_io import Progress
from seqlm.errors import SeqlmError, unknown

_TIMEOUT_S = 30.0
_PIECE_BYTES = 1 << 16
_PARTIAL, _BEYOND_ITS_END = 206, 416


class DownloadProgress(Struct, frozen=True):
    """A corpus that is here now: its file, its size and hash, and whether it was not before."""

    corpus: str
    path: str
    bytes: int
    sha256: str
    fetched: bool


def fetch(name: str, progress: Progress | None = None) -> DownloadProgress:
    """Get the corpus ``name`` from where it lies, unless it is here already.

    Args:
        name: One of ``REMOTE``.
        progress: Told the bytes that are here and the bytes there are, after each piece.

    Raises:
        RequestError: There is no such corpus to fetch.
        SeqlmError: The transfer failed, or what came is not the right text.
    """
    if name not in REMOTE:
        raise unknown("a corpus to fetch", name, REMOTE)
    remote, path = REMOTE[name], downloaded_path(name)
    is_here = path.is_file() and has_checksum(name, path.read_bytes())
    if not is_here:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _part(path) as part:
            _complete(name, part, progress)
            Path(part.name).replace(path)
    return DownloadProgress(name, str(path), remote.n_bytes, remote.sha256, not is_here)


@contextmanager
def _part(path: Path) -> Iterator[BinaryIO]:
    """The file that a transfer writes, at its end; an empty one goes away, and its folders too."""
    name = path.with_suffix(".part")
    with name.open("ab") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SeqlmError(f"{path.stem} is being fetched by another process") from None
        try:
            yield part
        finally:
            part.flush()
            with suppress(OSError):
                if not name.stat().st_size:
                    name.unlink()
                    path.parent.rmdir()
                    path.parent.parent.rmdir()


def _complete(name: str, part: BinaryIO, progress: Progress | None) -> None:
    n_wanted = REMOTE[name].n_bytes
    if part.tell() < n_wanted:
        try:
            _transfer(name, part, progress)
        except HTTPError as error:
            if error.code == _BEYOND_ITS_END:
                part.truncate(0)  # what is there now is shorter: what is here is of another text
            raise SeqlmError(f"{download_url(name)} answered {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise SeqlmError(_broken_off(name, part.tell(), error)) from None
    part.flush()
    os.fsync(part.fileno())
    if part.tell() != n_wanted or not has_checksum(name, Path(part.name).read_bytes()):
        part.truncate(0)
        raise SeqlmError(
            f"what came from {download_url(name)} is not {name}: its SHA-256 is not"
            f" {REMOTE[name].sha256[:12]}…; nothing was kept"
        )


def _transfer(name: str, part: BinaryIO, progress: Progress | None) -> None:
    """Write what is missing, and a byte more if more comes: then it is not the right text."""
    n_wanted, n_here = REMOTE[name].n_bytes, part.tell()
    asked = {"Range": f"bytes={n_here}-"} if n_here else {}
    request = urllib.request.Request(download_url(name), headers=asked)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {n_here}-")
        if n_here and not (answer.status == _PARTIAL and goes_on):
            part.truncate(0)
            part.seek(0)
        while part.tell() <= n_wanted:
            piece = answer.read(min(_PIECE_BYTES, n_wanted + 1 - part.tell()))
            if not piece:
                break
            part.write(piece)
            if progress is not None:
                progress(part.tell(), n_wanted)
        if part.tell() < n_wanted and answer.length != 0:
            raise ConnectionError("the connection was closed")


def _broken_off(name: str, n_here: int, error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    kept = f"; the same command goes on from {n_here:,} bytes" if n_here else ""
    return f"{name} could not be fetched from {download_url(name)}: {words}{kept}"

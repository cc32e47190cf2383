"""The corpora that lie elsewhere: where, and how each is known to be the right one."""

import os
from pathlib import Path

from msgspec import Struct

from seqlm import errors
from seqlm.data import text_io
from seqlm.data.text_io import Progress
from seqlm.paths import corpora_dir

_BASE = "https://raw.githubusercontent.com"


class RemoteCorpus(Struct, frozen=True):
    """A file elsewhere: its place below the address of the site, its size, and its SHA-256."""

    path: str
    n_bytes: int
    sha256: str


REMOTE: dict[str, RemoteCorpus] = {
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
    """The URL of a corpus; ``$SEQLM_FETCH_FROM`` names another site with the same paths.

    Raises:
        RequestError: It names none.
    """
    base = os.environ.get("SEQLM_FETCH_FROM") or _BASE
    if not base.isprintable() or not base.startswith(("https://", "http://")):
        raise errors.RequestError(
            f"$SEQLM_FETCH_FROM={text_io.describe_path(base)} is no address of a site, e.g. {_BASE}",
            base,
        )
    return f"{base.rstrip('/')}/{REMOTE[name].path}"


def downloaded_path(name: str) -> Path:
    """Where a corpus lies after it was fetched, among the user's corpora."""
    return corpora_dir() / f"{name}.txt"


def has_checksum(name: str, raw: bytes) -> bool:
    """Whether these are the bytes of the corpus ``name``."""
    import hashlib  # loads a cryptographic library, which the first frame need not wait for

    return hashlib.sha256(raw).hexdigest() == REMOTE[name].sha256


def read_downloaded(name: str, progress: Progress | None = None) -> tuple[Path, bytes]:
    """The file of a corpus and its bytes.

    Raises:
        RequestError: It was not fetched yet, or is not what was fetched any more.
    """
    path = downloaded_path(name)
    if not path.is_file():
        raise errors.RequestError(
            f"{name} is not here yet; get it by: seqlm data fetch {name}", name
        )
    raw = text_io.read_file(path, progress)
    if not has_checksum(name, raw):
        raise errors.RequestError(
            f"{name} was changed or damaged; get it anew by: seqlm data fetch {name}", name
        )
    return path, raw

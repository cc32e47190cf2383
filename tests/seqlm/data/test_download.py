import fcntl
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, field

from seqlm.configuration.data_config import DataConfig
from seqlm.data import download
from seqlm.data.corpus import read_corpus
from seqlm.data.corpus_registry import is_downloaded
from seqlm.data.download import RemoteCorpus, download_corpus, downloaded_path
from seqlm.errors import RequestError, SeqlmError

TEXT = "".join(f"{n} and some more words of a play\n" for n in range(20_000)).encode()
NAME = "shakespeare"


class Site(Struct):
    """Behavior of the local server, and the ranges it was asked for."""

    body: bytes = TEXT
    status: int = 200
    takes_ranges: bool = True
    ends_after: int | None = None
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Start a local server whose text has the expected checksum."""
    found = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("SEQLM_FETCH_FROM", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    right = RemoteCorpus("plays/input.txt", len(TEXT), hashlib.sha256(TEXT).hexdigest())
    monkeypatch.setitem(download.REMOTE_CORPORA, NAME, right)
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(site: Site) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            site.asked.append(asked)
            first = int(asked[len("bytes=") : -1]) if asked and site.takes_ranges else 0
            body, status = site.body[first:], site.status
            if status == 200 and first:
                status = 206 if body else 416
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 206:
                last = len(site.body) - 1
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(site.body)}")
            self.end_headers()
            self.wfile.write(body if site.ends_after is None else body[: site.ends_after])

        def log_message(self, *_: object) -> None:
            """Write nothing to standard error."""

    return Handler


def part() -> Path:
    return downloaded_path(NAME).with_suffix(".part")


def nothing_is_left() -> bool:
    return not downloaded_path(NAME).parent.parent.exists()


def test_corpus_is_downloaded_once(site: Site) -> None:
    told: list[tuple[int, int]] = []
    assert not is_downloaded(NAME)
    first = download_corpus(NAME, lambda n, total: told.append((n, total)))
    assert (first.fetched, first.bytes, first.corpus) == (True, len(TEXT), NAME)
    assert Path(first.path).read_bytes() == TEXT
    assert hashlib.sha256(TEXT).hexdigest() == first.sha256
    assert told == sorted(told)
    assert told[-1] == (len(TEXT), len(TEXT))
    assert not part().exists()
    assert not download_corpus(NAME).fetched
    assert site.asked == [None]
    assert is_downloaded(NAME)
    assert read_corpus(DataConfig(corpus=NAME)).mode == "stream"


def test_interrupted_transfer_resumes(site: Site) -> None:
    site.ends_after = 300_000
    with pytest.raises(SeqlmError, match=r"closed; the same command resumes after 300,000 bytes"):
        download_corpus(NAME)
    assert part().read_bytes() == TEXT[:300_000]
    assert not downloaded_path(NAME).exists()
    site.ends_after = None
    assert download_corpus(NAME).fetched
    assert site.asked == [None, "bytes=300000-"]
    assert downloaded_path(NAME).read_bytes() == TEXT
    assert not part().exists()


def test_server_without_range_support_restarts_the_download(site: Site) -> None:
    part().parent.mkdir(parents=True)
    part().write_bytes(b"#" * 1000)
    site.takes_ranges = False
    assert download_corpus(NAME).fetched
    assert downloaded_path(NAME).read_bytes() == TEXT


@pytest.mark.parametrize(
    "body", [b"x" + TEXT[1:], TEXT + b"x", TEXT[:1000], b""], ids=["other", "more", "less", "none"]
)
def test_wrong_checksum_is_rejected_and_nothing_is_saved(site: Site, body: bytes) -> None:
    site.body = body
    with pytest.raises(SeqlmError, match="is not shakespeare: its SHA-256 is not"):
        download_corpus(NAME)
    assert nothing_is_left()


def test_invalid_partial_file_is_discarded(site: Site) -> None:
    part().parent.mkdir(parents=True)
    part().write_bytes(b"#" * 1000)
    with pytest.raises(SeqlmError, match="is not shakespeare"):
        download_corpus(NAME)
    assert nothing_is_left()
    assert download_corpus(NAME).fetched


def test_partial_file_longer_than_the_remote_file_is_discarded(site: Site) -> None:
    part().parent.mkdir(parents=True)
    part().write_bytes(TEXT[:5000])
    site.body = TEXT[:4000]
    with pytest.raises(SeqlmError, match="returned 416"):
        download_corpus(NAME)
    assert nothing_is_left()


def test_missing_remote_file_is_reported(site: Site) -> None:
    site.status = 404
    with pytest.raises(SeqlmError, match=r"plays/input\.txt returned 404 Not Found$"):
        download_corpus(NAME)
    assert nothing_is_left()


def test_connection_error_is_reported(
    site: Site, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("SEQLM_FETCH_FROM", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(
        SeqlmError, match=r"could not be downloaded from http://127.*refused$"
    ) as found:
        download_corpus(NAME)
    assert found.value.exit_status == 1
    assert nothing_is_left()
    monkeypatch.setenv("SEQLM_FETCH_FROM", "file:///etc")
    with pytest.raises(
        RequestError, match="SEQLM_FETCH_FROM=file:///etc is not an HTTP or HTTPS URL"
    ):
        download_corpus(NAME)


def test_timeout_is_reported(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqlm.data.download._TIMEOUT_S", 0.05)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("urllib.request.urlopen", _times_out)
        with pytest.raises(SeqlmError, match="timed out"):
            download_corpus(NAME)
    assert nothing_is_left()


def _times_out(*_: object, timeout: float) -> None:
    assert timeout == 0.05
    raise TimeoutError("timed out")


def test_concurrent_downloads_are_rejected(site: Site) -> None:
    part().parent.mkdir(parents=True)
    with part().open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SeqlmError, match="being downloaded by another process"):
            download_corpus(NAME)
    assert download_corpus(NAME).fetched


def test_missing_corpus_names_the_download_command(site: Site) -> None:
    with pytest.raises(RequestError, match=r"not downloaded yet; .* seqlm data fetch shakespeare$"):
        read_corpus(DataConfig(corpus=NAME))
    download_corpus(NAME)
    downloaded_path(NAME).write_bytes(TEXT[:-1])
    with pytest.raises(RequestError, match=r"changed or damaged; .* seqlm data fetch shakespeare"):
        read_corpus(DataConfig(corpus=NAME))
    assert download_corpus(NAME).fetched


def test_local_corpus_cannot_be_downloaded() -> None:
    with pytest.raises(RequestError, match="'python' is not a downloadable corpus"):
        download_corpus("python")


@pytest.mark.parametrize(
    ("name", "file"), [("lecture-names", "names.txt"), ("shakespeare", "tinyshakespeare.txt")]
)
def test_checksums_match_the_published_texts(name: str, file: str, shared_data: Path) -> None:
    raw = (shared_data / file).read_bytes()
    assert download.REMOTE_CORPORA[name].n_bytes == len(raw)
    assert download.has_checksum(name, raw)

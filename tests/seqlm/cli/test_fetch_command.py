"""``seqlm data fetch`` with a simulated server."""

import hashlib
import io
from typing import ClassVar

from seqlm.cli.main import run
from seqlm.data import download
from seqlm.data.download import RemoteCorpus


class _Answer(io.BytesIO):
    """HTTP response that contains a whole text."""

    status, length = 200, 0
    headers: ClassVar = {}


def test_fetch_downloads_a_corpus_once(run_json, capsys, monkeypatch) -> None:
    text = b"what is fetched, as words\n" * 400
    right = RemoteCorpus("x/input.txt", len(text), hashlib.sha256(text).hexdigest())
    monkeypatch.setitem(download.REMOTE_CORPORA, "shakespeare", right)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: _Answer(text))
    result = run_json("data", "fetch", "shakespeare")
    assert result == {
        "corpus": "shakespeare",
        "path": str(download.downloaded_path("shakespeare")),
        "bytes": len(text),
        "sha256": right.sha256,
        "fetched": True,
    }
    assert not run_json("data", "fetch", "shakespeare")["fetched"]
    assert run(["data", "fetch", "shakespeare"]) == 0
    out, err = capsys.readouterr()
    assert (out.split(",")[0], err) == ("shakespeare: already downloaded", "")
    assert run_json("data", "show", "shakespeare")["corpus"]["mode"] == "stream"


def test_failed_download_is_one_line_with_status_1(run_rejected, monkeypatch) -> None:
    monkeypatch.setenv("SEQLM_FETCH_FROM", "http://127.0.0.1:1")
    assert "refused" in run_rejected("data", "fetch", "shakespeare", status=1)


def test_download_progress_is_on_standard_error(capsys, monkeypatch) -> None:
    text = b"a\n" * 200_000
    right = RemoteCorpus("x/input.txt", len(text), hashlib.sha256(text).hexdigest())
    monkeypatch.setitem(download.REMOTE_CORPORA, "shakespeare", right)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: _Answer(text))
    assert run(["data", "fetch", "shakespeare"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("shakespeare: downloaded, 400,000 bytes, ")
    lines = err.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "shakespeare: 400,000 / 400,000 bytes"

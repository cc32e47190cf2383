import hashlib
import io
import os
from pathlib import Path

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.data import corpus, text_io
from seqlm.data.corpus import (
    find_corpus_copy,
    lines_of,
    read_corpus,
    read_standard_input,
    store_corpus,
)
from seqlm.data.python_source import TARGET_BYTES, python_source
from seqlm.errors import RequestError
from seqlm.paths import corpora_dir, home, runs_dir


def _file(folder: Path, raw: bytes, name: str = "notes.txt") -> DataConfig:
    path = folder / name
    path.write_bytes(raw)
    return DataConfig(corpus=str(path))


def _refusal(data: DataConfig) -> str:
    with pytest.raises(RequestError) as caught:
        read_corpus(data)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_included_names_are_sorted_and_distinct() -> None:
    names = read_corpus(DataConfig())
    lines = lines_of(names.text)
    assert names.mode == "lines"
    assert len(lines) >= 15_000
    assert len(set(lines)) == len(lines)
    assert lines == sorted(lines)
    assert set("".join(lines)) == set("abcdefghijklmnopqrstuvwxyz")
    assert {len(line) for line in lines} <= set(range(2, 16))


def test_python_source_is_a_reproducible_stream() -> None:
    once, again = python_source(), python_source()
    assert once == again
    assert TARGET_BYTES / 4 < len(once) < TARGET_BYTES * 1.5
    read = read_corpus(DataConfig(corpus="python"))
    assert (read.mode, read.path, read.sha256) == (
        "stream",
        None,
        hashlib.sha256(once).hexdigest(),
    )


def test_corpus_of_a_file_has_name_size_and_checksum(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfanna\r\n\nbo \r\n"
    read = read_corpus(_file(tmp_path, raw))
    assert read.text == "anna\n\nbo \n"
    assert lines_of(read.text) == ["anna", "bo"]
    assert (read.name, read.n_bytes, read.n_undecodable) == ("notes.txt", len(raw), 0)
    assert read.sha256 == hashlib.sha256(raw).hexdigest()


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines_of("a\x0bb\u2028c\x85d\re\n f\t\n") == ["a\x0bb\u2028c\x85d\re", " f"]


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        (b"", "notes.txt is empty"),
        (b"\xef\xbb\xbf", "notes.txt is empty"),
        (b" \n\n", "notes.txt has only whitespace"),
        (b"x\n", "notes.txt has one character"),
        (b"abc\0def", "notes.txt is a binary file (byte 0x00 at 3)"),
        (bytes(range(1, 256)) * 4, "notes.txt is not UTF-8 (byte 0x80 at 127)"),
    ],
)
def test_binary_or_empty_text_is_rejected(tmp_path: Path, raw: bytes, wrong: str) -> None:
    message = _refusal(_file(tmp_path, raw))
    assert wrong in message
    assert "Give" in message or "Set data.encoding" in message


def test_path_that_is_not_a_regular_file_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "pipe.txt is a pipe" in _refusal(DataConfig(corpus=str(tmp_path / "pipe.txt")))
    (tmp_path / "empty").mkdir()
    assert "empty has no .txt files" in _refusal(DataConfig(corpus=str(tmp_path / "empty")))
    assert "null is a device" in _refusal(DataConfig(corpus="/dev/null"))
    assert "no file" in _refusal(DataConfig(corpus=str(tmp_path / "absent.txt")))
    assert "Nearest: names" in _refusal(DataConfig(corpus="nmaes"))
    assert "null byte" in _refusal(DataConfig(corpus="a/b\0c"))
    assert "\\n" in _refusal(DataConfig(corpus="a/b\nc.txt"))


def test_too_large_file_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_io, "MAX_FILE_BYTES", 10)
    assert "allowed: at most" in _refusal(_file(tmp_path, b"abc " * 3))


def test_progress_reaches_the_size(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    read = read_corpus(
        _file(tmp_path, b"word\n" * 500_000), lambda done, total: seen.append((done, total))
    )
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (read.n_bytes, read.n_bytes)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("anna\nbo\n", "lines"),
        ("anna\nbo", "lines"),
        ("one line only\n", "stream"),
        ("a poem\n\nof lines\n\nwith gaps\n", "stream"),
        ("a long line of running text that is longer than any name\n" * 20, "stream"),
        ("short\n" * 95 + "a line much longer than any name would ever be\n" * 5, "lines"),
    ],
)
def test_mode_of_a_file_is_detected(tmp_path: Path, text: str, mode: str) -> None:
    data = _file(tmp_path, text.encode())
    assert read_corpus(data).mode == mode
    assert read_corpus(DataConfig(corpus=data.corpus, mode="stream")).mode == "stream"
    assert read_corpus(DataConfig(corpus=data.corpus, mode="lines")).mode == "lines"


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_reading_paths_creates_no_folder(own_home: Path) -> None:
    assert (home(), runs_dir(), corpora_dir()) == (
        own_home,
        own_home / "runs",
        own_home / "corpora",
    )
    assert not own_home.exists()


def test_a_stored_corpus_is_named_by_its_content(own_home: Path) -> None:
    raw = b"anna\nbo\n"
    path = store_corpus(io.BytesIO(raw))
    assert path == own_home / "corpora" / f"{hashlib.sha256(raw).hexdigest()[:16]}.txt"
    assert path.read_bytes() == raw
    assert path.stat().st_mode & 0o777 == 0o600
    assert store_corpus(raw) == path
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("raw", [b"", b" \n", b"too long for the limit"])
def test_invalid_text_is_not_stored(
    own_home: Path, raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MAX_STORED_BYTES", 20)
    with pytest.raises(RequestError):
        store_corpus(raw)
    assert not own_home.exists()


def test_standard_input_is_checked_before_it_is_stored(own_home: Path) -> None:
    raw = b"anna\nbo\n"
    read, found = read_standard_input(io.BytesIO(raw), DataConfig())
    assert (read.text, read.mode, found) == (raw.decode(), "lines", raw)
    assert not own_home.exists()
    assert store_corpus(found) == read.path


def test_a_copy_is_found_where_the_home_has_moved(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store_corpus(b"anna\nbo\n")
    assert find_corpus_copy(str(path)) == path
    moved = own_home.rename(own_home.with_name("moved"))
    assert find_corpus_copy(str(path)) is None
    monkeypatch.setenv("SEQLM_HOME", str(moved))
    assert find_corpus_copy(str(path)) == moved / "corpora" / path.name

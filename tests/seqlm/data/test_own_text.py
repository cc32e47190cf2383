import bz2
import gzip
import io
import lzma
import os
import random
import zipfile
from pathlib import Path

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.data import text_io
from seqlm.data.corpus import Corpus, read_bytes_to_store, read_corpus
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError

_ANNA, _BO = "anna\namélie\n", "bo\nbjörn"
_WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "at", "noon"]
_ALL = "anna\namélie\nbo\nbjörn"


def _read(path: object, **settings: object) -> Corpus:
    return read_corpus(DataConfig(corpus=str(path), **settings))  # type: ignore[arg-type]


def _refusal(path: object, **settings: object) -> str:
    with pytest.raises(RequestError) as caught:
        _read(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _notes(corpus: Corpus) -> str:
    return "; ".join(note.text for note in corpus.notes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two texts, in two encodings, and files that are not texts."""
    texts = tmp_path / "texts"
    (texts / "more").mkdir(parents=True)
    (texts / "a.txt").write_bytes(_ANNA.encode("utf-8-sig"))
    (texts / "more" / "b.txt").write_bytes(_BO.encode("latin-1"))
    (texts / ".hidden.txt").write_text("hidden\n")
    (texts / "picture.png").write_bytes(b"\x89PNG\0\0")
    return texts


def test_the_text_files_of_a_folder_are_joined(folder: Path) -> None:
    read = _read(folder)
    assert (read.text, read.name, read.mode) == (_ALL, "texts", "lines")
    assert read.encoding == "utf-8, cp1252"
    assert "2 files joined" in _notes(read)


def test_a_pattern_and_several_paths_are_joined(folder: Path) -> None:
    assert _read(folder / "**" / "*.txt").text == _ALL
    assert _read(f"{folder}/a.txt{os.pathsep}{folder}/more/b.txt").text == _ALL
    assert _read(f"{folder}/a.txt{os.pathsep}{folder}/more/b.txt").name == "a.txt and 1 more"
    assert "has no files" in _refusal(folder / "*.md")
    assert "no file" in _refusal(f"{folder}/a.txt{os.pathsep}{folder}/absent.txt")


def test_a_file_whose_name_looks_like_a_pattern_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / f"what[1]*?{os.pathsep}.txt"
    path.write_text(_ANNA)
    assert _read(path).text == _ANNA


def test_a_pipe_in_a_folder_is_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert "pipe.txt is a pipe" in _refusal(folder)


def _zip(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED)  # a fixed time
    return target.getvalue()


_PACKED = {
    "a.txt.gz": gzip.compress(_ALL.encode(), mtime=0),
    "a.bz2": bz2.compress(_ALL.encode()),
    "a.txt.XZ": lzma.compress(_ALL.encode()),
    "a.zip": _zip(
        {
            "t/b.txt": _BO.encode("latin-1"),
            "a.txt": _ANNA.encode(),
            "picture.png": b"\0",
            "__MACOSX/a.txt": b"\0",
        }
    ),
    "one.zip": _zip({"names.lst": _ALL.encode()}),
}


@pytest.mark.parametrize("name", _PACKED)
def test_a_compressed_file_is_expanded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(_PACKED[name])
    assert _read(tmp_path / name).text == _ALL
    assert _read(tmp_path / name, tokenizer="byte").text.startswith("anna\n")


@pytest.mark.parametrize("name", _PACKED)
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(_PACKED[name][:-12])
    assert f"{name} is not a complete .{name.rpartition('.')[2].lower()} file" in _refusal(
        tmp_path / name
    )


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.bz2", "bomb.xz", "bomb.zip"])
def test_the_expanded_size_is_bounded(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_io, "MAX_FILE_BYTES", 1_000_000)
    large = b"a line of text\n" * 200_000
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    kind = name.rpartition(".")[2]
    raw = pack[kind](large) if kind in pack else _zip({"a.txt": large, "b.txt": large})
    (tmp_path / name).write_bytes(raw)
    assert len(raw) < 20_000
    assert "allowed: at most 1 MB" in _refusal(tmp_path / name)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    raw = bytearray(_zip({"a.txt": _ANNA.encode()}))
    raw[6] |= 1  # the flag of an encrypted member, in both headers
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(raw)
    assert "a.zip is encrypted" in _refusal(tmp_path / "a.zip")


def test_an_archive_without_visible_files_is_refused(tmp_path: Path) -> None:
    for files in ({}, {"../../etc/x.txt": b"a\n"}):
        (tmp_path / "t.zip").write_bytes(_zip(files))
        assert "t.zip has no text" in _refusal(tmp_path / "t.zip")


def test_with_the_byte_tokenizer_every_file_is_a_corpus(tmp_path: Path) -> None:
    raw = b"MThd\0\0\0\6\0\1\0\2\1\xe0\r\nMTrk" + bytes(range(256)) * 20
    (tmp_path / "song.mid").write_bytes(raw)
    assert "data.tokenizer=byte" in _refusal(tmp_path / "song.mid")
    prepared = prepare(DataConfig(corpus=str(tmp_path / "song.mid"), tokenizer="byte"))
    pieces = [item for split in prepared.items.values() for item in split]
    ids = [i for piece in pieces for i in prepared.tokenizer.encode(piece)]
    assert bytes(ids) == raw
    assert prepared.corpus.notes == ()


@pytest.mark.parametrize(
    ("name", "raw", "settings"),
    [
        ("latin.txt", (_ALL * 20).encode("latin-1"), {}),
        ("wide.txt", _ALL.encode("utf-16"), {}),
        ("set.txt", _ALL.encode("cp437"), {"encoding": "cp437"}),
        ("crlf.txt", b"\xef\xbb\xbfanna\r\nbo\rcarl\n", {}),
        ("a.txt.gz", _PACKED["a.txt.gz"], {}),
        ("a.zip", _PACKED["a.zip"], {}),
        ("names.csv", b"id;name\n1;anna\n2;bo\n", {"field": "name"}),
        ("names.jsonl", b'{"name": "an\\ud800na"}\n{"name": "bo"}\n', {"field": "name"}),
        ("names.csv", b"id;name\n1;anna\n2;bo\n", {"field": "name", "tokenizer": "byte"}),
        ("song.mid", bytes(range(256)) * 2, {"tokenizer": "byte"}),
    ],
    ids=range(10),  # the bytes themselves would be unreadable
)
def test_the_stored_bytes_give_the_same_text(
    tmp_path: Path, name: str, raw: bytes, settings: dict[str, str]
) -> None:
    (tmp_path / name).write_bytes(raw)
    data = DataConfig(corpus=str(tmp_path / name), **settings)  # type: ignore[arg-type]
    read = read_corpus(data)
    copy = tmp_path / "copy.txt"
    copy.write_bytes(read_bytes_to_store(data))
    again = _read(copy, **settings | {"encoding": "utf-8", "field": None})
    assert (again.text, again.sha256, again.mode) == (read.text, read.sha256, read.mode)


def test_what_was_repaired_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"anna\r\nbo\rcarl\n" + b"Jos\xe9, a name\n" * 40)
    read = _read(tmp_path / "notes.txt")
    assert _notes(read) == (
        "decoded as cp1252; data.encoding=NAME sets another encoding; "
        "1 lone carriage return read as line ends"
    )
    assert [note.is_warning for note in read.notes] == [True, False]  # the encoding is a guess
    assert "decoded as" not in _notes(_read(tmp_path / "notes.txt", encoding="cp1252"))
    read = _read(tmp_path / "notes.txt", encoding="utf-8")
    assert "40 bytes could not be decoded as utf-8" in _notes(read)
    assert read.n_undecodable == 40
    assert any(note.is_warning for note in read.notes)


_TABLE = 'id,name,text\n1,Anna,"one, two"\n2,,three\n3,"B ""o""","four\nfive"\n'
_JSON_LINES = '{"id": 1, "text": "one"}\n\n{"id": 2, "text": "two\\nlines"}\n{"id": 3}\n'


@pytest.mark.parametrize(
    ("name", "text", "field", "found"),
    [
        ("t.csv", _TABLE, "name", 'Anna\nB "o"\n'),
        ("t.csv", _TABLE, "text", "one, two\nthree\nfour five\n"),
        ("t.csv", _TABLE.replace(",", ";"), "name", 'Anna\nB "o"\n'),
        ("t.tsv", 'id\tname\n1\tAn"na\n2\tBo, jr\n', "name", 'An"na\nBo, jr\n'),
        ("t.jsonl", _JSON_LINES, "text", "one\ntwo lines\n"),
        ("t.jsonl", _JSON_LINES, "id", "1\n2\n3\n"),
        ("t.jsonl", "{bad\n" + _JSON_LINES + "[1]\n", "id", "1\n2\n3\n"),
        ("plain", _JSON_LINES, "text", "one\ntwo lines\n"),
    ],
)
def test_one_field_is_taken(tmp_path: Path, name: str, text: str, field: str, found: str) -> None:
    (tmp_path / name).write_text(text)
    assert _read(tmp_path / name, field=field).text == found


def test_records_without_the_field_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(_TABLE)
    assert _notes(_read(tmp_path / "t.csv", field="name")) == "1 record without name"
    (tmp_path / "t.csv").write_text("name\n" + "x" * 300_000 + "\nbo\n")
    assert len(_read(tmp_path / "t.csv", field="name").text) == 300_004


@pytest.mark.parametrize(
    ("name", "text", "looks_like"),
    [
        ("t.csv", _TABLE, "looks like CSV with the columns id, name, text"),
        ("t.csv", "name\nanna\n", "looks like CSV with the columns name"),
        ("t.tsv", "id\tname\n1\tanna\n2\tbo\n", "looks like TSV with the columns id, name"),
        ("t.txt", "id\tname\n1\tanna\n2\tbo\n", "looks like TSV with the columns id, name"),
        ("t.txt", _JSON_LINES, "looks like JSON Lines with the keys id, text"),
        ("t.jsonl", _JSON_LINES, "looks like JSON Lines with the keys id, text"),
        ("t.txt", "Anna, Bo\nCarl, Dora\nEmil, Fred\n", ""),
        ("t.txt", "{not JSON}\n{nor this}\n", ""),
        ("t.py", "def f():\n\treturn 1\n\n\tx\n", ""),
    ],
)
def test_records_read_as_plain_text_are_noticed(
    tmp_path: Path, name: str, text: str, looks_like: str
) -> None:
    (tmp_path / name).write_text(text)
    notes = _notes(_read(tmp_path / name))
    assert notes.startswith(looks_like)
    assert ("data.field=NAME" in notes) == bool(looks_like)


def test_a_field_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(_TABLE)
    assert "data.field=nam is not in t.csv; the columns: id, name, text" in _refusal(
        tmp_path / "t.csv", field="nam"
    )
    (tmp_path / "t.jsonl").write_text(_JSON_LINES)
    assert "the keys: id, text" in _refusal(tmp_path / "t.jsonl", field="name")
    (tmp_path / "t.txt").write_text("anna\nbo\n")
    assert "t.txt is none of these" in _refusal(tmp_path / "t.txt", field="name")


def test_the_share_of_validation_in_train_is_measured(tmp_path: Path) -> None:
    words = random.Random(1).choices(
        ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "at", "noon"], k=3000
    )
    once = " ".join(words)
    (tmp_path / "once.txt").write_text(once)
    (tmp_path / "twice.txt").write_text(once + "\n" + once)
    data = DataConfig(corpus=str(tmp_path / "twice.txt"), mode="stream")
    twice = prepare(data).describe()
    assert twice.val_in_train > 0.99
    assert any(
        "validation text also occurs in train" in n.text for n in twice.notes if n.is_warning
    )
    data = DataConfig(corpus=str(tmp_path / "once.txt"), mode="stream")
    assert prepare(data).describe().val_in_train < 0.01
    (tmp_path / "line.txt").write_text("one line\nanother\n" * 100)
    data = DataConfig(corpus=str(tmp_path / "line.txt"), deduplicate=False)
    lines = prepare(data).describe()
    assert lines.val_in_train == 1
    assert "100% of the validation lines also occur in train" in lines.notes[0].text


def test_one_line_many_times_is_said_to_be_one_line(tmp_path: Path) -> None:
    (tmp_path / "line.txt").write_text("one line\n" * 200)
    with pytest.raises(RequestError, match=r"200 lines, but only 1 distinct .*deduplicate=false"):
        prepare(DataConfig(corpus=str(tmp_path / "line.txt"), mode="lines"))
    (tmp_path / "line.txt").write_text("one line\n" * 200)
    data = DataConfig(corpus=str(tmp_path / "line.txt"), mode="lines", split="100/0/0")
    said = "200 lines, 1 distinct; data.deduplicate=false keeps all"
    assert [note.text for note in prepare(data).notes] == [said]

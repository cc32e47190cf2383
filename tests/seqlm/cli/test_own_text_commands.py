"""Tests of the commands with a user's own text: what is said about it, and what a run keeps of it."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from one_worker import one_worker

from seqlm.cli.main import run
from seqlm.paths import corpora_dir, runs_dir

_FAST = ["train.steps=20", "model.kind=bigram"]
_WORDS = ["harbor", "boat", "night", "light", "water", "read", "machine", "girl", "town", "sea"]


@pytest.fixture(scope="module")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_worker(tmp_path_factory.mktemp("texts")):
        yield


@pytest.fixture(autouse=True)
def home(_worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder; all tests of this module share the runs and a worker."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _names(n: int = 60) -> str:
    draw = random.Random(1)
    firsts, ends = ["José", "Zoë", "Renée", "Anna", "Chloë"], ["", "son", "ine", "o", "bert", "a"]
    return "".join(f"{draw.choice(firsts)}{draw.choice(ends)} {i}\n" for i in range(n))


def _manifest(name: str) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode((runs_dir() / name / "run.json").read_bytes())
    return found


def test_the_encoding_of_a_text_is_said_and_stored_with_the_run(capsys) -> None:
    Path("latin.txt").write_bytes(_names().encode("latin-1"))
    assert run(["train", "latin.txt", "--name", "text-1", *_FAST]) == 0
    _, err = capsys.readouterr()
    assert "latin.txt: decoded as cp1252; data.encoding=NAME sets another encoding\n" in err
    corpus = _manifest("text-1")["corpus"]
    assert (corpus["encoding"], corpus["n_undecodable"]) == ("cp1252", 0)
    assert Path(corpus["stored_at"]).read_text() == _names()
    assert run(["show", "text-1"]) == 0
    assert ", cp1252" in capsys.readouterr().out


def test_undecodable_bytes_are_said_at_training_and_in_the_result(capsys) -> None:
    Path("cut.txt").write_bytes(_names().encode() + b"\xff\xfe\n")
    assert run(["train", "cut.txt", "--name", "text-2", *_FAST]) == 0
    out, err = capsys.readouterr()
    said = "2 bytes could not be decoded as utf-8; each is shown as �"
    assert said in out
    assert f"cut.txt: {said}" in err
    assert _manifest("text-2")["corpus"]["n_undecodable"] == 2
    assert run(["show", "text-2"]) == 0
    out, _ = capsys.readouterr()
    assert "2 bytes not decoded" in out
    assert said in out


def test_validation_text_that_also_occurs_in_train_is_said(capsys, run_json) -> None:
    text = " ".join(random.Random(1).choices(_WORDS, k=600))
    Path("twice.txt").write_text(f"{text}\n{text}")
    assert run(["train", "twice.txt", "--name", "text-3", "data.mode=stream", *_FAST]) == 0
    out, err = capsys.readouterr()
    said = "of the validation text also occurs in train: there the validation loss measures memorization"
    assert said in err
    assert said in out
    assert run_json("show", "text-3")["corpus"]["val_in_train"] > 0.9
    assert said in run_json("show", "text-3")["warnings"][0]


def test_a_run_goes_on_with_its_copy_of_a_changed_text_and_says_so(capsys) -> None:
    path = Path("names.txt")
    path.write_bytes(_names().encode("latin-1"))
    assert run(["train", "names.txt", "--name", "text-4", *_FAST]) == 0
    for step, (change, said) in enumerate(
        [
            (lambda: None, ""),
            (lambda: path.write_text("others\n" * 90), "names.txt has changed since this run was"),
            (path.unlink, "names.txt can no longer be read; the run continues with its own copy"),
        ],
        start=1,
    ):
        change()
        capsys.readouterr()
        assert run(["resume", "text-4", f"train.steps={20 + 10 * step}"]) == 0
        _, err = capsys.readouterr()
        assert said in err
        assert ("own copy" in err) == bool(said)


def test_several_files_and_a_folder_are_trained_on(capsys, run_json) -> None:
    Path("texts").mkdir()
    Path("texts/a.txt").write_text(_names(40))
    Path("texts/b.txt").write_bytes(_names(60).encode("latin-1"))
    stored = set(corpora_dir().iterdir()) if corpora_dir().exists() else set()
    for words in (["texts"], ["texts/a.txt", "texts/b.txt"], ["texts/*.txt"]):
        assert run_json("train", *words, *_FAST)["steps"] == 20
    assert len(set(corpora_dir().iterdir()) - stored) == 1  # the same text each time


def test_a_run_of_the_first_version_reads_its_copy_as_before(capsys) -> None:
    Path("names.txt").write_bytes(_names().encode() + b"a\rb\n\xe9\xe9\xe9\n")
    legacy = ["data.encoding=legacy", *_FAST]
    assert run(["train", "names.txt", "--name", "text-6", *legacy]) == 0
    path = runs_dir() / "text-6" / "run.json"
    old = _manifest("text-6")
    for key in ("encoding", "n_undecodable", "val_in_train"):
        del old["corpus"][key]
    for key in ("encoding", "field"):
        del old["config"]["data"][key]
    old["recipe"] = old["recipe"].replace(" data.encoding=legacy", "")
    path.write_bytes(msgspec.json.encode(old))
    assert run(["resume", "text-6", "train.steps=30"]) == 0, capsys.readouterr().err
    assert "finished at step 30" in capsys.readouterr().out
    Path("names.txt").unlink()
    assert run(["eval", "text-6", "--split", "val"]) == 0

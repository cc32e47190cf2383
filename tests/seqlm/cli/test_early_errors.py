"""Errors that are known before a text is read or torch is loaded are reported before that."""

import io
import shutil
import sys
from pathlib import Path

import pytest

from seqlm.data import prepared_text
from seqlm.errors import RequestError
from seqlm.paths import runs_dir
from seqlm.runs import resolve_target

RECORDED = Path(__file__).parents[1] / "runs" / "recorded"


class UnreadInput(io.RawIOBase):
    """Standard input that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise AssertionError("standard input was read")


@pytest.fixture(autouse=True)
def _nothing_is_loaded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add two runs, and forbid everything slow: a worker, a corpus, standard input."""

    def forbid(*_: object, **__: object) -> None:
        raise AssertionError("too early")

    for name in ("finished-mlp", "stopped-lstm"):
        shutil.copytree(RECORDED / name, runs_dir() / name)
    monkeypatch.setattr("seqlm.worker.client.spawn", forbid)
    for module in (prepared_text, resolve_target):
        monkeypatch.setattr(module, "prepare_corpus", forbid)
        monkeypatch.setattr(module, "read_corpus", forbid)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(UnreadInput())))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["sample", "finished-mlp", "--count", "99999"],
            "99999 is not valid; allowed: 1 to 10,000",
        ),
        (["sample", "finished-mlp", "--count", "9" * 5000], "allowed: 1 to 10,000"),
        (["sample", "finished-mlp", "--count", "1e3"], "1e3 is not valid; allowed: 1 to 10,000"),
        (["sample", "finished-mlp", "--length", "0"], "0 is not valid; allowed: 1 to 1,000,000"),
        (
            ["sample", "finished-mlp", "--count", "9999", "--length", "999"],
            "length=999 is not valid; allowed: 1 to 100 for count=9,999",
        ),
        (["sample", "finished-mlp", "--temperature", "5e3"], "allowed: 0 to 100"),
        (["sample", "finished-mlp", "--weights", "best-ever"], "one of: best, latest, 0, 1, 3, 10"),
        (["sample", "stopped-lstm", "--weights", ""], "no saved weights ''; one of: latest, 0"),
        (["predict", "finished-mlp", "a", "--weights", "7"], "no saved weights '7'; one of: best"),
        (["predict", "finished-mlp", "a", "--top", "10001"], "allowed: 1 to 10,000"),
        (["eval", "finished-mlp", "--weights", "-1"], "no saved weights '-1'"),
        (["eval", "finished-mlp", "--reset-every", "8"], "reset_every needs data.mode=stream"),
        (["eval", "finished-mlp", "--reset-every", "9999999"], "allowed: 1 to 1,000,000"),
        (["eval", "finished-mlp", "--split", "dev"], "choose from"),
        (["score", "nosuch", "-"], "'nosuch' is not a run"),
        (["score", "finished-mlp", "text", "--weights", "x"], "no saved weights 'x'"),
        (["train", "-", "lr=0.1"], "use train.learning_rate"),
        (["train", "-", "train.steps=0"], "train.steps=0 is not valid; allowed: 1 to"),
        (["train", "-", "model.kind=lsmt"], "model.kind=lsmt is not valid; one of: ngram, bigram"),
        (["train", "-", "model.kind=lstm", "model.context=3"], "an LSTM has no fixed context"),
        (["train", "-", "model.heads=0"], "model.heads=0 is not valid; allowed: 1 to 64"),
        (["train", "-", "text"], "'text' is not KEY=VALUE"),
        (["train", "notes.txt", "epochs=3"], "use train.steps"),
        (["lr-find", "notes.txt", "epochs=3"], "use train.steps"),
        (["data", "show", "notes.txt", "block_size=3"], "use model.context"),
        (["train", "names-mlp", "--name", "finished-mlp"], "already a run named finished-mlp"),
        (["train", "nosuch", "--name", "finished-mlp"], "already a run named finished-mlp"),
        (["lr-find", "names-ngram"], "model.kind=ngram counts tokens in one pass"),
        (["lr-find", "finished-mlp", "train.batch=8"], "is a run with fixed settings"),
        (["resume", "finished-mlp", "lr=0.1"], "use train.learning_rate"),
        (["resume", "finished-mlp", "train.batch=8"], "train.batch cannot change"),
        (["set", "finished-mlp", "lr=0.1"], "use train.learning_rate"),
        (["set", "finished-mlp", "train.pace=8"], "finished-mlp is not training (finished)"),
        (["pause", "stopped-lstm"], "stopped-lstm is not training (stopped)"),
    ],
)
def test_an_error_that_is_known_comes_before_anything_is_loaded(
    words: list[str], says: str, run_rejected
) -> None:
    Path("notes.txt").write_text("a text\n" * 9)
    error = run_rejected(*words)
    assert says in error
    assert len(error) < 400


def test_folder_is_not_taken_for_a_run_that_begins_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run of a folder ``stopped`` is named ``stopped-lstm``; the folder can be trained again."""
    (tmp_path / "stopped").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RequestError, match=r"ambiguous.*\./stopped"):
        resolve_target.resolve_target("stopped")
    assert resolve_target.resolve_target("./stopped").kind == "file"

"""A model that needs more memory than the machine has is refused before anything is allocated."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from one_worker import one_worker

from seqlm.cli.main import run
from seqlm.paths import runs_dir

HUGE = ["model.hidden=8192", "model.layers=16", "model.embedding=8192"]


@pytest.fixture(scope="module")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_worker(tmp_path_factory.mktemp("memory")):
        yield


@pytest.fixture(autouse=True)
def home(_worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["train", "lr-find"])
def test_a_model_of_billions_of_parameters_is_refused(command: str, run_rejected) -> None:
    error = run_rejected(command, "names-lstm", *HUGE)
    assert "training 8,591,425,563 parameters needs about 215 GB, this machine has " in error
    assert "use a smaller model" in error


def test_a_batch_that_is_too_large_is_refused(run_rejected) -> None:
    error = run_rejected("train", "names-mlp", *HUGE[:2], "train.batch=100000")
    assert "needs about 855 GB" in error
    assert "use a smaller train.batch" in error


def test_a_run_directory_that_names_a_huge_model_is_refused(run_json, run_rejected) -> None:
    small = ["model.hidden=4", "train.steps=2", "data.split=5/5/90"]
    name = run_json("train", "names-lstm", *small)["run"]
    path = runs_dir() / name / "run.json"
    manifest = json.loads(path.read_text())
    manifest["config"]["model"] |= {"hidden": 8192, "layers": 16, "embedding": 8192}
    path.write_text(json.dumps(manifest))
    for words in (["predict", name, "a"], ["eval", name], ["sample", name]):
        assert "needs about 69 GB, this machine has " in run_rejected(*words)
    assert "needs about 213 GB" in run_rejected("resume", name, "train.steps=9")


def test_counts_are_not_refused() -> None:
    assert run(["train", "names-ngram", "model.order=2", "train.batch=100000", "--json"]) == 0

"""Invalid requests: a one-line error with the problem and the remedy, and no files left."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from one_worker import one_worker

from seqlm.cli.main import run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian", "names-mlp"], "Nearest: train"),
        (["train", "names-mpl"], "Nearest: names-mlp"),
        (["train", "names-mlp", "train.learning_rat=1"], "Nearest: train.learning_rate"),
        (["train", "names-mlp", "train.lr=0.1"], "use train.learning_rate (how far"),
        (["train", "names-lstm", "model.context=3"], "an LSTM has no fixed context"),
        (
            ["train", "names-mlp", "--batch_size=8"],
            "KEY=VALUE: train.batch=VALUE (help: seqlm train",
        ),
        (["train", "names-mlp", "--n-layer", "8"], "KEY=VALUE: model.layers=VALUE (help"),
        (["train", "names-mlp", "--out_dir", "x"], "use --name (help: seqlm train --help)"),
        (["sample", "latest", "--num_samples", "3"], "use --count (help: seqlm sample --help)"),
        (["sample", "latest", "temperature=0"], "use --temperature (help: seqlm sample --help)"),
        (["predict", "latest", "a", "--top_k", "3"], "use --top (help"),
        (["show", "latest", "names"], "unknown argument: names (help: seqlm show --help)"),
        (["train", "names-mlp", "train.learning_rate=1e9"], "0.000001 to 100"),
        (["train", "names-mlp", "train.learning_rate=nan"], "0.000001 to 100"),
        (["train", "names-mlp", "train.optimizer=adamm"], "sgd, adam, adamw"),
        (["train", "names-mlp", "train.learning_rate=-inf"], "0.000001 to 100"),
        (["train", "names-mlp", "train.momentum=1"], "train.momentum=1 is not valid; allowed: 0"),
        (["train", "names-lstm", "train.momentum=0.9"], "needs train.optimizer=sgd"),
        (
            ["train", "names-mlp", "train.warmup=1"],
            "train.warmup=1 is not valid; allowed: 0 to belo",
        ),
        (["train", "names-mlp", "train.warmup=1.5"], "0 to below 1"),
        (["train", "names-mlp", "train.drop=0"], "train.drop=0 is not valid; allowed: above 0"),
        (["train", "names-mlp", "train.patience=0"], "1 to 1,000,000, or off"),
        (["train", "names-mlp", "train.clip=0"], "above 0 to 1,000,000, or off"),
        (["train", "names-mlp", "train.clip=-1"], "train.clip=-1 is not valid; allowed: above 0"),
        (["train", "names-mlp", "train.clip_by=size"], "norm, value"),
        (["train", "names-mlp", "train.batch=off"], "1 to 1,000,000, or all"),
        (["train", "names-mlp", "train.batch=0"], "1 to 1,000,000, or all"),
        (["train", "names-mlp", "model.hidden=0"], "1 to 8,192"),
        (["train", "names-mlp", "model.dropout=1"], "0 to below 1"),
        (["train", "names-mlp", "model.hidden=3@10"], "cannot change during training"),
        (["train", "names-mlp", "data.split=80/10/20"], "80/10/20"),
        (["train", "names-mlp", "data.split=most"], "80/10/10"),
        (["train", "names-mlp", "data.corpus=nmes"], "Nearest: names"),
        (["train", "names-lstm", "train.example=window"], "item or chunk"),
        (["train", "names-mlp", "hidden"], "KEY=VALUE"),
        (["train", "names-mlp", "--name", "../x"], "not a valid run name"),
        (["train", "missing.txt"], "missing.txt"),
        (["train", "/proc/self/task"], "task has no .txt files"),
        (["train", "/dev/zero"], "zero is a device"),
        (["show", "latest"], "no runs yet"),
        (["resume", "names-mlp-1"], "no runs yet"),
        (["predict", "latest", "a"], "no runs yet"),
        (["predict"], "PROMPT"),
        (["sample", "latest", "--count", "-1"], "allowed: 1 to 10,000"),
        (["eval", "latest", "--split", "tset"], "tset"),
        (["data", "show"], "needs a corpus"),
        (["data", "show", "shakespeare"], "download it with: seqlm data fetch shakespeare"),
        (["data", "show", "names", "data.length=9"], "only to counting and recall"),
        (["data", "show", "recall", "data.length=1"], "2 to 1,000, or off"),
        (["train", "names-mlp", "data.targets=last", "data.mode=stream"], "data.mode=stream"),
        (["data", "fetch"], "lecture-names or shakespeare"),
        (["data", "fetch", "names"], "Nearest: lecture-names"),
        (["data", "fetch", "shakespeare", "x=1"], "takes no settings: x=1"),
    ],
)
def test_invalid_request_is_one_line_and_leaves_no_files(words, says, run_rejected, home) -> None:
    assert says in run_rejected(*words)
    assert not home.exists()


BAD_VALUES = {
    "heads that do not divide the width": (
        ["names-transformer", "model.width=90", "model.heads=4"],
        "model.heads=4 does not divide model.width=90; allowed: 1, 2, 3, 5, 6, 9",
    ),
    "a context longer than the text": (
        ["hello", "model.kind=mlp", "model.context=12"],
        "model.context=12 means a context of 12 tokens, but the training split has 11: use a smaller",
    ),
    "layers that see more than the text": (
        ["hello", "model.kind=wavenet", "model.layers=4"],
        "model.layers=4 means a context of 16 tokens, but the training split has 11: use a smaller",
    ),
    "a batch larger than the split": (
        ["counting", "train.batch=124"],
        "train.batch=124 is larger than the training split, which has 123 items: use 123 or fewer",
    ),
    "a batch of chunks larger than the split": (
        ["prose-lstm", "train.batch=9000"],
        "train.batch=9000 rows of train.chunk=64 tokens need 576,000 tokens; the training split has",
    ),
    "a vocabulary of one": (
        ["same.txt"],
        'same.txt: the text has only "a"; needed: at least 2 different tokens',
    ),
    "a vocabulary of one word": (
        ["words", "data.max_words=1"],
        "data.max_words=1 keeps one of the text's 64 words; needed: at least 2",
    ),
    "a learning rate that is not a number": (
        ["names-mlp", "train.learning_rate=nan"],
        "train.learning_rate=nan is not valid; allowed: 0.000001 to 100",
    ),
    "an n-gram order of 0": (
        ["names-ngram", "model.order=0"],
        "model.order=0 is not valid; allowed: 1 to 12",
    ),
    "a temperature of -1": (
        ["names-mlp", "sample.temperature=-1"],
        "sample.temperature=-1 is not valid; allowed: 0 to 100",
    ),
    "a top-p of 1.5": (
        ["names-mlp", "sample.top_p=1.5"],
        "sample.top_p=1.5 is not valid; allowed: above 0 to 1, or off",
    ),
}


@pytest.fixture(scope="module")
def home_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("refusals")
    with one_worker(folder):
        yield folder / "home"


@pytest.mark.parametrize("what", BAD_VALUES)
def test_invalid_value_is_rejected_with_its_bounds_and_leaves_no_files(
    what: str, home_of_worker: Path, home: Path, run_rejected
) -> None:
    Path("same.txt").write_text("a" * 400)
    words, says = BAD_VALUES[what]
    assert says in run_rejected("train", *words)
    assert not home.exists()
    assert not home_of_worker.exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_rejection_by_the_worker_leaves_no_files(run_rejected, home, monkeypatch) -> None:
    text = "".join(f"{a}{b}\n" for a in "abcdef" for b in "uvwxyz")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert "one of: cpu" in run_rejected("train", "-", "train.device=cuda")
    assert not home.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"a", "one character"),
        (b"\n\n\n", "notes.txt"),
        (b"ab\x00cd" * 50, "binary"),
        (bytes(range(128, 256)) * 20, "UTF-8"),
    ],
)
def test_unusable_file_is_named_in_the_error(content, says, run_rejected, home, tmp_path) -> None:
    (tmp_path / "here" / "notes.txt").write_bytes(content)
    error = run_rejected("train", "notes.txt")
    assert says in error
    assert not home.exists()


def test_named_pipe_is_rejected_without_waiting(run_rejected, tmp_path) -> None:
    os.mkfifo(tmp_path / "here" / "pipe.txt")
    assert "pipe.txt" in run_rejected("train", "pipe.txt")


def test_ambiguous_target_names_both_meanings(run_rejected, tmp_path) -> None:
    (tmp_path / "here" / "names-mlp").write_text("x")
    error = run_rejected("train", "names-mlp")
    assert "a preset and a file" in error


def test_error_contains_no_escape_sequence(run_rejected) -> None:
    assert "\x1b" not in run_rejected("train", "evil\x1b]0;title\x07")


def test_unexpected_error_is_one_line_that_names_the_traceback_file(
    run_rejected, monkeypatch, tmp_path, capsys
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr("seqlm.cli.parser.parse", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    line = run_rejected("presets", status=1)
    path = line.strip().removesuffix(")").rpartition("traceback: ")[2]
    assert line.startswith("seqlm: error: ZeroDivisionError: by nothing (traceback: ")
    assert Path(path).read_text().startswith("Traceback")
    monkeypatch.setenv("SEQLM_DEBUG", "1")
    assert run(["presets"]) == 1
    assert capsys.readouterr().err.startswith("Traceback")

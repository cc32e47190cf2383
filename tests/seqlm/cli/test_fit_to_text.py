"""A user's own text of any size trains with fitted settings, and its result is compared with counts."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from one_worker import one_worker

from seqlm.cli.main import run as run_command
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.prepared_text import prepare
from seqlm.presets import PRESETS
from seqlm.runspec.baselines import Result, compare_with_counts

NAMES = sorted(prepare(PRESETS["names-mlp"].config.data).items["train"])


@pytest.fixture(scope="module")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_worker(tmp_path_factory.mktemp("own-text")):
        yield


@pytest.fixture(autouse=True)
def home(_worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def names(_worker: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of 500 names, one per line, without settings."""
    path = tmp_path_factory.mktemp("names") / "names500.txt"
    path.write_text("\n".join(NAMES[:: len(NAMES) // 500][:500]))
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert run_command(["train", str(path), "--json"]) == 0
    return json.loads(out.buffer.getvalue())


def trained(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Train with few steps; return what is said on standard error."""
    status = run_command(["train", *words, "train.steps=3"])
    said = capsys.readouterr().err
    assert status == 0, said
    return said


TEXTS = {
    "two tokens": ("ab", "data.split=100/0/0", "train.chunk=1"),
    "Hello world!": ("Hello world!", "train.batch=1", "train.chunk=11", "no validation"),
    "2 lines": ("Anna\nBob\n", "data.split=100/0/0", "train.batch=1", "no validation"),
    "25 lines": ("\n".join(NAMES[:25]), "data.split=80/20/0", "train.batch=2"),
    "90 short lines": ("\n".join(NAMES[:90]), "own-lines", "train.batch=9"),
    "250 characters": ("to be or not to be, " * 12 + "that is it", "data.split=80/20/0"),
    "400 characters": (
        "to be or not to be, " * 20,
        "own-stream",
        "319 training tokens, vocabulary 8",
    ),
    "30 Chinese lines": ("\n".join(chr(0x4E00 + i) * 2 + "的" for i in range(30)), "own-lines"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_any_size_trains_and_what_was_adapted_is_said(name: str, capsys) -> None:
    text, *says = TEXTS[name]
    Path("mine.txt").write_text(text)
    said = trained(capsys, "mine.txt")
    assert said.count("seqlm: fitted to mine.txt") == 1
    assert [words for words in says if words not in said] == []


@pytest.mark.parametrize("tokenizer", ["word", "byte", "bpe"])
def test_the_fit_counts_tokens_of_the_tokenizer(tokenizer: str, capsys) -> None:
    Path("mine.txt").write_text("the cat sat on the mat and the dog sat on the cat again today")
    assert "fitted to mine.txt" in trained(capsys, "mine.txt", f"data.tokenizer={tokenizer}")


@pytest.mark.parametrize(
    "words",
    [
        ["train.batch=2"],
        ["train.chunk=5"],
        ["train.batch=3", "train.chunk=3"],
        ["model.kind=mlp"],
        ["model.kind=transformer", "model.max_tokens=64"],
        ["model.kind=ngram"],
        ["model.kind=gru", "model.hidden=8"],
    ],
    ids=" ".join,
)
def test_given_settings_stay_and_the_others_fit_beside_them(words: list[str], capsys) -> None:
    Path("mine.txt").write_text("Hello world!")
    note = trained(capsys, "mine.txt", *words).splitlines()[0]
    assert [word for word in words if word in note] == []


def test_an_error_names_values_that_work(capsys) -> None:
    Path("mine.txt").write_text("Hello world!")
    assert run_command(["train", "mine.txt", "train.batch=50", "train.chunk=2"]) == 2
    assert "Use train.batch=5 or fewer" in capsys.readouterr().err


def test_500_names_end_below_the_best_counts(names) -> None:
    assert names["preset"] == "own-lines"
    assert names["best_val_loss"] < names["best_counts"]
    assert names["weights"] == "best"


def test_a_run_that_stopped_early_answers_with_its_best_weights(names, run_json) -> None:
    assert names["best_step"] < names["steps"]
    assert run_json("eval", names["run"])["loss"] == pytest.approx(names["best_val_loss"])
    latest = run_json("eval", names["run"], "--weights", "latest")
    assert latest["loss"] == pytest.approx(names["val_loss"])


def test_a_text_too_small_for_a_network_says_so(capsys) -> None:
    Path("mine.txt").write_text("\n".join(NAMES[:60]))
    assert run_command(["train", "mine.txt", "train.steps=10"]) == 0
    out = capsys.readouterr().out
    assert "above the best counts" in out
    assert "counting is still better, but the loss was falling: more steps" in out
    ended = Result(on="val", loss=2.0, best_counts=1.7)
    small = compare_with_counts(ended, n_train=400)
    assert small == "counting beats a network on so small a text; more text helps most"
    assert compare_with_counts(Result(on="val", loss=1.6, best_counts=1.7), n_train=400) == ""


def test_a_run_above_the_uniform_loss_has_diverged_although_its_loss_is_finite(capsys) -> None:
    wild = ["train", "names-mlp", "train.learning_rate=100", "train.steps=60", "model.hidden=16"]
    assert run_command([*wild, "data.split=5/5/90", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "diverged"
    assert "above uniform probabilities (3.296): learning rate too high (100)" in err
    assert "lr-find" in err


def test_a_bad_initialization_that_falls_has_not_diverged(capsys) -> None:
    few = ["train.steps=20", "data.split=5/5/90", "--json"]
    assert run_command(["train", "names-bad-init", *few]) == 0
    assert json.loads(capsys.readouterr().out)["train_loss"] > 3.3


def test_own_presets_train_on_a_corpus_too() -> None:
    assert {PRESETS[name].config.data.corpus for name in ("own-lines", "own-stream")} <= set(
        CORPORA
    )


def test_resuming_after_a_schedule_has_run_down_says_which_settings_continue(
    run_json, capsys
) -> None:
    small = ["model.hidden=4", "data.split=5/5/90", "train.steps=20"]
    name = run_json("train", "names-lstm", *small)["run"]
    assert run_command(["resume", name, "train.steps=40"]) == 0
    said = capsys.readouterr().err
    assert "the one-cycle schedule had ended at step 20 with learning rate 0" in said
    assert "To continue gently, add train.learning_rate=0.0006" in said
    assert run_command(["resume", name, "train.steps=60", "train.learning_rate=0.001"]) == 0
    assert "schedule had ended" not in capsys.readouterr().err


def test_a_constant_rate_has_no_end(run_json, capsys) -> None:
    small = ["model.hidden=4", "data.split=5/5/90", "train.steps=20", "model.init=scaled"]
    name = run_json("train", "names-mlp", *small)["run"]
    assert run_command(["resume", name, "train.steps=40"]) == 0
    assert "schedule had ended" not in capsys.readouterr().err

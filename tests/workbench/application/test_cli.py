"""The ``seqlm-tui`` command: resolved targets, and one-line errors."""

import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from seqlm.errors import RequestError
from seqlm.presets import PRESETS
from workbench.application import arguments
from workbench.run import open_target

COMMAND = ["-P", "-m", "workbench"]
BINARY, ONE_CHARACTER, EMPTY = b"ab\x00cd" * 50, b"a", b""


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a home directory that does not exist yet."""
    for name, value in (("SEQLM_HOME", tmp_path / "home"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, str(value))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def error_of(*words: str, status: int = 2) -> str:
    """Return the output of the command in a terminal; check its exit status."""
    child = pexpect.spawn(sys.executable, [*COMMAND, *words], timeout=30, encoding="utf-8")
    output: str = child.read()
    child.close()
    assert child.exitstatus == status, output
    lines = output.splitlines()
    assert len(lines) == 1, output
    assert lines[0].startswith("seqlm-tui: error: ")
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.txt"], "no file .*missing.txt"),
        (["names-mpl"], "Nearest: names-mlp"),
        (["names-mlp", "train.learning_rate=1e9"], "0.000001 to 100"),
        (["names-mlp", "model.hiden=3"], "Nearest: model.hidden"),
        (["names-mlp", "hidden"], "KEY=VALUE"),
        (["--attach", "names-mlp-1"], "no runs yet"),
        (["--fps", "0"], "above 0 to 60"),
        (["--no-such"], "unrecognized"),
        (["-"], "seqlm train -"),
        (["./"], "has no .txt files"),
    ],
)
def test_invalid_argument_is_one_line_and_leaves_no_files(
    words: list[str], says: str, empty_folder: Path
) -> None:
    assert re.search(says, error_of(*words))
    assert not (empty_folder.parent / "home").exists()
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize(
    ("content", "says"), [(EMPTY, "is empty"), (ONE_CHARACTER, "one character"), (BINARY, "binary")]
)
def test_unusable_file_is_one_line(content: bytes, says: str, empty_folder: Path) -> None:
    (empty_folder / "notes.txt").write_bytes(content)
    assert says in error_of("notes.txt")
    assert not (empty_folder.parent / "home").exists()


def test_missing_terminal_is_one_line(empty_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *COMMAND], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "seqlm-tui: error: no terminal on stdin; use: seqlm train names-mlp\n"


def test_dumb_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "TERM=dumb cannot draw a screen; use: seqlm train names-mlp" in error_of()


def test_settings_may_follow_options() -> None:
    words = arguments.parse_arguments(["names-mlp", "--fps", "5", "seed=1", "model.hidden=9"])
    assert (words.what, words.settings, words.fps) == ("names-mlp", ["seed=1", "model.hidden=9"], 5)
    config, run = open_target.resolve_cli_target(words.what, words.settings, words.attach)
    assert (config.seed, run) == (1, None)


def test_settings_alone_change_the_default_preset() -> None:
    words = arguments.parse_arguments(["--ascii", "seed=7"])
    config, _ = open_target.resolve_cli_target(words.what, words.settings, None)
    assert (config.preset, config.seed) == (open_target.DEFAULT_PRESET, 7)


def test_file_is_stored_with_its_absolute_path(empty_folder: Path) -> None:
    (empty_folder / "poems.txt").write_text(
        "a line that is longer than any name would ever be\n" * 40
    )
    config, run = open_target.resolve_cli_target("poems.txt", [], None)
    assert (config.data.corpus, config.preset, run) == (
        str(empty_folder / "poems.txt"),
        "own-stream",
        None,
    )


def make_run(home: Path, name: str) -> None:
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")


@pytest.mark.parametrize("word", ["names-mlp-1", "names-mlp-", "latest"])
def test_name_of_a_run_and_a_file_is_ambiguous(empty_folder: Path, word: str) -> None:
    make_run(empty_folder.parent / "home", "names-mlp-1")
    (empty_folder / word).write_text("ab\n" * 100)
    with pytest.raises(RequestError, match="a run and a file"):
        open_target.resolve_cli_target(word, [], None)


@pytest.mark.parametrize("word", ["names-mlp", "names-elman"])
def test_preset_name_is_not_a_run_prefix(empty_folder: Path, word: str) -> None:
    assert word in PRESETS
    make_run(empty_folder.parent / "home", f"{word}-1")
    config, run = open_target.resolve_cli_target(word, [], None)
    assert (config.preset, run) == (word, None)


def test_name_of_a_preset_and_a_run_is_ambiguous(empty_folder: Path) -> None:
    make_run(empty_folder.parent / "home", "names-mlp")
    with pytest.raises(RequestError, match="a preset and a run"):
        open_target.resolve_cli_target("names-mlp", [], None)

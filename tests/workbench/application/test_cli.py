"""The command as a person types it: what it opens, and what it refuses in one line."""

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
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and a home that is not there yet."""
    for name, value in (("SEQLM_HOME", tmp_path / "home"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, str(value))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refusal(*words: str, status: int = 2) -> str:
    """Return the output of the command in a terminal; check its exit status."""
    child = pexpect.spawn(sys.executable, [*COMMAND, *words], timeout=30, encoding="utf-8")
    said: str = child.read()
    child.close()
    assert child.exitstatus == status, said
    lines = said.splitlines()
    assert len(lines) == 1, said
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
        (["/etc"], "is a folder"),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_nothing(
    words: list[str], says: str, place: Path
) -> None:
    assert re.search(says, refusal(*words))
    assert not (place.parent / "home").exists()
    assert not list(place.iterdir())


@pytest.mark.parametrize(
    ("content", "says"), [(EMPTY, "is empty"), (ONE_CHARACTER, "one character"), (BINARY, "binary")]
)
def test_a_file_that_teaches_nothing_is_one_line(content: bytes, says: str, place: Path) -> None:
    (place / "notes.txt").write_bytes(content)
    assert says in refusal("notes.txt")
    assert not (place.parent / "home").exists()


def test_no_terminal_is_one_line(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, *COMMAND], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "seqlm-tui: error: no terminal on stdin; use: seqlm train names-mlp\n"


def test_a_terminal_that_cannot_draw_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "TERM=dumb cannot draw a screen; use: seqlm train names-mlp" in refusal()


def test_settings_may_stand_after_options() -> None:
    words = arguments.parse_arguments(["names-mlp", "--fps", "5", "seed=1", "model.hidden=9"])
    assert (words.what, words.settings, words.fps) == ("names-mlp", ["seed=1", "model.hidden=9"], 5)
    config, run = open_target.resolve_cli_target(words.what, words.settings, words.attach)
    assert (config.seed, run) == (1, None)


def test_settings_alone_change_the_usual_preset() -> None:
    words = arguments.parse_arguments(["--ascii", "seed=7"])
    config, _ = open_target.resolve_cli_target(words.what, words.settings, None)
    assert (config.preset, config.seed) == (open_target.DEFAULT_PRESET, 7)


def test_a_file_is_named_by_its_whole_path(place: Path) -> None:
    (place / "poems.txt").write_text("a line that is longer than any name would ever be\n" * 40)
    config, run = open_target.resolve_cli_target("poems.txt", [], None)
    assert (config.data.corpus, config.preset, run) == (
        str(place / "poems.txt"),
        "python-lstm",
        None,
    )


def make_run(home: Path, name: str) -> None:
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")


@pytest.mark.parametrize("word", ["names-mlp-1", "names-mlp-", "latest"])
def test_a_run_and_a_file_of_one_name_are_refused_naming_both(place: Path, word: str) -> None:
    make_run(place.parent / "home", "names-mlp-1")
    (place / word).write_text("ab\n" * 100)
    with pytest.raises(RequestError, match="a run and a file"):
        open_target.resolve_cli_target(word, [], None)


@pytest.mark.parametrize("word", ["names-mlp", "names-elman"])
def test_a_preset_is_not_the_beginning_of_a_run(place: Path, word: str) -> None:
    assert word in PRESETS
    make_run(place.parent / "home", f"{word}-1")
    config, run = open_target.resolve_cli_target(word, [], None)
    assert (config.preset, run) == (word, None)


def test_a_preset_and_a_run_of_one_name_are_refused_naming_both(place: Path) -> None:
    make_run(place.parent / "home", "names-mlp")
    with pytest.raises(RequestError, match="a preset and a run"):
        open_target.resolve_cli_target("names-mlp", [], None)

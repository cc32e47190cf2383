"""Targets that a typed or pasted line opens."""

import os
from pathlib import Path

import pytest
from fake_worker import write_run
from recorded_logs import recorded

from seqlm.errors import RequestError
from seqlm.runspec import recipe
from workbench.run.open_candidates import open_candidates
from workbench.run.open_target import NotFound, resolve_line

LINE = "names-mlp train.learning_rate=0.05@20000 model.hidden=300"
CONFIG = recipe.parse_recipe("names-mlp train.steps=3600 train.evaluate_every=400")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "line", [LINE, f"  {LINE}\n", f"seqlm train {LINE}", f"$ seqlm-tui {LINE}", f'"{LINE}"'[1:-1]]
)
def test_a_pasted_line_gives_the_same_run_again(line: str) -> None:
    found = resolve_line(line)
    assert found.config == recipe.parse_recipe(LINE)
    assert found.run is None


def test_a_run_by_its_name_and_by_its_beginning(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "mine-1", CONFIG, recorded("steered"))
    for name in ("mine-1", "mine", "latest"):
        found = resolve_line(name)
        assert found.run is not None
        assert (found.run.name, found.config) == ("mine-1", CONFIG)
    assert resolve_line("mine-1 model.hidden=300").config.model != CONFIG.model


def test_a_file_here_or_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "a text.txt"
    path.write_text("".join(f"{a}{b}\n" for a in "abcdefg" for b in "hijklmn"))
    for line in (f"'{path}'", "'a text.txt'", "'./a text.txt' seed=3"):
        assert resolve_line(line).config.data.corpus == str(path)


@pytest.mark.parametrize(("line", "nearest"), [("nams-mlp", "names-mlp"), ("zzz", "")])
def test_what_there_is_not_is_said_with_the_nearest_name(line: str, nearest: str) -> None:
    with pytest.raises(NotFound) as refused:
        resolve_line(f"{line} seed=1")
    words = f'No preset, file or run called "{line}".'
    assert (str(refused.value), refused.value.nearest) == (words, nearest)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "Type the name of a preset"),
        ("seqlm train", "Type the name of a preset"),
        ("names-mlp 'seed=1", "A quotation mark is not closed."),
        ("names-mlp model.hiden=3", "Nearest: model.hidden"),
        ("names-mlp seed", "is not KEY=VALUE"),
        ("./nothing.txt", "no file"),
    ],
)
def test_other_refusals(line: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        resolve_line(line)
    assert words in str(refused.value)


def test_there_is_a_list_to_look_around_in(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "mine-1", CONFIG, recorded("steered"))
    (tmp_path / "notes.txt").write_text("a\n" * 4000)
    found = {choice.name: choice.kind for choice in open_candidates()}
    assert found["names-mlp"] == "preset"
    assert found["mine-1"] == "run"
    assert found["./notes.txt"] == "file"


def test_folders_of_texts_and_other_readable_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "one.txt").write_text("one")
    (tmp_path / "empty").mkdir()
    for name in ("people.csv", "a.txt.gz", "picture.png", ".hidden.txt"):
        (tmp_path / name).write_text("a" * 3000)
    found = {choice.name: choice.about for choice in open_candidates() if choice.kind == "file"}
    assert found == {
        "./a.txt.gz": "3 kB",
        "./books": "folder, 1 .txt file",
        "./people.csv": "3 kB",
    }


def test_a_broken_link_or_a_pipe_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("gone.txt")
    os.mkfifo(tmp_path / "b.txt")
    (tmp_path / "c.txt").write_text("a" * 3000)
    found = [choice.name for choice in open_candidates() if choice.kind == "file"]
    assert found == ["./c.txt"]

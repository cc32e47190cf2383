"""The commands and examples of the README work as written."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from one_worker import one_worker

from seqlm.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("readme")
    with one_worker(folder):
        yield folder


@pytest.fixture
def home(_worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to the folder in which the commands are run."""
    monkeypatch.chdir(_worker)


def test_the_commands_work_in_the_order_given(home, capsys) -> None:
    commands = [
        line.split("#")[0].split()
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("seqlm ")
    ]
    assert len(commands) >= 6
    for _, *words in commands:
        assert run(words) == 0, (words, capsys.readouterr().err)


def test_the_python_example_runs(home, capsys) -> None:
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert "'a'" in capsys.readouterr().out


def test_every_preset_is_named_under_a_topic() -> None:
    from seqlm.presets import PRESETS

    topics = README.partition("## Presets")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"`([a-z0-9-]+)`", topics.partition("| --- |")[2])) == sorted(PRESETS)


def test_it_has_at_most_200_lines() -> None:
    assert len(README.splitlines()) <= 200

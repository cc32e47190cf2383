"""What the README tells a person to type works as written."""

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
    """The folder of a person who does what the README says."""
    monkeypatch.chdir(_worker)


def test_the_commands_work_in_the_order_in_which_they_stand(home, capsys) -> None:
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


def test_every_preset_stands_in_the_table_with_its_result() -> None:
    from seqlm.presets import PRESETS

    for preset in PRESETS.values():
        row = next(line for line in README.splitlines() if line.startswith(f"| `{preset.name}`"))
        loss = preset.expected_loss
        assert f" {'—' if loss is None else f'{loss:.3f}'} " in row


def test_it_speaks_of_itself_alone() -> None:
    assert not re.search(r"/work/|/tmp/|shared/", README)

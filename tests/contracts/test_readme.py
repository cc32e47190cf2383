"""What the README tells a person to type works as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def test_the_commands_work_in_the_order_in_which_they_stand(home) -> None:
    commands = [
        line.split("#")[0].split()
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("seqlm ")
    ]
    assert len(commands) >= 6
    for _, *words in commands:
        script = "import sys; from seqlm.cli import main; main(sys.argv[1:])"
        done = subprocess.run(
            [sys.executable, "-c", script, *words], cwd=home, capture_output=True, text=True
        )
        assert done.returncode == 0, (words, done.stderr)


def test_the_python_example_runs(home) -> None:
    (example,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "'a'" in done.stdout


def test_every_preset_stands_in_the_table_with_its_result() -> None:
    from seqlm.presets import PRESETS

    for preset in PRESETS.values():
        row = next(line for line in README.splitlines() if line.startswith(f"| `{preset.name}`"))
        assert f" {preset.expected_val_loss:.3f} " in row


def test_every_file_of_the_packages_stands_in_the_tree() -> None:
    names = {
        path.name
        for package in ("seqlm", "workbench")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert [name for name in sorted(names) if name not in README] == []


def test_it_speaks_of_itself_alone() -> None:
    assert not re.search(r"/work/|/tmp/|shared/", README)

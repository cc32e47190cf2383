import json
from collections.abc import Callable
from typing import Any

import pytest

from seqlm.cli.main import run

RunCommand = Callable[..., Any]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Work in an empty folder with an empty home; return the home."""
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path / "home"


@pytest.fixture
def run_json(capsys) -> RunCommand:
    """Return a function that runs a command successfully and returns its JSON output."""

    def run_command(*words: str) -> Any:
        status = run([*words, "--json"])
        out, err = capsys.readouterr()
        assert status == 0, err
        assert out.count("\n") == 1
        return json.loads(out)

    return run_command


@pytest.fixture
def run_rejected(capsys) -> RunCommand:
    """Return a function that runs a command that must fail and returns its one-line error."""

    def run_command(*words: str, status: int = 2) -> str:
        found = run(list(words))
        out, err = capsys.readouterr()
        assert found == status, err
        assert out == ""
        assert err.startswith("seqlm: error: ")
        assert err.count("\n") == 1
        return err

    return run_command

import json
from collections.abc import Callable
from typing import Any

import pytest

from seqlm.cli.main import run

Answer = Callable[..., Any]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user who has never used the program, in an empty folder."""
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path / "home"


@pytest.fixture
def asked(capsys) -> Answer:
    """Run a command that must succeed and print one JSON object; the object."""

    def ask(*words: str) -> Any:
        status = run([*words, "--json"])
        out, err = capsys.readouterr()
        assert status == 0, err
        assert out.count("\n") == 1
        return json.loads(out)

    return ask


@pytest.fixture
def refused(capsys) -> Answer:
    """Run a command that must be refused; the one line that says why."""

    def ask(*words: str, status: int = 2) -> str:
        found = run(list(words))
        out, err = capsys.readouterr()
        assert found == status, err
        assert out == ""
        assert err.startswith("seqlm: error: ")
        assert err.count("\n") == 1
        return err

    return ask

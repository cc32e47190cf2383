"""Help and tables: settings are never wrapped, and every option is explained."""

import io
import re
import sys

import pytest

from seqlm.cli.main import run
from seqlm.cli.output import print_table
from seqlm.cli.parser import _build
from seqlm.configuration import dotted_keys
from seqlm.presets import PRESETS, preset_config

COMMANDS = sorted(_build()[1])


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[None, 50, 80], ids=["pipe", "50", "80"])
def printed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs a command and returns its output to a pipe or to a terminal."""

    def do(*words: str) -> str:
        out = io.StringIO() if request.param is None else Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setenv("COLUMNS", str(request.param or 80))
        assert run([*words]) == 0
        return out.getvalue()

    return do


@pytest.mark.parametrize("preset", ["names-mlp", "names-ngram", "recall-lstm"])
def test_keys_of_a_preset_are_not_wrapped(preset: str, printed) -> None:
    text = printed("presets", preset)
    config = preset_config(preset)
    typed = [line for line in text.splitlines() if not line.startswith((" ", "scheduled: "))]
    assert typed == [
        f"{s.key}={s.format(dotted_keys.value_of(config, s.key))}"
        for s in dotted_keys.settings_of(config)
    ]
    assert re.search(r"\sdata\.tokenizer=word\W", text)


def test_preset_names_are_not_cut(printed) -> None:
    text = printed("presets")
    assert [name for name in PRESETS if re.search(rf"^ {name} ", text, re.M)] == list(PRESETS)


def test_table_rows_are_not_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "what it is"], [["a", "long " * 60], ["b", "short"]])
    assert len(capsys.readouterr().out.strip().splitlines()) == 4


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_help_explains_every_option(
    command: str, columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        run([command, "--help"])
    text = capsys.readouterr().out
    assert ("seqlm presets NAME\n" in text) == ("KEY=VALUE" in text)
    usage, *_ = text.split("\n\n")
    for option in re.findall(r"(--[a-z-]+)", usage):
        assert re.search(rf"^  (-\w, )?{option}( [A-Z]+| {{.*}})?\s+\S", text, re.M), option


def test_training_help_explains_scheduled_changes(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train", "resume"):
        with pytest.raises(SystemExit):
            run([command, "--help"])
        assert "KEY=VALUE@STEP" in capsys.readouterr().out

"""Keymap file of the user: parsed, or rejected in one line."""

from pathlib import Path

import pytest

from seqlm.errors import RequestError
from workbench.application.keymap_file import keymap_path, read_keymap


def keymap(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "keymap.toml"
    path.write_text(text)
    return read_keymap(path)


def test_keymap_maps_bindings_to_keys(tmp_path: Path) -> None:
    moved = keymap(
        tmp_path,
        """
        run.space = "p"
        rate.halve = ["<", "ctrl+g"]
        "pane.1" = "&"
        [past]
        earlier = ","
        later = "full_stop"
        """,
    )
    assert moved == {
        "run.space": "p",
        "rate.halve": "<,ctrl+g",
        "pane.1": "&",
        "past.earlier": "comma",
        "past.later": "full_stop",
    }


def test_two_keys_may_be_swapped(tmp_path: Path) -> None:
    assert keymap(tmp_path, 'run.step = "r"\nrun.new = "s"') == {"run.step": "r", "run.new": "s"}


def test_key_shared_by_default_may_stay(tmp_path: Path) -> None:
    assert keymap(tmp_path, 'controls.halve = "["') == {"controls.halve": "["}


def test_empty_keymap_moves_nothing(tmp_path: Path) -> None:
    assert keymap(tmp_path, "# nothing yet\n") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('run.spce = "p"', "'run.spce' is not a binding. Nearest: run.space."),
        ('run.space = "q"', "q would be both run.space and app.leave."),
        ('run.space = "u"', "u would be both run.space and controls.undo."),
        ('controls.undo = "space"', "space would be both run.space and controls.undo."),
        ('leave.stop = "d"', "d would be both leave.detach and leave.stop."),
        ("run.space = 3", "run.space needs the name of a key"),
        ('run.space = ""', "run.space needs the name of a key"),
        ('run.space = "spaec"', "run.space needs the name of a key"),
        ("run.space = []", "run.space needs the name of a key"),
        ('run = "p"', "'run' is not a binding."),
        ("run.space", "keymap.toml: "),
        ('run.space = "\x1b[0m"', "keymap.toml: "),
    ],
)
def test_invalid_keymap_is_rejected_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RequestError) as rejection:
        keymap(tmp_path, text)
    assert words in str(rejection.value)
    assert "\n" not in str(rejection.value)


def test_binary_keymap_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError):
        read_keymap(path)


def test_path_of_the_keymap_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEQLM_KEYMAP", str(tmp_path / "mine.toml"))
    assert keymap_path() == tmp_path / "mine.toml"
    monkeypatch.delenv("SEQLM_KEYMAP")
    assert keymap_path().name == "keymap.toml"

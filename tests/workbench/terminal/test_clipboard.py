from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.strip import Strip

from workbench.terminal.clipboard import copy_text, pane_text, safe_file_name, short_path


def strips(*lines: str) -> list[Strip]:
    return [Strip([Segment(line)]) for line in lines]


FRAMED = strips(
    "┏━ 3 Loss ━━━━━━━ nats · x log ━┓",
    "┃ train 2.11   val 2.14         ┃",
    "┃  2.4┤⠒⠒                       ┃",
    "┃                               ┃",
    "┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛",
)


def test_a_pane_is_copied_as_its_title_and_its_rows() -> None:
    assert pane_text(FRAMED, is_framed=True) == (
        "3 Loss ─ nats · x log\ntrain 2.11   val 2.14\n 2.4┤⠒⠒\n"
    )


def test_ascii_borders_are_removed_too() -> None:
    ascii_only = strips("+= 2 Controls ====+", "| pace       full |", "+=================+")
    assert pane_text(ascii_only, is_framed=True) == "2 Controls\npace       full\n"


def test_rows_without_a_border_are_unchanged() -> None:
    assert pane_text(strips(" a ", "", "b", ""), is_framed=False) == " a\n\nb\n"


def test_copied_text_has_no_escape_codes() -> None:
    assert "\x1b" not in pane_text(strips("\x1b]52;c;x\x07"), is_framed=False)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("names-mlp-7-loss", "names-mlp-7-loss"),
        ("../../etc/passwd", "etc-passwd"),
        ("\x1b[/漢 字", "copy"),
        ("..", "copy"),
        ("a" * 300, "a" * 80),
    ],
)
def test_a_file_name_has_only_safe_characters(name: str, file: str) -> None:
    assert safe_file_name(name) == file


def test_a_path_in_the_home_folder_is_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert short_path(tmp_path / "clip" / "a.txt") == "~/clip/a.txt"
    assert short_path(Path("/elsewhere/a.txt")) == "/elsewhere/a.txt"


async def test_text_is_copied_to_the_clipboard_and_to_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    app: App[None] = App()
    async with app.run_test():
        message = copy_text(app, "names-mlp seed=1", "names-mlp-1", "the recipe of this run")
    path = tmp_path / "clip" / "names-mlp-1.txt"
    assert app.clipboard == "names-mlp seed=1"
    assert path.read_text() == "names-mlp seed=1\n"
    assert message == f"Copied the recipe of this run, also to {path}"


async def test_text_is_copied_to_the_clipboard_where_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "file"))
    app: App[None] = App()
    async with app.run_test():
        message = copy_text(app, "a", "b", "it")
    assert message.startswith("Copied it. Cannot write ")
    assert app.clipboard == "a"

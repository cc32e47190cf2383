from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.strip import Strip

from workbench.terminal.clipboard import copy_text, file_name, pane_text, short


def strips(*lines: str) -> list[Strip]:
    return [Strip([Segment(line)]) for line in lines]


FRAMED = strips(
    "┏━ 3 Loss ━━━━━━━ nats · x log ━┓",
    "┃ train 2.11   val 2.14         ┃",
    "┃  2.4┤⠒⠒                       ┃",
    "┃                               ┃",
    "┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛",
)


def test_a_pane_is_its_title_and_what_its_border_holds() -> None:
    assert pane_text(FRAMED, is_framed=True) == (
        "3 Loss ─ nats · x log\ntrain 2.11   val 2.14\n 2.4┤⠒⠒\n"
    )


def test_ascii_borders_too() -> None:
    ascii_only = strips("+= 2 Controls ====+", "| pace       full |", "+=================+")
    assert pane_text(ascii_only, is_framed=True) == "2 Controls\npace       full\n"


def test_without_a_border_the_rows_are_as_they_are() -> None:
    assert pane_text(strips(" a ", "", "b", ""), is_framed=False) == " a\n\nb\n"


def test_only_harmless_text_leaves() -> None:
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
def test_a_file_has_a_harmless_name(name: str, file: str) -> None:
    assert file_name(name) == file


def test_a_path_is_told_from_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert short(tmp_path / "clip" / "a.txt") == "~/clip/a.txt"
    assert short(Path("/elsewhere/a.txt")) == "/elsewhere/a.txt"


async def test_the_clipboard_and_a_file_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    app: App[None] = App()
    async with app.run_test():
        note = copy_text(app, "names-mlp seed=1", "names-mlp-1", "the line of this run")
    path = tmp_path / "clip" / "names-mlp-1.txt"
    assert app.clipboard == "names-mlp seed=1"
    assert path.read_text() == "names-mlp seed=1\n"
    assert note == f"Copied the line of this run; also in {path}"


async def test_where_no_file_can_be_written_the_clipboard_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "file"))
    app: App[None] = App()
    async with app.run_test():
        note = copy_text(app, "a", "b", "it")
    assert "cannot be written: " in note
    assert app.clipboard == "a"

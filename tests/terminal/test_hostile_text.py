"""Every place that text from outside reaches, driven with every strange text, down to the bytes."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from escapes import is_restored, unexpected
from samples import LONG, SAMPLES
from workbench_program import DOWN, ESC, PAGE_DOWN, RIGHT, UP, Workbench

Start = Callable[..., Workbench]
ALL = "".join(SAMPLES.values())
CLEAR = "\x15"  # ctrl+u empties a field
MARKUP = "[@click=app.bell]x"
ONE_LINE = {name: text for name, text in SAMPLES.items() if not set(text) & {"\0", "\n"}}
PASTED = ["".join(list(SAMPLES.values())[i : i + 8]) for i in range(0, len(SAMPLES), 8)]
TAG = re.compile(r"k(\d\d) ")


def raw(text: str) -> bytes:
    """The text as bytes; a lone surrogate is the byte that it stands for."""
    return text.encode(errors="surrogateescape")


def file_name(text: str) -> str:
    """What of a text can stand in the name of a file."""
    return re.sub("[/\0]", "_", text)


def lines() -> bytes:
    """A list of short lines that holds each sample several times, each after its own tag."""
    tagged = [f"k{i:02} {text}" for i, text in enumerate(ONE_LINE.values())]
    return raw(
        "\n".join([*tagged, *(f"{line}." for line in tagged), *(f"{line};" for line in tagged)])
    )


def end_harmless(program: Workbench) -> None:
    """Leave; nothing that the terminal was told may steer it."""
    assert program.leave() == 0
    output = bytes(program.output)
    assert unexpected(output) == []
    assert is_restored(output)


def paste_each(program: Workbench) -> None:
    """Paste every sample into the field that is open, each in place of the one before."""
    for text in PASTED:
        program.press(CLEAR)
        program.paste(text)


def test_a_text_its_name_and_prompts(start: Start, home: Path) -> None:
    path = home / file_name(
        f"{MARKUP}[b]" + SAMPLES["csi"] + SAMPLES["bidi"] + SAMPLES["surrogate"]
    )
    Path(path).write_bytes(lines())
    program = start(os.fsencode(path), columns=160, rows=66)
    program.wait_for(MARKUP, "as fed", "uniform")
    program.press("11v")
    program.wait_for("lines 2/")
    program.press(PAGE_DOWN * 3)
    program.settled()
    tags = set(TAG.findall(program.output.decode()))
    assert tags == {f"{i:02}" for i in range(len(ONE_LINE))}
    program.press(("v" + PAGE_DOWN * 3) * 5 + "z4")
    program.press("i" + re.sub("[\x1b\r\n]", "", ALL) + "\r" + ESC)
    program.press("i")
    program.paste(ALL)
    program.press("\r" + ESC + RIGHT * 9 + "gi")
    program.paste(raw(LONG))
    program.press("\r" + ESC + ESC)
    program.settled()
    end_harmless(program)


def test_settings_presets_and_commands(start: Start, home: Path) -> None:
    """Fields refuse in words what was typed; lists filter by it."""
    program = start(columns=160, rows=50)
    program.wait_for("names-mlp", "uniform")
    program.press("2\r")
    for text in PASTED:
        program.paste(text)
        program.press("\r" + CLEAR)
    program.press(ESC + UP * 60 + "\r/")
    paste_each(program)
    program.wait_for("presets", "%s{0}")
    program.press(ESC + ":")
    paste_each(program)
    program.wait_for("🔎", "%s{0}")
    program.press(ESC + ESC + DOWN * 60 + "\r" + ESC)
    program.settled()
    end_harmless(program)


def test_one_line_of_a_megabyte(start: Start, home: Path) -> None:
    (home / "long.txt").write_bytes(raw(ALL.replace("\0", "")) + LONG.encode())
    program = start("long.txt", columns=200, rows=50)
    program.wait_for("long.txt", "as fed", "uniform")
    program.press("1vvv4" + RIGHT * 9 + "g1" + PAGE_DOWN * 3)
    program.settled()
    end_harmless(program)

"""Every place that text from outside reaches, driven with every strange text, down to the bytes."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from escapes import told
from hostile_run import append, story, write_manifest
from pty_program import PYTHON
from samples import LONG, SAMPLES
from workbench_program import DOWN, ESC, PAGE_DOWN, RIGHT, UP, Workbench

from seqlm.sanitize import sanitize

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
    """Return a text with the characters replaced that a file name cannot contain."""
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
    found = told(bytes(program.output))
    assert found.unexpected == []
    assert found.is_restored


def paste_each(program: Workbench) -> None:
    """Paste every sample into the field that is open, each in place of the one before."""
    for text in PASTED:
        program.press(CLEAR)
        program.paste(text)


@contextmanager
def patched(home: Path, *lines: str) -> Iterator[Workbench]:
    """The workbench after some lines of Python, once it is drawn."""
    code = "\n".join(
        [
            "from workbench.application import app, cli",
            *lines,
            "cli.main([])",
        ]
    )
    program = Workbench(home, "-c", code, environment={"TMPDIR": str(home)}, command=PYTHON)
    program.wait_for("names-mlp", "uniform")
    yield program
    program.close()


def test_a_text_its_name_and_prompts(start: Start, home: Path) -> None:
    path = home / file_name(
        f"{MARKUP}[b]" + SAMPLES["csi"] + SAMPLES["bidi"] + SAMPLES["surrogate"]
    )
    Path(path).write_bytes(lines())
    program = start(os.fsencode(path), columns=160, rows=66)
    program.wait_for(MARKUP, "training examples", "uniform")
    program.press("11v")
    program.wait_for("lines (view 2")
    program.press(PAGE_DOWN * 3)
    program.settled()
    tags = set(TAG.findall(program.output.decode()))
    assert tags == {f"{i:02}" for i in range(len(ONE_LINE))}
    program.press(("v" + PAGE_DOWN * 3) * 5 + "z4")
    program.press("i" + re.sub("[\x1b\r\n\t]", "", ALL) + "\r" + ESC)
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


def test_what_can_be_opened(start: Start, home: Path) -> None:
    """Runs and texts by names of their own, and lines that open nothing."""
    for i, name in enumerate(map(file_name, PASTED)):
        run = home / "runs" / f"{i}{name}"
        run.mkdir(parents=True)
        write_manifest(run, sanitize(name), "names")
        (home / f"{i}{name}.txt").write_bytes(lines())
    program = start("names-mlp", columns=120, rows=50)
    program.wait_for("names-mlp", "uniform")
    program.press("o")
    program.wait_for("enter opens", f"0{sanitize(file_name(PASTED[0]))[:12]}")
    for text in PASTED:
        program.press(CLEAR)
        program.paste(text)
        program.press("\r")
    program.wait_for("✗")
    program.press(CLEAR + DOWN * 4 + ESC + "cC")
    program.settled()
    assert program.leave() == 0
    found = told(bytes(program.output), clipboard=True)
    assert found.unexpected == []
    assert found.is_restored


def test_one_line_of_a_megabyte(start: Start, home: Path) -> None:
    (home / "long.txt").write_bytes(raw(ALL.replace("\0", "")) + LONG.encode())
    program = start("long.txt", columns=200, rows=50)
    program.wait_for("long.txt", "training examples", "uniform")
    program.press("1vvv4" + RIGHT * 9 + "g1" + PAGE_DOWN * 3)
    program.settled()
    end_harmless(program)


def test_a_run_in_which_every_word_is_strange(start: Start, home: Path) -> None:
    texts = [text for name, text in SAMPLES.items() if name != "surrogate"]
    chunks = [texts[i : i + 8] for i in range(0, len(texts), 8)]
    run = home / file_name("run" + SAMPLES["csi"] + SAMPLES["surrogate"] + MARKUP)
    run.mkdir()
    (home / "here.txt").write_bytes(lines())
    write_manifest(run, "".join(texts), str(home / "here.txt"))
    program = None
    for i, chunk in enumerate(chunks, 1001):
        append(run / "events.jsonl", story(chunk, i))
        program = program or start(os.fsencode(f"{run}/"), columns=200, rows=60)
        program.wait_for(f"{i:,}", "failed")
    program.press("3" + DOWN + "4" + RIGHT + "2" + ESC)
    append(run / "events.jsonl", story([LONG], 2001))
    program.wait_for("2,001", "long long")
    program.settled()
    end_harmless(program)


def test_a_line_of_a_log_that_is_no_text(start: Start, home: Path) -> None:
    run = home / "runs" / "odd"
    run.mkdir(parents=True)
    write_manifest(run, "odd", "names")
    append(run / "events.jsonl", [*story(["fine"], 7), *story([SAMPLES["surrogate"]], 8)])
    program = start("odd")
    program.wait_for("✗ failed", "step     7", "fine → fine")
    end_harmless(program)


def test_what_is_refused_is_one_harmless_line(start: Start, home: Path) -> None:
    binary = home / file_name(SAMPLES["osc52"])
    binary.write_bytes(b"ab\0cd" * 9)
    names = cycle(map(file_name, PASTED))
    for words in (
        ["{}"],
        ["/{}/x.txt"],
        [os.fsdecode(binary)],
        ["names-mlp", "model.{}=1"],
        ["names-mlp", "train.optimizer={}"],
        ["--attach", "{}"],
        ["--palette", "{}"],
        ["--{}"],
    ):
        name = next(names)
        program = start(*(word.replace("{}", name) for word in words))
        assert program.wait_for_end() == 2, program.screen()
        assert told(bytes(program.output)).unexpected == []
        assert bytes(program.output).count(b"\n") == 1


def test_the_end_of_a_worker_s_log(home: Path) -> None:
    log = home / file_name(MARKUP + SAMPLES["osc52"])
    log.write_bytes(b"".join(raw(text) + b"\n" for text in SAMPLES.values()))
    with patched(
        home,
        "from pathlib import Path",
        "from workbench.screens.log import LogScreen",
        f"app.Workbench.action_zoom = lambda self: self.push_screen(LogScreen(Path({str(log)!r})))",
    ) as program:
        program.press("z")
        program.wait_for("%s{0}", "[/foo]")
        program.press(ESC)
        end_harmless(program)


def test_a_crash_is_one_harmless_line(home: Path) -> None:
    """The traceback is kept whole in the file that the line names."""
    with patched(
        home,
        f"def crash(self): raise RuntimeError({ALL!r})",
        "app.Workbench.action_zoom = crash",
    ) as program:
        program.press("z")
        assert program.wait_for_end() == 1
        output = bytes(program.output)
    said = output.rpartition(b"\x1b[")[2]
    assert said.count(b"\n") == 1
    assert b"seqlm-tui: error: RuntimeError: " in said
    assert told(output).unexpected == []
    assert told(output).is_restored
    (kept,) = home.glob("seqlm-tui-*.log")
    assert str(kept) in said.decode()
    assert "in crash" in kept.read_text()

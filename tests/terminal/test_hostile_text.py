"""Hostile text in every place that outside text reaches, checked in the output bytes."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from escapes import record_output
from hostile_run import append, hostile_events, write_manifest
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
    """Return the text as bytes; a lone surrogate becomes the byte that it stands for."""
    return text.encode(errors="surrogateescape")


def file_name(text: str) -> str:
    """Return a text with the characters replaced that a file name cannot contain."""
    return re.sub("[/\0]", "_", text)


def lines() -> bytes:
    """Return a list of short lines with each sample several times, after its own tag."""
    tagged = [f"k{i:02} {text}" for i, text in enumerate(ONE_LINE.values())]
    return raw(
        "\n".join([*tagged, *(f"{line}." for line in tagged), *(f"{line};" for line in tagged)])
    )


def quit_and_check_output(program: Workbench) -> None:
    """Quit; check that the output contains no unexpected control sequence."""
    assert program.leave() == 0
    found = record_output(bytes(program.output))
    assert found.unexpected == []
    assert found.is_restored


def paste_each(program: Workbench) -> None:
    """Paste every sample into the open field, each replacing the previous one."""
    for text in PASTED:
        program.press(CLEAR)
        program.paste(text)


@contextmanager
def patched(home: Path, *lines: str) -> Iterator[Workbench]:
    """Start the workbench after some lines of Python; wait for the first frame."""
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


def test_hostile_corpus_file_name_and_prompts(start: Start, home: Path) -> None:
    path = home / file_name(f"{MARKUP}[b]" + SAMPLES["csi"] + SAMPLES["bidi"])
    Path(path).write_bytes(lines())
    program = start(os.fsencode(path), "data.split=100/0/0", columns=160, rows=66)
    program.wait_for(MARKUP, "training examples", "uniform")
    program.press("11v")
    program.wait_for("lines (view 2")
    program.press(PAGE_DOWN * 3)
    program.wait_until_settled()
    tags = set(TAG.findall(program.output.decode()))
    assert tags == {f"{i:02}" for i in range(len(ONE_LINE))}
    program.press(("v" + PAGE_DOWN * 3) * 5 + "z4")
    program.press("i" + re.sub("[\x1b\r\n\t]", "", ALL) + "\r" + ESC)
    program.press("i")
    program.paste(ALL)
    program.press("\r" + ESC + RIGHT * 9 + "gi")
    program.paste(raw(LONG))
    program.press("\r" + ESC + ESC)
    program.wait_until_settled()
    quit_and_check_output(program)


def test_hostile_input_in_settings_presets_and_commands(start: Start, home: Path) -> None:
    """Fields show errors about the pasted text; lists filter by it."""
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
    program.wait_until_settled()
    quit_and_check_output(program)


def test_hostile_names_in_the_open_screen(start: Start, home: Path) -> None:
    """Runs and files with hostile names, and typed lines that open nothing."""
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
    program.wait_until_settled()
    assert program.leave() == 0
    found = record_output(bytes(program.output), clipboard=True)
    assert found.unexpected == []
    assert found.is_restored


def test_line_of_one_megabyte(start: Start, home: Path) -> None:
    (home / "long.txt").write_bytes(raw(ALL.replace("\0", "")) + LONG.encode())
    program = start("long.txt", columns=200, rows=50)
    program.wait_for("long.txt", "training examples", "uniform")
    program.press("1vvv4" + RIGHT * 9 + "g1" + PAGE_DOWN * 3)
    program.wait_until_settled()
    quit_and_check_output(program)


def test_run_of_hostile_texts(start: Start, home: Path) -> None:
    texts = [text for name, text in SAMPLES.items() if name != "surrogate"]
    chunks = [texts[i : i + 8] for i in range(0, len(texts), 8)]
    run = home / file_name("run" + SAMPLES["csi"] + SAMPLES["surrogate"] + MARKUP)
    run.mkdir()
    (home / "here.txt").write_bytes(lines())
    write_manifest(run, "".join(texts), str(home / "here.txt"))
    program = None
    for i, chunk in enumerate(chunks, 1001):
        append(run / "events.jsonl", hostile_events(chunk, i))
        program = program or start(os.fsencode(f"{run}/"), columns=200, rows=60)
        program.wait_for(f"{i:,}", "failed")
    program.press("3" + DOWN + "4" + RIGHT + "2" + ESC)
    append(run / "events.jsonl", hostile_events([LONG], 2001))
    program.wait_for("2,001", "long long")
    program.wait_until_settled()
    quit_and_check_output(program)


def test_event_with_invalid_unicode(start: Start, home: Path) -> None:
    run = home / "runs" / "odd"
    run.mkdir(parents=True)
    write_manifest(run, "odd", "names")
    append(
        run / "events.jsonl",
        [*hostile_events(["fine"], 7), *hostile_events([SAMPLES["surrogate"]], 8)],
    )
    program = start("odd")
    program.wait_for("✗ failed", "step     7", "fine → fine")
    quit_and_check_output(program)


def test_rejected_argument_is_one_sanitized_line(start: Start, home: Path) -> None:
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
        assert record_output(bytes(program.output)).unexpected == []
        assert bytes(program.output).count(b"\n") == 1


def test_hostile_worker_log(home: Path) -> None:
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
        quit_and_check_output(program)


def test_crash_report_is_one_sanitized_line(home: Path) -> None:
    """The complete traceback is in the file that the line names."""
    with patched(
        home,
        f"def crash(self): raise RuntimeError({ALL!r})",
        "app.Workbench.action_zoom = crash",
    ) as program:
        program.press("z")
        assert program.wait_for_end() == 1
        output = bytes(program.output)
    last_line = output.rpartition(b"\x1b[")[2]
    assert last_line.count(b"\n") == 1
    assert b"seqlm-tui: error: RuntimeError: " in last_line
    assert record_output(output).unexpected == []
    assert record_output(output).is_restored
    (kept,) = home.glob("seqlm-tui-*.log")
    assert str(kept) in last_line.decode()
    assert "in crash" in kept.read_text()

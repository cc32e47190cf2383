"""Terminals of every kind: the colours and signs they know, how they are left, and coming back."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from escapes import kinds_of_colour, told
from pty_program import PYTHON, TUI, surroundings
from workbench_program import DOWN, ESC, RIGHT, UP, Workbench

from seqlm.runs.directory import RunDirectory, RunLock

Start = Callable[..., Workbench]
FULL = ("names-mlp", "uniform", "quit")

EVERYWHERE = (
    "1",
    "2",
    "\r",
    ESC,
    "3",
    "4",
    ":",
    ESC,
    "?",
    ESC,
    "z",
    "z",
    "2" + UP * 60 + "\r",
    ESC,
)
"""Panes, a field, the palette, the help, a zoom, the list of presets."""


def look_everywhere(program: Workbench) -> bytes:
    """Open everything that can be opened, and leave; every byte that was written."""
    program.wait_for(*FULL)
    for keys in EVERYWHERE:
        program.press(keys)
    program.settled()
    assert program.leave() == 0
    found = told(bytes(program.output))
    assert found.unexpected == []
    assert found.is_restored
    return bytes(program.output)


@pytest.mark.parametrize(
    ("environment", "words", "kinds"),
    [
        ({"COLORTERM": "truecolor"}, [], {"truecolor"}),
        ({"COLORTERM": None}, ["--light"], {"256"}),
        ({"COLORTERM": None, "TERM": "xterm"}, [], {"16"}),
        ({"COLORTERM": "truecolor"}, ["--palette", "16"], {"16"}),
        ({"COLORTERM": "truecolor"}, ["--palette", "none"], set()),
        ({"NO_COLOR": "1"}, [], set()),
    ],
)
def test_no_more_colours_than_there_are(
    environment: dict[str, str | None], words: list[str], kinds: set[str], start: Start
) -> None:
    output = look_everywhere(start(*words, environment=environment))
    assert kinds_of_colour(output) == kinds


def test_a_shell_s_word_for_the_size_is_not_believed(start: Start) -> None:
    program = start(environment={"COLUMNS": "40", "LINES": "12"})
    program.wait_for(*FULL)
    program.resize(80, 24)
    program.wait_for("1 Data      names")
    assert program.leave() == 0


@pytest.mark.parametrize(
    ("palette", "shown"),
    [("light", b"48;2;251;251;248"), ("color-blind", b"38;2;86;180;233")],
)
def test_a_palette_by_name(palette: str, shown: bytes, start: Start) -> None:
    program = start("--palette", palette)
    program.wait_for(*FULL)
    assert program.leave() == 0
    assert shown in program.output


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--ascii"], {}),
        ([], {"TERM": "linux"}),
        ([], {"LC_ALL": "C"}),
        ([], {"PYTHONIOENCODING": "ascii"}),
    ],
)
def test_ascii_alone(words: list[str], environment: dict[str, str | None], start: Start) -> None:
    output = look_everywhere(start(*words, environment=environment))
    assert output.isascii()
    assert not re.search(rb"\\[xuU][0-9a-f]{2}", output)


def test_nothing_is_told_by_colour_alone(start: Start) -> None:
    """Focus, selected row and run status are shown as characters too."""
    program = start("--ascii", environment={"NO_COLOR": "1"})
    seen = program.wait_for(*FULL)
    assert "o not trained yet" in seen
    assert "+= 3 Loss ==" in seen
    program.press("2")
    seen = program.wait_for("+= 2 Controls ==")
    assert "< 0.1 >" in seen
    program.press(DOWN)
    program.wait_for("< 0 >")
    program.press("4")
    seen = program.wait_for("+= 4 Generate ==")
    assert "> a" in seen.replace(">  a", "> a")
    program.press(RIGHT)
    program.wait_for("[ d ]")
    end(program)


def ends_with_quit(seen: str) -> bool:
    """Return True if the last row shows the keys."""
    return seen.rstrip().endswith(("  q", "quit"))


def test_a_terminal_that_tells_its_size_and_takes_whole_frames(start: Start) -> None:
    """It answers what it is asked: frames come between marks, and sizes by the keyboard's way."""
    program = start()
    program.wait_for_bytes(b"\x1b[?2048$p", since=0)
    program.press("\x1b[?2026;2$y\x1b[?2048;2$y")
    program.wait_for(*FULL)
    before = len(program.output)
    program.press("4")
    program.wait_for_bytes(b"\x1b[?2026l", before)
    for columns, rows in ((80, 24), (120, 40)):
        program.resize(columns, rows)
        program.press(f"\x1b[48;{rows};{columns};{rows * 20};{columns * 10}t")
        program.wait_until(ends_with_quit, f"{columns}x{rows}")
    end(program)


# How it ends


def end(program: Workbench) -> None:
    """Leave, and see that the terminal is as it was."""
    assert program.leave() == 0
    assert told(bytes(program.output)).is_restored
    assert program.has_line_as_before


def test_the_first_frame_is_sent_once(start: Start) -> None:
    """Textual draws all of it a second time; some 26,000 bytes are one frame of 120x40."""
    program = start()
    program.wait_for("from counts")  # the samples from the counts follow
    assert len(program.output) < 40_000
    end(program)


@pytest.mark.parametrize(
    "name",
    [
        "SIGHUP",
        "SIGTERM",
        "SIGINT",
        "SIGQUIT",
        "SIGABRT",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGXCPU",
    ],
)
def test_a_signal_leaves_the_terminal_as_it_was(name: str, start: Start) -> None:
    program = start(environment={"PYTHONFAULTHANDLER": None})
    program.wait_for(*FULL)
    os.kill(program.process.pid, signal.Signals[name])
    assert program.wait_for_end() == 0
    assert told(bytes(program.output)).is_restored
    assert program.has_line_as_before


def test_ctrl_c_before_there_is_a_screen(home: Path) -> None:
    busy = "def busy(*_):\n  print('ready', flush=True)\n  while True: pass\n"
    code = f"from workbench.application import cli\n{busy}cli.check_terminal = busy\ncli.main([])"
    program = Workbench(home, "-c", code, command=PYTHON)
    program.wait_for("ready")
    program.press("\x03")
    assert program.wait_for_end() == 130
    assert b"Traceback" not in program.output
    program.close()


def test_a_lost_terminal_ends_the_screen_alone(start: Start, home: Path) -> None:
    program = begin_training(start)
    program.lose()
    assert program.wait_for_end() == 0
    assert holder_of(home) is not None


def test_signals_amid_keys_and_a_terminal_lost_on_the_way_out(start: Start) -> None:
    """A lost terminal sends SIGCONT; many of them meet whatever may be held when one comes."""
    program = start()
    program.wait_for(*FULL)
    for _ in range(10):
        program.press("?" + ESC)
        for _ in range(300):
            os.kill(program.process.pid, signal.SIGCONT)
            program.read(0.0002)
    program.press("q")
    program.lose()
    assert program.wait_for_end() in (0, -signal.SIGHUP)


def test_ctrl_c_twice_detaches(start: Start, home: Path) -> None:
    program = begin_training(start)
    program.press("\x03\x03")
    assert program.wait_for_end() == 0
    assert told(bytes(program.output)).is_restored
    assert holder_of(home) is not None
    again = start()
    again.wait_for("● training")
    end(again)


def test_ctrl_z_without_a_shell_offers_to_detach(start: Start) -> None:
    """Nobody could continue a first process of a terminal, so it is never stopped."""
    program = begin_training(start)
    os.kill(program.process.pid, signal.SIGTSTP)
    program.press("\x1a")
    program.wait_for("detach: training continues")
    assert psutil.Process(program.process.pid).status() != psutil.STATUS_STOPPED
    program.press(ESC)
    program.wait_until(lambda seen: "detach" not in seen, "the question closed")
    program.press(":")
    program.wait_for("Search")
    program.press("suspend the")
    program.wait_for("No matches found")
    program.press(ESC + ESC)
    end(program)


@pytest.mark.parametrize("command", [TUI, ("sh", "-c", f"{shlex.join(TUI)}; true")])
def test_suspended_and_back(command: tuple[str, ...], start: Start, home: Path) -> None:
    """The shell has its terminal back, cursor and mouse too; then everything is drawn again."""
    shell = start("--norc", "--noediting", "-i", command=("bash",), environment={"PS1": "$ "})
    shell.wait_for("$ ")
    shell.press(shlex.join(command) + "\n")
    shell.wait_for(*FULL)
    for how in ("\x1a", "kill -TSTP"):
        before = len(shell.output)
        shell.press(how) if how == "\x1a" else os.kill(child_of(shell), signal.SIGTSTP)
        shell.wait_for_bytes(b"Stopped", before)
        assert told(bytes(shell.output)).is_restored
        before = len(shell.output)
        shell.press("fg\n")
        shell.wait_for_bytes(b"uniform", before)
        shell.wait_for(*FULL)
    shell.press("q")
    shell.wait_for_bytes(b"$ ", len(shell.output))
    shell.press("exit\n")
    assert shell.wait_for_end() == 0
    assert told(bytes(shell.output)).is_restored


def test_no_terminal_is_refused_in_one_line(home: Path) -> None:
    for term, stdin in (("xterm", subprocess.DEVNULL), ("xterm", subprocess.PIPE)):
        done = subprocess.run(
            TUI, env=surroundings({"TERM": term}), stdin=stdin, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "seqlm-tui: error: no terminal on stdin; use: seqlm train names-mlp\n"


@pytest.mark.parametrize("term", ["dumb", "", None])
def test_a_terminal_that_cannot_draw_is_refused(term: str | None, start: Start) -> None:
    program = start(environment={"TERM": term})
    assert program.wait_for_end() == 2
    assert program.output.count(b"\n") == 1
    assert b"cannot draw a screen; use: seqlm train names-mlp" in program.output


def begin_training(start: Start) -> Workbench:
    program = start()
    program.wait_for(*FULL)
    program.press(" ")
    program.wait_for("● training", "steps/s")
    return program


def holder_of(home: Path) -> RunLock | None:
    """Return the lock of the process that trains the only run."""
    (run,) = (home / "runs").iterdir()
    return RunDirectory(run).holder()


def child_of(shell: Workbench) -> int:
    (child,) = psutil.Process(shell.process.pid).children()
    while child.name() == "sh":  # one that stands in between
        (child,) = child.children()
    return child.pid

"""Terminal kinds: colors and character sets, exit, signals, and suspension."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from escapes import color_kinds, record_output
from pty_program import PYTHON, TUI, program_environment
from workbench_program import DOWN, ESC, RIGHT, UP, Workbench

from seqlm.runs.directory import RunDirectory, RunLock

Start = Callable[..., Workbench]
FULL = ("names-mlp", "uniform", "quit")

KEYS_OF_EVERY_SCREEN = (
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
"""Keys that open panes, a field, the palette, the help, a zoom and the list of presets."""


def open_every_screen(program: Workbench) -> bytes:
    """Open every screen, quit, and return the output."""
    program.wait_for(*FULL)
    for keys in KEYS_OF_EVERY_SCREEN:
        program.press(keys)
    program.wait_until_settled()
    assert program.leave() == 0
    found = record_output(bytes(program.output))
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
def test_colors_are_limited_to_those_of_the_terminal(
    environment: dict[str, str | None], words: list[str], kinds: set[str], start: Start
) -> None:
    output = open_every_screen(start(*words, environment=environment))
    assert color_kinds(output) == kinds


def test_size_variables_of_the_shell_are_ignored(start: Start) -> None:
    program = start(environment={"COLUMNS": "40", "LINES": "12"})
    program.wait_for(*FULL)
    program.resize(80, 24)
    program.wait_for("1 Data      names")
    assert program.leave() == 0


@pytest.mark.parametrize(
    ("palette", "shown"),
    [("light", b"48;2;251;251;248"), ("color-blind", b"38;2;86;180;233")],
)
def test_palette_option(palette: str, shown: bytes, start: Start) -> None:
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
def test_ascii_mode_writes_only_ascii(
    words: list[str], environment: dict[str, str | None], start: Start
) -> None:
    output = open_every_screen(start(*words, environment=environment))
    assert output.isascii()
    assert not re.search(rb"\\[xuU][0-9a-f]{2}", output)


def test_no_information_is_conveyed_by_color_alone(start: Start) -> None:
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
    quit_and_check_terminal(program)


def ends_with_quit(seen: str) -> bool:
    """Return True if the last row shows the keys."""
    return seen.rstrip().endswith(("  q", "quit"))


def test_terminal_with_resize_reports_and_synchronized_output(start: Start) -> None:
    """The terminal confirms both modes: frames are enclosed in marks, sizes arrive as input."""
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
    quit_and_check_terminal(program)


# Exit


def quit_and_check_terminal(program: Workbench) -> None:
    """Quit, and check that the terminal is restored."""
    assert program.leave() == 0
    assert record_output(bytes(program.output)).is_restored
    assert program.has_original_settings


def test_the_first_frame_is_sent_once(start: Start) -> None:
    """Textual renders it twice; one frame of 120x40 has about 26,000 bytes."""
    program = start()
    program.wait_for("from counts")  # the samples from the counts come last
    assert len(program.output) < 40_000
    quit_and_check_terminal(program)


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
def test_signal_restores_the_terminal(name: str, start: Start) -> None:
    program = start(environment={"PYTHONFAULTHANDLER": None})
    program.wait_for(*FULL)
    os.kill(program.process.pid, signal.Signals[name])
    assert program.wait_for_end() == 0
    assert record_output(bytes(program.output)).is_restored
    assert program.has_original_settings


def test_ctrl_c_before_the_first_frame(home: Path) -> None:
    busy = "def busy(*_):\n  print('ready', flush=True)\n  while True: pass\n"
    code = f"from workbench.application import cli\n{busy}cli.check_terminal = busy\ncli.main([])"
    program = Workbench(home, "-c", code, command=PYTHON)
    program.wait_for("ready")
    program.press("\x03")
    assert program.wait_for_end() == 130
    assert b"Traceback" not in program.output
    program.close()


def test_lost_terminal_ends_the_screen_but_not_the_worker(start: Start, home: Path) -> None:
    program = begin_training(start)
    program.close_terminal()
    assert program.wait_for_end() == 0
    assert holder_of(home) is not None


def test_signals_between_keys_and_a_terminal_lost_while_quitting(start: Start) -> None:
    """A lost terminal sends SIGCONT; many signals test that no lock is held when one arrives."""
    program = start()
    program.wait_for(*FULL)
    for _ in range(10):
        program.press("?" + ESC)
        for _ in range(300):
            os.kill(program.process.pid, signal.SIGCONT)
            program.read(0.0002)
    program.press("q")
    program.close_terminal()
    assert program.wait_for_end() in (0, -signal.SIGHUP)


def test_ctrl_c_twice_detaches(start: Start, home: Path) -> None:
    program = begin_training(start)
    program.press("\x03\x03")
    assert program.wait_for_end() == 0
    assert record_output(bytes(program.output)).is_restored
    assert holder_of(home) is not None
    again = start()
    again.wait_for("● training")
    quit_and_check_terminal(again)


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
    quit_and_check_terminal(program)


@pytest.mark.parametrize("command", [TUI, ("sh", "-c", f"{shlex.join(TUI)}; true")])
def test_suspend_and_continue(command: tuple[str, ...], start: Start, home: Path) -> None:
    """The shell gets a restored terminal; after ``fg`` the whole screen is drawn again."""
    shell = start("--norc", "--noediting", "-i", command=("bash",), environment={"PS1": "$ "})
    shell.wait_for("$ ")
    shell.press(shlex.join(command) + "\n")
    shell.wait_for(*FULL)
    for how in ("\x1a", "kill -TSTP"):
        before = len(shell.output)
        shell.press(how) if how == "\x1a" else os.kill(child_of(shell), signal.SIGTSTP)
        shell.wait_for_bytes(b"Stopped", before)
        assert record_output(bytes(shell.output)).is_restored
        before = len(shell.output)
        shell.press("fg\n")
        shell.wait_for_bytes(b"uniform", before)
        shell.wait_for(*FULL)
    shell.press("q")
    shell.wait_for_bytes(b"$ ", len(shell.output))
    shell.press("exit\n")
    assert shell.wait_for_end() == 0
    assert record_output(bytes(shell.output)).is_restored


def test_missing_terminal_is_rejected_in_one_line(home: Path) -> None:
    for term, stdin in (("xterm", subprocess.DEVNULL), ("xterm", subprocess.PIPE)):
        done = subprocess.run(
            TUI,
            env=program_environment({"TERM": term}),
            stdin=stdin,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "seqlm-tui: error: no terminal on stdin; use: seqlm train names-mlp\n"


@pytest.mark.parametrize("term", ["dumb", "", None])
def test_dumb_terminal_is_rejected_in_one_line(term: str | None, start: Start) -> None:
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
    while child.name() == "sh":  # an intermediate shell
        (child,) = child.children()
    return child.pid

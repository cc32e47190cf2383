"""Inside tmux: the screen is redrawn at the size of the attached terminal."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pty_program import DEADLINE_S, TUI, NotShown, Program, program_environment

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SESSION = ("-f", "/dev/null")


class Tmux:
    """A tmux server with one window that runs the workbench.

    Args:
        home: Directory of the runs and the socket.
    """

    def __init__(self, home: Path) -> None:
        self.command = ("tmux", "-S", str(home / "tmux"), *SESSION)
        self._environment = program_environment(
            {"SEQLM_HOME": str(home), "SEQLM_SOCKETS": str(home)}
        )
        self.run_command("new-session", "-d", "-x", "120", "-y", "40", *TUI)
        self.run_command("set", "-g", "status", "off")

    def run_command(self, *words: str) -> str:
        """Run a tmux command and return its output."""
        done = subprocess.run(
            [*self.command, *words], env=self._environment, capture_output=True, text=True
        )
        return done.stdout

    def wait_for(self, *words: str) -> list[str]:
        """Wait until the window shows all of ``words``; return its rows."""
        return self.wait_until(lambda rows: all(word in "\n".join(rows) for word in words))

    def wait_until(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Wait until a condition on the rows of the window holds; return the rows."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            rows = self.run_command("capture-pane", "-p").splitlines()
            if condition(rows):
                return rows
        raise NotShown("\n".join(rows))


@pytest.fixture
def tmux(home: Path) -> Iterator[Tmux]:
    server = Tmux(home)
    yield server
    server.run_command("kill-server")


def is_whole(rows: list[str], n_rows: int) -> bool:
    """Return True if the frame is drawn to its last row."""
    ends = rows[0].startswith(" names-mlp") and "? help  q" in rows[-1]
    return ends and len(rows) == n_rows and "uniform" in "".join(rows)


def test_reattach_at_another_size(tmux: Tmux) -> None:
    tmux.wait_for("names-mlp", "uniform", "q quit")
    first = Program([*tmux.command, "attach"], columns=120, rows=40)
    first.wait_for_bytes(b"uniform", since=0)
    tmux.run_command("detach-client")
    assert first.wait_for_end() == 0
    second = Program([*tmux.command, "attach"], columns=80, rows=24)
    second.wait_for_bytes(b"names-mlp", since=0)
    tmux.wait_until(lambda rows: is_whole(rows, 24))
    tmux.run_command("send-keys", "q")
    assert second.wait_for_end() == 0
    first.close()
    second.close()


def test_resized_and_redrawn(tmux: Tmux) -> None:
    """Text that another program left on the screen is cleared by ctrl+l.

    The last size is not the first one: tmux passes on only the last of sizes that follow one another
    quickly, and a program gets no signal if the size does not change.
    """
    tmux.wait_for("names-mlp", "uniform", "q quit")
    for columns, rows in ((200, 50), (40, 12), (1, 1), (118, 38)):
        tmux.run_command("resize-window", "-x", str(columns), "-y", str(rows))
    # Before the app receives the last size, it may draw frames of other sizes, cut at the edge.
    tmux.wait_until(
        lambda rows: is_whole(rows, 38) and len(rows[2]) == 118 and rows[2].endswith("┓")
    )
    pane = tmux.run_command("display", "-p", "#{pane_tty}").strip()
    fd = os.open(pane, os.O_WRONLY | os.O_NOCTTY)
    os.write(fd, b"\x1b[5;5Hnoise")
    os.close(fd)
    tmux.wait_for("noise")
    tmux.run_command("send-keys", "C-l")
    tmux.wait_until(lambda rows: rows[4].startswith("│ 27 tokens") and rows[4].endswith("┃"))

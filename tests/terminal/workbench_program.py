"""The workbench in a pseudo-terminal, and the removal of its workers."""

import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import psutil
from pty_program import TUI, Program

from seqlm.runs.directory import RunDirectory

ESC = "\x1b[27u"
"""The escape key in kitty's protocol, so that the next key is not read as alt+key."""
LEFT, RIGHT, UP, DOWN, PAGE_DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[6~"
_HELP = "esc close"  # in the border of the help screen


class Workbench(Program):
    """``seqlm-tui`` in a pseudo-terminal.

    Args:
        home: Directory of the runs.
        words: Command-line arguments.
        environment: Variables to set; None removes one.
        columns: Cells in a row.
        rows: Rows.
        command: Command that gets the arguments.
    """

    def __init__(
        self,
        home: Path,
        *words: str | bytes,
        environment: Mapping[str, str | None] = {},
        columns: int = 120,
        rows: int = 40,
        command: tuple[str, ...] = TUI,
    ) -> None:
        places = {"SEQLM_HOME": str(home), "SEQLM_SOCKETS": str(home)}
        super().__init__([*command, *words], {**places, **environment}, columns, rows, home)

    def wait_until_settled(self) -> str:
        """Wait until all keys are handled, by opening and closing the help; return the screen."""
        self.press("?")
        self.wait_for(_HELP)
        self.press(ESC)
        return self.wait_until(lambda seen: _HELP not in seen, "the end of the help")

    def leave(self, has_worker_to_keep: bool = False) -> int:
        """Quit, detach if the app asks, and return the exit status.

        Workers that are not needed are killed; they would load torch while other tests run.
        """
        workers = [] if has_worker_to_keep else psutil.Process(self.process.pid).children()
        self.press("q")
        self.wait_until(lambda seen: "detach" in seen or not self.is_open, "the end")
        if self.is_open:
            self.press("d")
        status = self.wait_for_end()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        return status


def end_workers(home: Path) -> None:
    """Kill the workers of all runs; workers without a run exit by themselves."""
    for path in (home / "runs").glob("*"):
        holder = RunDirectory(path).holder()
        if holder is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)

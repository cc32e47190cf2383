"""The workbench in a pseudo-terminal, and the end of what it started."""

import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import psutil
from pty_program import TUI, Program

from seqlm.runs.directory import RunDirectory

ESC = "\x1b[27u"
"""The escape key as kitty's protocol tells it: what follows is not taken for alt+key."""
LEFT, RIGHT, UP, DOWN, PAGE_DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[6~"
_HELP = "esc close"  # in the border of the help screen


class Workbench(Program):
    """``seqlm-tui`` before a person.

    Args:
        home: Where runs lie.
        words: Of the command line.
        environment: Variables to set or to unset.
        columns: Cells in a row.
        rows: Rows.
        command: What takes the words.
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

    def settled(self) -> str:
        """The screen when every key was heard: the help opens, and closes again."""
        self.press("?")
        self.wait_for(_HELP)
        self.press(ESC)
        return self.wait_until(lambda seen: _HELP not in seen, "the end of the help")

    def leave(self, has_worker_to_keep: bool = False) -> int:
        """Quit, and detach where that is asked; the exit status.

        A worker that nobody needs is ended, for it would load torch while other tests run.
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
    """Kill every worker that holds a run here; one that holds none ends by itself."""
    for path in (home / "runs").glob("*"):
        holder = RunDirectory(path).holder()
        if holder is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)

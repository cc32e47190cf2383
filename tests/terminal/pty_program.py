"""A program in a pseudo-terminal: the bytes that it writes and the resulting screen."""

import contextlib
import os
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import ptyprocess
from cells import Cells

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (sys.executable, "-P")
TUI = (*PYTHON, "-m", "workbench")
SEQLM = (*PYTHON, "-c", "from seqlm.cli import main; main()")
DEADLINE_S = 60.0
_READ_BYTES = 1 << 16
# Environment variables of the test runner that would change the output.
_UNSET_VARIABLES = re.compile(
    "NO_COLOR|COLOR(TERM|FGBG)|LC_.*|TERM_.*|TMUX.*|STY|TEXTUAL.*|PYTHON(IO|UTF8).*"
)


class NotShown(AssertionError):
    """Error: the expected text did not appear on the screen."""


class Program:
    """A program in a pseudo-terminal. Nothing here sleeps: waiting means reading its output.

    Args:
        command: The program and its arguments; file names may be bytes.
        environment: Variables to add to the defaults; None removes one.
        columns: Cells in a row.
        rows: Rows.
        folder: Working directory of the program.

    Attributes:
        output: All bytes that the program has written.
        is_open: True while the program has the terminal, until shortly before it exits.
        timeout_s: Seconds to wait until keys are read and until expected output appears.
    """

    def __init__(
        self,
        command: Sequence[str | bytes],
        environment: Mapping[str, str | None] = {},
        columns: int = 120,
        rows: int = 40,
        folder: Path | None = None,
    ) -> None:
        self.output = bytearray()
        self.columns, self.rows = columns, rows
        self._drawn, self._cells = 0, Cells(columns, rows)
        self.process = ptyprocess.PtyProcess.spawn(
            [os.fsdecode(word) for word in command],
            cwd=str(folder) if folder else None,
            env=program_environment(environment),
            dimensions=(rows, columns),
            echo=False,  # while a program is suspended, the terminal would echo incomplete characters
            preexec_fn=_keep_output,
        )
        self._original_settings = termios.tcgetattr(self.process.fd)
        os.set_blocking(self.process.fd, False)
        self.is_open = True
        self._status: int | None = None
        self.timeout_s = DEADLINE_S

    @property
    def is_alive(self) -> bool:
        """True if the process has not ended."""
        if self._status is None:
            pid, status = os.waitpid(self.process.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is None

    @property
    def has_original_settings(self) -> bool:
        """True if the terminal has the input settings from before the program started."""
        return termios.tcgetattr(self.process.fd) == self._original_settings

    # Output

    def read(self, timeout_s: float = 0.0) -> bytes:
        """Return the output since the last call; wait up to ``timeout_s`` for the first byte."""
        before = len(self.output)
        while self.is_open and select.select([self.process.fd], [], [], timeout_s)[0]:
            timeout_s = 0.0
            self._read_available()
        return bytes(self.output[before:])

    def _read_available(self) -> None:
        try:
            data = os.read(self.process.fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the program has closed the terminal
            data = b""
        self.is_open = bool(data)
        self.output += data

    def take_output(self) -> bytes:
        """Return and delete the output before the last escape sequence."""
        end = max(0, self.output.rfind(b"\x1b"))
        self.screen()
        output = bytes(self.output[:end])
        del self.output[:end]
        self._drawn = len(self.output)
        return output

    def screen(self) -> str:
        """Return the current content of the screen."""
        self._cells.feed(bytes(self.output[self._drawn :]))
        self._drawn = len(self.output)
        return self._cells.text

    def wait_for(self, *words: str, timeout_s: float | None = None) -> str:
        """Read until the screen shows all of ``words``; return the screen."""
        return self.wait_until(lambda seen: all(w in seen for w in words), str(words), timeout_s)

    def wait_until(
        self, condition: Callable[[str], bool], what: str, timeout_s: float | None = None
    ) -> str:
        """Read until a condition on the screen holds; return the screen."""
        until = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        seen = self.screen()
        while not condition(seen):
            if time.monotonic() > until or not self.is_open:
                raise NotShown(f"not shown: {what}; last screen:\n{seen}")
            self.read(0.1)
            seen = self.screen()
        return seen

    def wait_for_bytes(self, marker: bytes, since: int, timeout_s: float = DEADLINE_S) -> int:
        """Read until ``marker`` occurs after the byte ``since``; return the position after it."""
        until = time.monotonic() + timeout_s
        while (at := self.output.find(marker, since)) < 0:
            if time.monotonic() > until or not self.is_open:
                raise NotShown(f"not written: {marker!r}; last screen:\n{self.screen()}")
            self.read(0.1)
        return at + len(marker)

    # Input

    def press(self, keys: str | bytes) -> None:
        """Type keys; read the output meanwhile, so that neither side blocks."""
        left = keys.encode(errors="surrogateescape") if isinstance(keys, str) else keys
        until = time.monotonic() + self.timeout_s
        while left and self.is_open:
            if time.monotonic() > until:
                raise NotShown(
                    f"the program reads no keys; {len(left)} bytes left\n{self.screen()}"
                )
            _, writable, _ = select.select([self.process.fd], [self.process.fd], [], 0.1)
            self.read()
            if not writable:
                self.continue_if_stopped()
            if writable:
                try:
                    left = left[os.write(self.process.fd, left[:1024]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    self.is_open = False

    def paste(self, text: str | bytes) -> None:
        """Paste a text in bracketed-paste mode."""
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        self.press(b"\x1b[200~" + data + b"\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Resize the terminal."""
        self.screen()
        self.columns, self.rows = columns, rows
        self._cells.resize(columns, rows)
        self.process.setwinsize(rows, columns)

    # Exit

    def wait_for_end(self, timeout_s: float | None = None) -> int:
        """Read until the program has exited; return its exit status, negative for a signal."""
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        until = time.monotonic() + timeout_s
        while self.is_open:
            if time.monotonic() > until:
                raise NotShown(f"the program did not exit; last screen:\n{self.screen()}")
            self.read(0.1)
        if self.is_alive:
            self._status = psutil.Process(self.process.pid).wait(timeout_s)
        assert self._status is not None
        return self._status

    def continue_if_stopped(self) -> None:
        """Continue the program if it has suspended itself, as ``fg`` in a shell does."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED:
                os.kill(self.process.pid, signal.SIGCONT)

    def thread_stacks(self) -> str:
        """Abort the program and return the stacks of its threads (needs ``PYTHONFAULTHANDLER``)."""
        if not self.is_open:
            return "the program has exited"
        before = len(self.output)
        os.kill(self.process.pid, signal.SIGABRT)
        while self.read(1.0):
            pass
        return self.output[before:].decode(errors="replace")

    def close_terminal(self) -> None:
        """Close the terminal, as a lost connection does."""
        self.is_open = False
        self.process.fileobj.close()

    def close(self) -> None:
        """Kill the program if it is still running, and close the terminal."""
        if self.is_alive:
            os.kill(self.process.pid, signal.SIGKILL)
            _, status = os.waitpid(self.process.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        self.close_terminal()


def _keep_output() -> None:
    """Keep pending output when a key sends a signal; by default the terminal discards it."""
    settings = termios.tcgetattr(0)
    settings[3] |= termios.NOFLSH
    termios.tcsetattr(0, termios.TCSANOW, settings)


def program_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the environment of a program: a UTF-8 truecolor terminal, with these changes."""
    kept = {
        name: value for name, value in os.environ.items() if not _UNSET_VARIABLES.fullmatch(name)
    }
    usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    found: dict[str, str | None] = {**kept, **usual, "PYTHONPATH": str(ROOT), **changes}
    return {name: value for name, value in found.items() if value is not None}

"""A program in a pseudo-terminal: the bytes it writes there, and the screen that they draw."""

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
# What a test runner's own surroundings say must not change what is drawn.
_UNSET = re.compile(
    "NO_COLOR|COLOR(TERM|FGBG)|LC_.*|TERM_.*|TMUX.*|STY|TEXTUAL.*|PYTHON(IO|UTF8).*"
)


class Unseen(AssertionError):
    """Error: the expected text did not appear on the screen."""


class Program:
    """A program in a pseudo-terminal. Nothing here sleeps: waiting means reading its output.

    Args:
        command: The program and its arguments; a name of a file may be bytes.
        environment: Variables to set beside the usual ones; None unsets one.
        columns: Cells in a row.
        rows: Rows.
        folder: Where it starts.

    Attributes:
        output: Every byte it wrote.
        is_open: Whether it has the terminal; it gives it back a moment before it ends.
        patience_s: How long its keys may wait for it, and what is waited for may be away.
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
            env=surroundings(environment),
            dimensions=(rows, columns),
            echo=False,  # of a program that is suspended, a terminal would echo half characters
            preexec_fn=_keep_output,
        )
        self._line_before = termios.tcgetattr(self.process.fd)
        os.set_blocking(self.process.fd, False)
        self.is_open = True
        self._status: int | None = None
        self.patience_s = DEADLINE_S

    @property
    def is_alive(self) -> bool:
        """True if the process has not ended."""
        if self._status is None:
            pid, status = os.waitpid(self.process.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is None

    @property
    def has_line_as_before(self) -> bool:
        """True if the terminal has the input settings from before the program started."""
        return termios.tcgetattr(self.process.fd) == self._line_before

    # What it draws

    def read(self, timeout_s: float = 0.0) -> bytes:
        """Return the output since the last call; wait up to ``timeout_s`` for the first byte."""
        before = len(self.output)
        while self.is_open and select.select([self.process.fd], [], [], timeout_s)[0]:
            timeout_s = 0.0
            self._take()
        return bytes(self.output[before:])

    def _take(self) -> None:
        try:
            data = os.read(self.process.fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # nobody holds the other end any more
            data = b""
        self.is_open = bool(data)
        self.output += data

    def forget(self) -> bytes:
        """Return and delete the output before the last escape sequence."""
        end = max(0, self.output.rfind(b"\x1b"))
        self.screen()
        given = bytes(self.output[:end])
        del self.output[:end]
        self._drawn = len(self.output)
        return given

    def screen(self) -> str:
        """Return the current content of the screen."""
        self._cells.feed(bytes(self.output[self._drawn :]))
        self._drawn = len(self.output)
        return self._cells.text

    def wait_for(self, *words: str, timeout_s: float | None = None) -> str:
        """Read until the screen shows all of ``words``; return the screen."""
        return self.wait_until(lambda seen: all(w in seen for w in words), str(words), timeout_s)

    def wait_until(
        self, is_so: Callable[[str], bool], what: str, timeout_s: float | None = None
    ) -> str:
        """Read until something is so of the screen, for as long as keys may wait; the screen."""
        until = time.monotonic() + (self.patience_s if timeout_s is None else timeout_s)
        seen = self.screen()
        while not is_so(seen):
            if time.monotonic() > until or not self.is_open:
                raise Unseen(f"never seen: {what}; last seen:\n{seen}")
            self.read(0.1)
            seen = self.screen()
        return seen

    def wait_for_bytes(self, marker: bytes, since: int, timeout_s: float = DEADLINE_S) -> int:
        """Read until ``marker`` was written after the byte ``since``; the byte after it."""
        until = time.monotonic() + timeout_s
        while (at := self.output.find(marker, since)) < 0:
            if time.monotonic() > until or not self.is_open:
                raise Unseen(f"never written: {marker!r}; last:\n{self.screen()}")
            self.read(0.1)
        return at + len(marker)

    # What a person does

    def press(self, keys: str | bytes) -> None:
        """Type; what is drawn meanwhile is read, so that neither side waits for the other."""
        left = keys.encode(errors="surrogateescape") if isinstance(keys, str) else keys
        until = time.monotonic() + self.patience_s
        while left and self.is_open:
            if time.monotonic() > until:
                raise Unseen(f"it reads no keys; {len(left)} bytes left\n{self.screen()}")
            _, writable, _ = select.select([self.process.fd], [self.process.fd], [], 0.1)
            self.read()
            if not writable:
                self.bring_back()
            if writable:
                try:
                    left = left[os.write(self.process.fd, left[:1024]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    self.is_open = False

    def paste(self, text: str | bytes) -> None:
        """Paste, as a terminal tells it."""
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        self.press(b"\x1b[200~" + data + b"\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self.screen()
        self.columns, self.rows = columns, rows
        self._cells.resize(columns, rows)
        self.process.setwinsize(rows, columns)

    # How it ends

    def wait_for_end(self, timeout_s: float | None = None) -> int:
        """Read until it is gone; its exit status, negative for a signal."""
        timeout_s = self.patience_s if timeout_s is None else timeout_s
        until = time.monotonic() + timeout_s
        while self.is_open:
            if time.monotonic() > until:
                raise Unseen(f"it never ended; last seen:\n{self.screen()}")
            self.read(0.1)
        if self.is_alive:
            self._status = psutil.Process(self.process.pid).wait(timeout_s)
        assert self._status is not None
        return self._status

    def bring_back(self) -> None:
        """Let it go on where it has suspended itself, as a shell's ``fg`` does."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED:
                os.kill(self.process.pid, signal.SIGCONT)

    def where_it_is(self) -> str:
        """End it with the stacks of its threads; it was started with ``PYTHONFAULTHANDLER``."""
        if not self.is_open:
            return "it has ended"
        before = len(self.output)
        os.kill(self.process.pid, signal.SIGABRT)
        while self.read(1.0):
            pass
        return self.output[before:].decode(errors="replace")

    def lose(self) -> None:
        """Take the terminal away, as a lost connection does."""
        self.is_open = False
        self.process.fileobj.close()

    def close(self) -> None:
        """End what is left."""
        if self.is_alive:
            os.kill(self.process.pid, signal.SIGKILL)
            _, status = os.waitpid(self.process.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        self.lose()


def _keep_output() -> None:
    """A key that means a signal drops what waits to be drawn, half a sequence too: here it does not."""
    settings = termios.tcgetattr(0)
    settings[3] |= termios.NOFLSH
    termios.tcsetattr(0, termios.TCSANOW, settings)


def surroundings(changes: Mapping[str, str | None]) -> dict[str, str]:
    """The variables of a program: a terminal of today that knows UTF-8, unless told otherwise."""
    kept = {name: value for name, value in os.environ.items() if not _UNSET.fullmatch(name)}
    usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    found: dict[str, str | None] = {**kept, **usual, "PYTHONPATH": str(ROOT), **changes}
    return {name: value for name, value in found.items() if value is not None}

"""The main job, done in a real terminal by an installed program: open, train, watch, generate, leave.

Run it with the folder that holds the installed commands: ``python smoke.py VENV/bin``.
"""

import contextlib
import os
import sys
import time

import pexpect
import pyte

COLUMNS, ROWS, DEADLINE_S = 120, 40, 60.0


class Terminal:
    """A program in a pseudo-terminal, and the screen it draws there."""

    def __init__(self, command: str, *arguments: str) -> None:
        environment = {**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
        self.child = pexpect.spawn(
            command, list(arguments), dimensions=(ROWS, COLUMNS), env=environment, timeout=1
        )
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)

    def text(self) -> str:
        """Read the pending output and return the current content of the screen."""
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            self._stream.feed(self.child.read_nonblocking(1 << 16, timeout=0.2))
        return "\n".join(self.screen.display)

    def wait_for(self, *words: str) -> str:
        """Read until the screen shows all of ``words``."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            text = self.text()
            if all(word in text for word in words):
                return text
        raise SystemExit(f"never seen: {words}\n{text}")

    def press(self, keys: str) -> None:
        """Type."""
        self.child.send(keys)

    def wait_for_end(self) -> int:
        """Read until the program is gone; its exit status."""
        until = time.monotonic() + DEADLINE_S
        while self.child.isalive() and time.monotonic() < until:
            self.text()
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else 255)


def main(folder: str) -> None:
    """Open, train, generate, stop, leave; then ask the run from the command line."""
    terminal = Terminal(f"{folder}/seqlm-tui")
    terminal.wait_for("names-mlp", "Data", "Controls", "Loss", "Generate", "uniform", "bigram")
    terminal.press(" ")
    terminal.wait_for("training", "names-mlp-1")
    terminal.wait_for("val 2.", "best 2.")
    terminal.press("4\x1b[C\x1b[C\x1b[C")
    terminal.wait_for("entropy")
    terminal.press("X")
    terminal.wait_for("Stopped")
    terminal.press("q")
    status = terminal.wait_for_end()
    if status:
        raise SystemExit(f"seqlm-tui ended with {status}")
    shown = pexpect.run(f"{folder}/seqlm show latest --json", timeout=60).decode()
    if '"status":"stopped"' not in shown:
        raise SystemExit(f"the run is not stopped: {shown}")
    print("smoke: 1 passed")


if __name__ == "__main__":
    main(sys.argv[1])

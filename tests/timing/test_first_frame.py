"""Time to the first full frame, compared with an empty Textual app. Run by hand."""

import contextlib
import os
import statistics
import sys
import time
from pathlib import Path

import pexpect
import psutil
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, ROWS, RUNS, RATIO = 120, 40, 7, 1.3
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare and " + "ready")
Bare().run()
"""
WORKBENCH = "import sys; sys.argv[0] = 'seqlm-tui'; from workbench.__main__ import main; main()"


def seconds_until(code: str, shown: tuple[bytes, ...], home: Path) -> float:
    """Start a program in a terminal; how long until it has drawn all of ``shown``."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment |= {"SEQLM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    began = time.perf_counter()
    child = pexpect.spawn(
        sys.executable, ["-P", "-c", code], dimensions=(ROWS, COLUMNS), env=environment, timeout=30
    )
    drawn = b""
    while not all(words in drawn for words in shown):
        drawn += child.read_nonblocking(1 << 16, timeout=30)
    seconds = time.perf_counter() - began
    quit_and_check_terminal(child)
    return seconds


def quit_and_check_terminal(child: "pexpect.spawn[bytes]") -> None:
    """End a program and the worker it started, which would load torch while the next is measured."""
    processes = psutil.Process(child.pid).children(recursive=True)
    child.close(force=True)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


def test_the_first_full_frame_costs_little_more_than_a_bare_app_s(tmp_path) -> None:
    """Torch takes a second to load; the frame with four full panes does not wait for it."""
    full = (b"patric", b"learning rate", b"uniform", b"sampled", b"quit")
    seconds: dict[str, list[float]] = {"bare": [], "workbench": []}
    for _ in range(RUNS + 1):
        seconds["bare"].append(seconds_until(BARE, (b"bare and ready",), tmp_path))
        seconds["workbench"].append(seconds_until(WORKBENCH, full, tmp_path))
    medians = {name: statistics.median(found[1:]) for name, found in seconds.items()}
    ratio = medians["workbench"] / medians["bare"]
    print(f"\nfirst frame: {medians}, ratio {ratio:.2f}")
    assert ratio <= RATIO

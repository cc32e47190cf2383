"""No process is left behind, whenever a screen is killed."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from pty_program import TUI
from workbench_program import Workbench

Start = Callable[..., Workbench]

BELOW_A_SHELL = ("sh", "-c", f"{shlex.join(TUI)}; read -r line", "sh")
"""The end of a shell job, unlike that of the first process of a terminal, ends no other process."""
STEP_CPU_S = 0.05
LONGEST_START_S = 2.0
DEADLINE_S = 20.0


def test_a_screen_killed_at_ten_moments_leaves_no_process(start: Start, home: Path) -> None:
    for moment in range(1, 11):
        shell = start(command=BELOW_A_SHELL)
        screen = the_screen(shell)
        until = time.monotonic() + LONGEST_START_S
        while cpu_seconds(screen) < moment * STEP_CPU_S and time.monotonic() < until:
            shell.read(0.01)
        screen.kill()
        until = time.monotonic() + DEADLINE_S
        while (left := others(home, shell)) and time.monotonic() < until:
            shell.read(0.05)
        assert left == []
        shell.close()


def the_screen(shell: Workbench) -> psutil.Process:
    until = time.monotonic() + DEADLINE_S
    while not (children := psutil.Process(shell.process.pid).children()):
        assert time.monotonic() < until
        shell.read(0.01)
    return children[0]


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def others(home: Path, shell: Workbench) -> list[str]:
    """Return the processes with this home beside the shell."""
    found = []
    for process in psutil.process_iter():
        try:
            is_of_home = process.environ().get("SEQLM_HOME") == str(home)
        except psutil.Error:
            continue
        if is_of_home and process.pid != shell.process.pid:
            found.append(str(process))
    return found

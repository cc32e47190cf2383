"""Signals, many at once."""

import subprocess
import sys

# More than the pipe that wakes the loop holds: 278 on Linux.
FLOOD = """
import asyncio, os, signal
from workbench.terminal.signals import install_exit_signals

async def main():
    left = []
    install_exit_signals(lambda: left.append("left"))
    signal.signal(signal.SIGCONT, lambda *_: None)
    for _ in range(20_000):
        os.kill(os.getpid(), signal.SIGCONT)
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(5):
        await asyncio.sleep(0)
    print(left)

asyncio.run(main())
"""


def test_a_signal_after_a_flood_of_others_is_followed_once_and_nothing_is_warned_of() -> None:
    """Python warns under a lock that it may hold already; a program that does so is stuck for ever."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", FLOOD], capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("['left']\n", "", 0)

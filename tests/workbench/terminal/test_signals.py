"""Signals, many at once: each is followed, and none is waited for."""

import subprocess
import sys

# More than the pipe that wakes the loop holds: 278 on Linux.
FLOOD = """
import asyncio, os, signal
from workbench.terminal.signals import on_farewell

async def main():
    left = asyncio.Event()
    on_farewell(left.set)
    signal.signal(signal.SIGCONT, lambda *_: None)
    for _ in range(2_000):
        os.kill(os.getpid(), signal.SIGCONT)
    await asyncio.sleep(0)  # the loop empties the pipe
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await left.wait()

asyncio.run(main())
"""


def test_a_flood_of_signals_is_not_warned_of() -> None:
    """Python warns under a lock that it may hold already; a program that does so is stuck for ever."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", FLOOD], capture_output=True, text=True, timeout=60
    )
    assert ended.stderr == ""
    assert ended.returncode == 0

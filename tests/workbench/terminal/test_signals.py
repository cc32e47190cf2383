"""Exit signals during a flood of other signals."""

import subprocess
import sys

# More signals than fit into the pipe that wakes the loop: 278 on Linux.
FLOOD = """
import asyncio, os, signal
from workbench.terminal.signals import install_exit_signals

async def main():
    exits = []
    install_exit_signals(lambda: exits.append("exit"))
    signal.signal(signal.SIGCONT, lambda *_: None)
    for _ in range(20_000):
        os.kill(os.getpid(), signal.SIGCONT)
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(5):
        await asyncio.sleep(0)
    print(exits)

asyncio.run(main())
"""


def test_a_signal_after_a_flood_of_others_is_handled_once_without_a_warning() -> None:
    """The warning takes a lock that the interrupted code may hold: a deadlock."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", FLOOD], capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("['exit']\n", "", 0)

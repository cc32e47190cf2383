"""What the system says to the screen."""

import asyncio
import signal
from collections.abc import Callable


def on_farewell(leave: Callable[[], None]) -> None:
    """A lost terminal or a polite kill leaves the terminal as it was; training goes on."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, leave)

"""What the system says to the screen."""

import asyncio
import signal
from collections.abc import Callable


def on_farewell(leave: Callable[[], None]) -> None:
    """A lost terminal or a polite kill leaves the terminal as it was; training goes on.

    Each signal wakes the loop by a byte in a pipe. Where the pipe is full Python would warn, and for
    that take a lock from within the signal: if the code that was interrupted holds it, all stands
    still for ever.
    """
    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, leave)
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)

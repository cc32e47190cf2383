"""What the system says to the screen: each signal is followed when no lock is held that it may want."""

import asyncio
import contextlib
import signal
from collections.abc import Callable


def install_exit_signals(leave: Callable[[], None]) -> None:
    """A lost terminal or a polite kill leaves the terminal as it was; training goes on.

    Each signal wakes the loop by a byte in a pipe. When very many come, the pipe is full: the byte is
    dropped, but not the signal. Python would warn of it, and for that take a lock from within the
    signal: if the code that was interrupted holds it, all stands still for ever.
    """
    loop = asyncio.get_running_loop()
    for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _only_wake)  # undone when the loop is closed
        signal.signal(name, lambda *_: call_soon_threadsafe(loop, leave))
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)


def _only_wake() -> None:
    """The byte in the pipe has done its work by being there."""


def call_soon_threadsafe(loop: asyncio.AbstractEventLoop, follow: Callable[[], object]) -> None:
    """Have a signal followed by the loop, unless that has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(follow)

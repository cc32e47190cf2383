"""Signal handlers that run in the event loop, where no lock can be held."""

import asyncio
import contextlib
import signal
from collections.abc import Callable


def install_exit_signals(on_exit: Callable[[], None]) -> None:
    """Call `on_exit` in the loop after SIGHUP, SIGTERM or SIGINT.

    Each signal wakes the loop with a byte in a pipe. When very many signals come, the pipe is full
    and the byte is dropped, but not the signal. Python would print a warning and take a lock for it
    inside the signal handler; if the interrupted code holds that lock, the program deadlocks.
    """
    loop, exit_signals = asyncio.get_running_loop(), (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, exit_signals)  # the parent process may block them
    for name in exit_signals:
        loop.add_signal_handler(name, _only_wake)  # undone when the loop is closed
        signal.signal(name, lambda *_: call_soon_threadsafe(loop, on_exit))
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)


def _only_wake() -> None:
    """Do nothing: the byte in the pipe has already woken the loop."""


def call_soon_threadsafe(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Run a callback in the loop, unless the loop is closed."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)

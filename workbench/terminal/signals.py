"""Signal handlers that run in the event loop, where no lock can be held."""

import asyncio
import contextlib
import faulthandler
import signal
from collections.abc import Callable

_ENDING = (
    *("HUP", "INT", "QUIT", "TERM", "ABRT", "USR1", "USR2", "ALRM"),
    *("VTALRM", "PROF", "XCPU", "IO", "PWR", "STKFLT"),
)
"""Signals that end a program without a handler and that another process or a timer sends."""


def exit_signals() -> list[signal.Signals]:
    """Return the signals that end the app.

    A fault of the program itself (SIGSEGV) is not among them: the faulty instruction would be repeated
    forever. SIGABRT belongs to the fault handler of Python where that is enabled.
    """
    known = [signal.Signals[f"SIG{name}"] for name in _ENDING if hasattr(signal, f"SIG{name}")]
    taken = {signal.SIGABRT} if faulthandler.is_enabled() else set()
    return [name for name in known if name not in taken]


def install_exit_signals(on_exit: Callable[[], None]) -> None:
    """Call `on_exit` in the loop after a signal that ends a program.

    Each signal wakes the loop with a byte in a pipe. When very many signals come, the pipe is full
    and the byte is dropped, but not the signal. Python would print a warning and take a lock for it
    inside the signal handler; if the interrupted code holds that lock, the program deadlocks.
    """
    loop, names = asyncio.get_running_loop(), exit_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, names)  # the parent process may block them
    for name in names:
        loop.add_signal_handler(name, _only_wake)  # undone when the loop is closed
        signal.signal(name, lambda *_: call_soon_threadsafe(loop, on_exit))
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)


def _only_wake() -> None:
    """Do nothing: the byte in the pipe has already woken the loop."""


def call_soon_threadsafe(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Run a callback in the loop, unless the loop is closed."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)

"""Base class of the app: restores the terminal after a crash and reports the crash in one line."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from textual._context import active_message_pump
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.screen import Screen
from textual.worker import WorkerFailed, active_worker

from workbench.terminal.driver import TerminalDriver


class TerminalApp(App[int]):
    """App that ends after an unexpected error with one line that names the traceback file."""

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that tolerates a lost terminal and invalid input."""
        return TerminalDriver

    def bell(self) -> None:
        """Do nothing: the app makes no sound."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the action that suspends the screen where nobody could continue it."""
        if action == "suspend_process" and isinstance(self._driver, TerminalDriver):
            return self._driver.can_suspend
        return super().check_action(action, parameters)

    def pop_screen(self) -> AwaitComplete:
        """Close the top screen, unless the caller is another screen that is closed already.

        Two quick clicks can reach a screen; the second one must not close the screen below.
        """
        caller = _calling_screen()
        if caller is not None and caller is not self.screen:
            return AwaitComplete(asyncio.sleep(0))
        return super().pop_screen()

    def on_resize(self) -> None:
        """Redraw everything: after a resize the content of the terminal is unknown."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.invalidate()

    def after_first_frame(self, callback: Callable[[], object]) -> None:
        """Run a callback once the terminal has the first frame; then only send what changes."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.when_written(self._driver.start_diffing)
            self._driver.when_written(callback)
        else:
            callback()

    def redraw_all(self) -> None:
        """Redraw the whole screen."""
        self.on_resize()
        self.refresh(layout=True)

    def on_mount(self) -> None:
        """End the app after errors in callbacks and threads too; they would go unseen."""
        self.app_resume_signal.subscribe(self, lambda _: self.redraw_all())
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._on_callback_error(context))
        if not self.is_headless:
            threading.excepthook = lambda failed: self._on_thread_error(loop, failed.exc_value)

    def _on_callback_error(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _on_thread_error(
        self, loop: asyncio.AbstractEventLoop, error: BaseException | None
    ) -> None:
        if isinstance(error, Exception):
            with contextlib.suppress(RuntimeError):  # the app has ended
                loop.call_soon_threadsafe(self._handle_exception, error)

    def _handle_exception(self, error: Exception) -> None:
        """Record an unhandled error and close the app; the first error counts. Textual calls this."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Write the crash line once the terminal is restored. Textual calls this."""
        error = self._exception
        if error is None:
            return
        from seqlm.crash_report import format_crash_report

        found = error.error if isinstance(error, WorkerFailed) else error
        sys.stderr.write(
            format_crash_report("seqlm-tui", found, "training continues in the background")
        )


def _calling_screen() -> Screen[Any] | None:
    """Return the screen whose handler or worker is running; None in one of the app."""
    worker = active_worker.get(None)
    node: Any = active_message_pump.get(None) if worker is None else worker.node
    while node is not None and not isinstance(node, Screen):
        node = node._parent
    return node

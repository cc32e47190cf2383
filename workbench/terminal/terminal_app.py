"""An app that leaves the terminal as it was, whatever happens: a crash is one line."""

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
    """An error that nobody expected ends it with one line that names the file of the traceback."""

    def get_driver_class(self) -> type[Driver]:
        """A terminal that is gone, or sends nonsense, is no error."""
        return TerminalDriver

    def bell(self) -> None:
        """Silence: nothing is told by a sound."""

    def pop_screen(self) -> AwaitComplete:
        """Leave the screen on top; one that was left by the click before this one leaves no other."""
        asking = _asking_screen()
        if asking is not None and asking is not self.screen:
            return AwaitComplete(asyncio.sleep(0))
        return super().pop_screen()

    def on_resize(self) -> None:
        """A terminal of another size may show anything."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.invalidate()

    def after_first_frame(self, go_on: Callable[[], object]) -> None:
        """Go on once the first frame is with the terminal; from then on only what changes is sent."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.when_written(self._driver.start_diffing)
            self._driver.when_written(go_on)
        else:
            go_on()

    def redraw_all(self) -> None:
        """Draw everything, whatever the terminal shows."""
        self.on_resize()
        self.refresh(layout=True)

    def on_mount(self) -> None:
        """Errors of callbacks and of threads end the app too; nobody would see them."""
        self.app_resume_signal.subscribe(self, lambda _: self.redraw_all())
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._failed_beside(context))
        if not self.is_headless:
            threading.excepthook = lambda failed: self._failed_in_thread(loop, failed.exc_value)

    def _failed_beside(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _failed_in_thread(
        self, loop: asyncio.AbstractEventLoop, error: BaseException | None
    ) -> None:
        if isinstance(error, Exception):
            with contextlib.suppress(RuntimeError):  # the app has ended
                loop.call_soon_threadsafe(self._handle_exception, error)

    def _handle_exception(self, error: Exception) -> None:
        """Textual calls this with what nobody handled. The first error counts."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Textual calls this when the terminal is as it was."""
        error = self._exception
        if error is None:
            return
        from seqlm.crash_report import last_words

        found = error.error if isinstance(error, WorkerFailed) else error
        sys.stderr.write(last_words("seqlm-tui", found, "what trains goes on"))


def _asking_screen() -> Screen[Any] | None:
    """The screen in whose handler or worker we are; None in one of the app."""
    worker = active_worker.get(None)
    node: Any = active_message_pump.get(None) if worker is None else worker.node
    while node is not None and not isinstance(node, Screen):
        node = node._parent
    return node

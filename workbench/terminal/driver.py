"""Terminal driver: tolerates any input and a lost terminal, and sends only changed cells."""

import codecs
import contextlib
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING

from textual import constants, events
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from workbench.render.sanitize import signs_to_ascii
from workbench.terminal.input_parser import InputParser
from workbench.terminal.job_control import can_be_continued
from workbench.terminal.signals import call_soon_threadsafe

if TYPE_CHECKING:  # not needed for the first frame
    from workbench.terminal.frame_diff import FrameDiff

_LONGEST_CONTROL = 64  # longer output is a frame
_FIRST_FRAME_S = 0.05
_READ_BYTES = 1 << 8  # keys typed ahead stay in the terminal
_MAX_KEY_S, _POLL_S = 3.0, 0.1


class _TerminalFile:
    """File that Textual's writer thread writes to; errors of a lost terminal are ignored.

    Args:
        file: The terminal.

    Attributes:
        n_submitted: Number of texts submitted to the writer thread.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.fileno = file.fileno
        self.n_submitted = self._n_received = self._n_written = 0
        self._callbacks: deque[Callable[[], object]] = deque()

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)
        self._n_received += 1

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()
        self._n_written = self._n_received
        self._run_callbacks()

    def when_written(self, callback: Callable[[], object]) -> None:
        """Run a callback, in either thread, once everything submitted is written."""
        self._callbacks.append(callback)
        self._run_callbacks()

    def _run_callbacks(self) -> None:
        with contextlib.suppress(IndexError):  # the other thread may have run them already
            while self._n_written == self.n_submitted:
                self._callbacks.popleft()()


class TerminalDriver(LinuxDriver):
    """Textual's Linux driver with its own input parser, frame diff and handling of a lost terminal.

    Keys are passed on one at a time, each after the previous one was handled. The focus moves only
    between two keys; over a slow connection keys come in bursts, and without this the second key
    would go to the widget that had the focus before the first one.

    Args:
        app: The app.
        debug: Whether Textual logs.
        mouse: Whether mouse events are reported.
        size: Columns and rows, if known.
    """

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._key_handled = threading.Event()
        self._frame_diff: FrameDiff | None = None
        self._sent_frames: list[str] = []
        self._pending_frames: list[str] | None = None
        self._input_disabled = False
        self._ascii_only = app.has_class("-ascii")
        assert self._file is not None
        self._terminal_file = _TerminalFile(self._file)
        self._file = self._terminal_file  # type: ignore[assignment]

    def _sigtstp_application(self, *_: object) -> None:
        call_soon_threadsafe(self._loop, self._suspend)

    def _sigcont_application(self, *_: object) -> None:
        call_soon_threadsafe(self._loop, self._resume)

    @property
    def can_suspend(self) -> bool:
        """True if a shell can continue this process after a suspension."""
        return can_be_continued()

    def _suspend(self) -> None:
        """Restore the terminal and stop the process group; repeated signals count once.

        Where nobody could continue the process, the signal is ignored, as the kernel does it for a
        program without a handler. A shell notices only a group whose first process has stopped.
        """
        if not self._must_signal_resume and self.can_suspend:
            self.suspend_application_mode()
            self._must_signal_resume = True
            os.killpg(0, signal.SIGSTOP)

    def _resume(self) -> None:
        """Take the terminal back after a stop.

        A process stopped by SIGSTOP has not restored the terminal. Then the app gets the message
        directly, because `send_message` would reset the state of the current key.
        """
        if self._must_signal_resume:
            super()._sigcont_application()
        else:
            self._app.post_message(self.SignalResume())

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        if self._mouse_pixels:  # Textual leaves pixel reports on
            self.write("\x1b[?1016l")

    def write(self, data: str) -> None:
        """Send the changes. The first frame is sent whole; later ones wait until it is written."""
        drawn = signs_to_ascii(data) if self._ascii_only else data
        if self._frame_diff is not None:
            if sent := self._frame_diff.diff(drawn):
                self.send(sent)
        elif self._pending_frames is not None:
            self._pending_frames.append(drawn)
        else:
            self._sent_frames.append(drawn)
            self.send(drawn)
            if len(drawn) > _LONGEST_CONTROL:
                self._pending_frames = []
                self._wait_for_first_frame()
                self.when_written(self.start_diffing)

    def _wait_for_first_frame(self) -> None:
        """Wait briefly for the writer thread, so that it gets the processor."""
        is_written = threading.Event()
        self._terminal_file.when_written(is_written.set)
        is_written.wait(_FIRST_FRAME_S)

    def start_diffing(self) -> None:
        """Send only changed cells from now on."""
        if self._frame_diff is not None:
            return
        from workbench.terminal.frame_diff import FrameDiff

        self._frame_diff = FrameDiff()
        for drawn in self._sent_frames:
            self._frame_diff.diff(drawn)
        for drawn in self._pending_frames or ():
            self.write(drawn)
        self._sent_frames, self._pending_frames = [], None

    def stop_application_mode(self) -> None:
        """Send pending frames and restore the terminal."""
        self.start_diffing()
        super().stop_application_mode()

    def send(self, data: str) -> None:
        """Submit a text to the writer thread."""
        self._terminal_file.n_submitted += 1
        super().write(data)

    def when_written(self, callback: Callable[[], object]) -> None:
        """Run a callback in the event loop once everything submitted so far is written.

        A thread writes, and a busy event loop makes it wait at every few kilobytes.
        """
        self._terminal_file.when_written(lambda: self._loop.call_soon_threadsafe(callback))

    def invalidate(self) -> None:
        """Forget what the terminal shows: it was resized, or another program has drawn on it."""
        self._sent_frames.clear()
        if self._frame_diff is not None:
            self._frame_diff.invalidate()

    def run_input_thread(self) -> None:
        """Read input until the app ends or the terminal is lost."""
        parser, decoder = InputParser(), codecs.getincrementaldecoder("utf-8")("replace")
        while not self.exit_event.is_set():
            if self._has_input():
                data = self._read()
                if not data:
                    self._loop.call_soon_threadsafe(self._app.exit)
                    return
                for message in parser.feed(decoder.decode(data)):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def send_message(self, message: Message) -> None:
        """Pass a message to the app; after a key, wait until the key has been handled."""
        if self._input_disabled:
            return
        self._key_handled.clear()
        self._app.post_message(message)
        if isinstance(message, events.Key) and self._app.call_later(self._follow_key):
            until = time.monotonic() + _MAX_KEY_S
            while not self._key_handled.wait(_POLL_S) and time.monotonic() < until:
                if self._input_disabled:
                    return

    def disable_input(self) -> None:
        """Stop reading input and drop keys typed ahead."""
        self._input_disabled = True
        super().disable_input()
        self._input_disabled = False

    def _follow_key(self) -> None:
        """Follow a key that the app has passed on: to the focused widget, then up to the app."""
        self._follow_key_to(self._app.focused or self._app.screen)

    def _follow_key_to(self, node: DOMNode) -> None:
        is_top = node is self._app
        next_step = (
            self._finish_key if is_top else partial(self._follow_key_to, node.parent or self._app)
        )
        self._post(node, next_step)

    def _finish_key(self) -> None:
        """Mark the key as handled, after the callbacks that it has scheduled."""
        self._post(self._app, self._key_handled.set)

    def _post(self, node: DOMNode, callback: Callable[[], None]) -> None:
        if not node.post_message(events.Callback(callback)):
            self._key_handled.set()

    def _has_input(self) -> bool:
        return bool(select.select([self.fileno], [], [], constants.ESCAPE_DELAY)[0])

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""


class ByteCounter:
    """Count of the bytes sent to the terminal.

    Attributes:
        n_bytes: Bytes sent so far.
    """

    def __init__(self) -> None:
        self.n_bytes = 0

    def make_counting_driver(self, driver_class: type[Driver]) -> type[Driver]:
        """Return a subclass of a driver class that adds the bytes it sends to this counter."""
        counter = self

        class CountingDriver(driver_class):  # type: ignore[valid-type, misc]
            """Driver that counts the bytes it sends."""

            def send(self, data: str) -> None:
                """Count the bytes, then send them."""
                counter.n_bytes += len(data.encode("utf-8", "replace"))
                super().send(data)

        return CountingDriver

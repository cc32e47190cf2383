"""The terminal below the app: whatever bytes come from it, and however it goes, nothing breaks."""

import codecs
import contextlib
import os
import select
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
from workbench.terminal.signals import call_soon_threadsafe

if TYPE_CHECKING:  # the first frame does not wait for it
    from workbench.terminal.frame_diff import FrameDiff

_LONGEST_CONTROL = 64  # a longer text that is written is a frame
_FIRST_FRAME_S = 0.05
_READ_BYTES = 1 << 8  # what is typed ahead of a slow program waits in the terminal
_LONGEST_KEY_S, _LOOK_EVERY_S = 3.0, 0.1


class _Screen:
    """Where a thread of Textual's draws. A terminal that is gone takes nothing, and nobody minds.

    Args:
        file: The terminal.

    Attributes:
        n_given: How often that thread was given something to write.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.fileno = file.fileno
        self.n_given = self._n_taken = self._n_written = 0
        self._waiting: deque[Callable[[], object]] = deque()

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)
        self._n_taken += 1

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()
        self._n_written = self._n_taken
        self._tell()

    def when_written(self, tell: Callable[[], object]) -> None:
        """Have this called, by either thread, once nothing waits to be written."""
        self._waiting.append(tell)
        self._tell()

    def _tell(self) -> None:
        with contextlib.suppress(IndexError):  # the other thread may have told already
            while self._n_written == self.n_given:
                self._waiting.popleft()()


class TerminalDriver(LinuxDriver):
    """Textual's driver with another keyboard, fewer bytes, and another end: a lost terminal is left.

    Keys are given one at a time, the next when the one before was heard. The focus moves only between
    two keys; over a slow line they come in bursts, and the second would go where the first came from.

    Args:
        app: The app.
        debug: Whether Textual logs.
        mouse: Whether the mouse counts.
        size: Columns and rows, where they are known.
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
        self._screen = _Screen(self._file)
        self._file = self._screen  # type: ignore[assignment]

    def _sigtstp_application(self, *_: object) -> None:
        call_soon_threadsafe(self._loop, self._suspend)

    def _sigcont_application(self, *_: object) -> None:
        call_soon_threadsafe(self._loop, self._resume)

    def _suspend(self) -> None:
        """Give the terminal back and stop; of several such signals before that, one counts."""
        if not self._must_signal_resume:
            super()._sigtstp_application()

    def _resume(self) -> None:
        """Go on. Who was stopped without a word (SIGSTOP) has kept the terminal as it was.

        The app is told directly: what goes the keyboard's way takes back that a key was heard.
        """
        if self._must_signal_resume:
            super()._sigcont_application()
        else:
            self._app.post_message(self.SignalResume())

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        if self._mouse_pixels:  # where a terminal tells them, Textual leaves them on
            self.write("\x1b[?1016l")

    def write(self, data: str) -> None:
        """Draw: what changes is sent. The first frame is all new; what follows waits until it is out."""
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
        """Leave the processor to the thread that writes; a slow line is not waited for."""
        is_out = threading.Event()
        self._screen.when_written(is_out.set)
        is_out.wait(_FIRST_FRAME_S)

    def start_diffing(self) -> None:
        """Send only what changes from now on."""
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
        """Give the terminal back, with nothing held."""
        self.start_diffing()
        super().stop_application_mode()

    def send(self, data: str) -> None:
        """Give the terminal what it has not got yet."""
        self._screen.n_given += 1
        super().write(data)

    def when_written(self, done: Callable[[], object]) -> None:
        """Have the app call this once the terminal has all that was drawn so far.

        A thread writes, and one that computes beside it makes it wait at every few kilobytes.
        """
        self._screen.when_written(lambda: self._loop.call_soon_threadsafe(done))

    def invalidate(self) -> None:
        """The terminal may show anything: it is another size, or another program has drawn there."""
        self._sent_frames.clear()
        if self._frame_diff is not None:
            self._frame_diff.invalidate()

    def run_input_thread(self) -> None:
        """Read keys until the app ends, or the terminal does."""
        keyboard, decoder = InputParser(), codecs.getincrementaldecoder("utf-8")("replace")
        while not self.exit_event.is_set():
            if self._has_input():
                data = self._read()
                if not data:
                    self._loop.call_soon_threadsafe(self._app.exit)
                    return
                for message in keyboard.feed(decoder.decode(data)):
                    self.process_message(message)
            for message in keyboard.tick():
                self.process_message(message)

    def send_message(self, message: Message) -> None:
        """Give the app what a person did; a key is waited for until it has been heard."""
        if self._input_disabled:
            return
        self._key_handled.clear()
        self._app.post_message(message)
        if isinstance(message, events.Key) and self._app.call_later(self._follow_key):
            until = time.monotonic() + _LONGEST_KEY_S
            while not self._key_handled.wait(_LOOK_EVERY_S) and time.monotonic() < until:
                if self._input_disabled:
                    return

    def disable_input(self) -> None:
        """Hear nothing more, until it is begun again; what was typed ahead is dropped."""
        self._input_disabled = True
        super().disable_input()
        self._input_disabled = False

    def _follow_key(self) -> None:
        """The app has passed a key on. This goes after it: to the focus, from there up to the app."""
        self._follow_key_to(self._app.focused or self._app.screen)

    def _follow_key_to(self, node: DOMNode) -> None:
        is_top = node is self._app
        next_step = (
            self._finish_key if is_top else partial(self._follow_key_to, node.parent or self._app)
        )
        self._post(node, next_step)

    def _finish_key(self) -> None:
        """What the key did is done, but for what it left for later: that comes before this."""
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

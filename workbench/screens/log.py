"""Log screen: the end of worker.log, the messages of the worker process."""

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from seqlm.error_text import cause_of
from seqlm.regular_file import open_regular
from seqlm.sanitize import sanitize
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels

_TAIL_BYTES, _MAX_LINES, _MAX_COLUMNS = 65_536, 400, 400


def last_lines(path: Path) -> list[str]:
    """Return the last lines of a file, sanitized; one sentence if there are none."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return [sanitize(f"{path}: {cause_of(error)}.")]
    lines = [sanitize(line, _MAX_COLUMNS) for line in text.splitlines()[-_MAX_LINES:]]
    return lines or [sanitize(f"{path} is empty: the worker wrote no messages.")]


class LogScreen(ModalScreen[None]):
    """Screen with the end of the log of a worker.

    Args:
        path: The file.
        keys: Display labels of the keys.
    """

    CSS = """
    LogScreen { align: center middle; background: $background 60%; }
    LogScreen VerticalScroll {
        width: 96%; height: auto; max-height: 90%; border: heavy $primary; padding: 0 1;
        background: $background; border-title-color: $foreground; border-subtitle-color: $secondary;
    }
    .-ascii LogScreen VerticalScroll { border: ascii $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "close", id="log.close")
    ]

    def __init__(self, path: Path, keys: KeyLabels = DEFAULT_KEYS) -> None:
        super().__init__()
        self._path, self._keys = path, keys

    def compose(self) -> ComposeResult:
        """Yield one scrolling text."""
        with VerticalScroll(id="log") as scroll:
            yield Static(Content("\n".join(last_lines(self._path))))
        scroll.border_title = Content(sanitize(str(self._path), 200))
        scroll.border_subtitle = Content(
            self._keys.substitute_keys("<log.close> closes", self.BINDINGS)
        )

    def on_mount(self) -> None:
        """Scroll to the end."""
        self.query_one(VerticalScroll).scroll_end(animate=False)

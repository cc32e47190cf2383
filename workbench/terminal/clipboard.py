"""Copying of text: to the clipboard by the terminal (OSC 52), and to a file.

The file is for terminals without OSC 52.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App
from textual.strip import Strip

from seqlm.error_text import cause_of
from seqlm.paths import home
from seqlm.sanitize import sanitize

_BORDER = "─━═-=╭╮┏┓+ "
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]+")


def pane_text(strips: Sequence[Strip], is_framed: bool) -> str:
    """Return the text of a pane: its title, then the rows inside its border.

    Args:
        strips: Rendered rows of the pane.
        is_framed: Whether the rows include a border.
    """
    lines = [strip.text.rstrip() for strip in strips]
    if is_framed:
        lines = [_title(lines[0]), *(line[2:-1].rstrip() for line in lines[1:-1])]
    while lines and not lines[-1]:
        del lines[-1]
    return "".join(f"{sanitize(line)}\n" for line in lines)


def copy_text(app: App[Any], text: str, name: str, what: str) -> str:
    """Copy a text to the clipboard and to a file, and return a message about it.

    Args:
        app: App whose terminal has the clipboard.
        text: Sanitized text.
        name: Name of the file, without a suffix.
        what: Description of the text, for the message.
    """
    app.copy_to_clipboard(text)
    path = home() / "clip" / f"{safe_file_name(name)}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text.rstrip()}\n", encoding="utf-8")
    except OSError as error:
        return sanitize(
            f"Copied {what}. Cannot write {short_path(path.parent)}: {cause_of(error)}."
        )
    return sanitize(f"Copied {what}, also to {short_path(path)}")


def safe_file_name(name: str) -> str:
    """Return the name with only characters that every file system accepts."""
    return _UNNAMEABLE.sub("-", name).strip("-.")[:80] or "copy"


def short_path(path: Path) -> str:
    """Return a path with ``~`` for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def _title(line: str) -> str:
    """Return the title in an upper border: ``3 Loss ─ nats per token``."""
    parts = re.split(r"[─━═=-]{2,}", line.strip(_BORDER))
    return " ─ ".join(part.strip(_BORDER) for part in parts if part.strip(_BORDER))

"""Text for the clipboard: by the terminal (OSC 52), and in a file for terminals that do not do that."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App
from textual.strip import Strip

from seqlm.paths import home
from workbench.render.sanitize import sanitize

_BORDER = "─━═-=╭╮┏┓+ "
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]+")


def pane_text(strips: Sequence[Strip], is_framed: bool) -> str:
    """What a pane shows, as plain lines: its title, then what its border holds.

    Args:
        strips: Its rows as drawn.
        is_framed: Whether they have a border.
    """
    lines = [strip.text.rstrip() for strip in strips]
    if is_framed:
        lines = [_title(lines[0]), *(line[2:-1].rstrip() for line in lines[1:-1])]
    while lines and not lines[-1]:
        del lines[-1]
    return "".join(f"{sanitize(line)}\n" for line in lines)


def copy_text(app: App[Any], text: str, name: str, what: str) -> str:
    """Copy a text and keep it in a file of this name; what to tell about it.

    Args:
        app: Writes to the terminal.
        text: Harmless already.
        name: Of the file, without a suffix.
        what: What is copied, in words.
    """
    app.copy_to_clipboard(text)
    path = home() / "clip" / f"{file_name(name)}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text.rstrip()}\n", encoding="utf-8")
    except OSError as error:
        return sanitize(f"Copied {what}; {short(path.parent)} cannot be written: {error.strerror}.")
    return sanitize(f"Copied {what}; also in {short(path)}")


def file_name(name: str) -> str:
    """A name that every system takes for a file."""
    return _UNNAMEABLE.sub("-", name).strip("-.")[:80] or "copy"


def short(path: Path) -> str:
    """A path as a person writes it: ``~`` for their home folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def _title(line: str) -> str:
    """The upper border without its line: ``3 Loss ─ nats per token``."""
    parts = re.split(r"[─━═=-]{2,}", line.strip(_BORDER))
    return " ─ ".join(part.strip(_BORDER) for part in parts if part.strip(_BORDER))

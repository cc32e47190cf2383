"""Output of the commands: one JSON object, plain lines, or a table."""

import io
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from seqlm.protocol import codec
from seqlm.sanitize import sanitize

_PIPE_CELLS = 10_000


def print_json(value: Any) -> int:
    """Print one JSON object on a line, in UTF-8 whatever the encoding of the terminal is."""
    line = codec.as_json(value) + b"\n"
    sys.stdout.flush()
    if (raw := getattr(sys.stdout, "buffer", None)) is not None:
        raw.write(line)
    else:
        sys.stdout.write(line.decode())
    sys.stdout.flush()
    return 0


def print_lines(*lines: str) -> int:
    """Print plain lines, sanitized."""
    return _print_lines(lines)


def print_text(text: str) -> int:
    """Print a text of one or more lines, sanitized except for its tabs."""
    return _print_lines(text.split("\n"), allowed="\t")


def _print_lines(lines: Iterable[str], allowed: str = "") -> int:
    _replace_unencodable()
    for line in lines:
        sys.stdout.write(sanitize(line, allowed=allowed) + "\n")
    sys.stdout.flush()
    return 0


def print_notes(notes: Sequence[str]) -> None:
    """Print what a person should know about a request on standard error, one line each."""
    for note in notes:
        sys.stderr.write(f"seqlm: {sanitize(note)}\n")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Print a table; a column whose heading starts with ``>`` is right-aligned.

    The first column holds names to type and is never wrapped. A pipe gets whole lines.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    _replace_unencodable()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading.lstrip(">"),
            justify="right" if heading.startswith(">") else "left",
            overflow="fold",
            no_wrap=not table.columns,
        )
    for row in rows:
        table.add_row(*(Text(sanitize(cell)) for cell in row))
    width = None if sys.stdout.isatty() else _PIPE_CELLS
    Console(highlight=False, width=width, soft_wrap=width is not None).print(table)
    return 0


def _replace_unencodable() -> None:
    """Print characters that the encoding of the terminal lacks as ``?``."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def nats(value: float | None) -> str:
    """Return a loss with four digits; a dash for None."""
    return "—" if value is None else f"{value:.4f}"

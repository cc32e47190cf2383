"""What goes to standard output: one JSON object, or a table for a person."""

import io
import sys
from collections.abc import Sequence
from typing import Any

from seqlm.protocol import codec
from seqlm.sanitize import sanitize

_PIPE_CELLS = 10_000


def print_json(value: Any) -> int:
    """One JSON object on a line, and nothing else. It is UTF-8 whatever the terminal takes."""
    line = codec.as_json(value) + b"\n"
    sys.stdout.flush()
    if (raw := getattr(sys.stdout, "buffer", None)) is not None:
        raw.write(line)
    else:
        sys.stdout.write(line.decode())
    sys.stdout.flush()
    return 0


def print_lines(*lines: str) -> int:
    """Plain lines. Text from outside is made harmless where a terminal would obey it."""
    _take_any_character()
    for line in lines:
        sys.stdout.write(sanitize(line, allowed="\t") + "\n")
    sys.stdout.flush()
    return 0


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Columns of text; those whose heading begins with ``>`` are aligned on the right.

    What stands in the first column has to be typed: it is never broken. A pipe gets whole lines.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    _take_any_character()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading.lstrip(">"),
            justify="right" if heading.startswith(">") else "left",
            overflow="fold",
            no_wrap=not table.columns,
        )
    for row in rows:
        table.add_row(*(Text(sanitize(cell, allowed="\t")) for cell in row))
    width = None if sys.stdout.isatty() else _PIPE_CELLS
    Console(highlight=False, width=width, soft_wrap=width is not None).print(table)
    return 0


def _take_any_character() -> None:
    """Let a character that the terminal's encoding has no sign for print as ``?``."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def nats(value: float | None) -> str:
    """A loss as it is written: four digits, a dash where there is none."""
    return "—" if value is None else f"{value:.4f}"

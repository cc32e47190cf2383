"""The command that fetches a corpus, and how far it is, on standard error."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from seqlm.cli.output import print_json, print_lines
from seqlm.data.remote import REMOTE
from seqlm.data.text_io import Progress
from seqlm.errors import RequestError


def fetch_command(options: argparse.Namespace) -> int:
    """``seqlm data fetch CORPUS``."""
    from seqlm.data.download import fetch

    name = options.corpus
    if name is None:
        raise RequestError(f"data fetch needs a corpus: {' or '.join(REMOTE)}")
    if options.settings:
        raise RequestError(
            f"data fetch takes no settings: {' '.join(options.settings)}", options.settings
        )
    with _display(name) as progress:
        fetched = fetch(name, progress)
    if options.json:
        return print_json(msgspec.to_builtins(fetched))
    done = "fetched" if fetched.fetched else "here already"
    return print_lines(f"{name}: {done}, {fetched.bytes:,} bytes, {fetched.path}")


@contextmanager
def _display(name: str) -> Iterator[Progress | None]:
    """A bar on a terminal; elsewhere a line at each quarter."""
    if not sys.stderr.isatty():
        yield _Lines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda n, total: bar.update(task, completed=n, total=total)


class _Lines:
    """A plain line at each quarter of the whole."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._quarters = 0

    def __call__(self, n_bytes: int, total: int) -> None:
        quarters = 4 * n_bytes // total
        if quarters > self._quarters:
            self._quarters = quarters
            sys.stderr.write(f"{self._name}: {n_bytes:,} / {total:,} bytes\n")

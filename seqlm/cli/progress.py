"""How a training is shown on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from seqlm.runs.directory import RunDirectory
from seqlm.runs.run_state import ENDED
from seqlm.runs.summary import RunProgress, RunSummary
from seqlm.worker.client import Connection
from seqlm.worker.follow_run import follow

_LINE_EVERY_S = 5.0


class _Show(Protocol):
    def __call__(self, standing: RunProgress) -> None:
        """Show how far it is."""


def show_to_the_end(run: RunDirectory, connection: Connection) -> RunProgress:
    """Show a run until it ends; how it ended.

    Raises:
        WorkerDied: Its worker is gone before the end.
    """
    standing = RunProgress(summary=RunSummary(run=run.name))
    with _display(run.name) as show:
        for standing in follow(run, connection):
            show(standing)
    return standing


@contextmanager
def _display(name: str) -> Iterator[_Show]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None, losses="")

        def show(standing: RunProgress) -> None:
            progress.update(
                task,
                completed=standing.summary.steps,
                total=standing.steps_planned or None,
                losses=_losses(standing),
            )

        yield show


class _Lines:
    """A plain line every few seconds, and at the end."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._written = ""

    def __call__(self, standing: RunProgress) -> None:
        summary = standing.summary
        ended = summary.status in ENDED
        if not ended and (standing.is_count_based or time.monotonic() < self._next_at):
            return
        self._next_at = time.monotonic() + _LINE_EVERY_S
        done = f"step {summary.steps:,} / {standing.steps_planned:,}"
        line = f"{summary.run}: {done}  {_losses(standing)}".rstrip() + "\n"
        if line != self._written:
            sys.stderr.write(line)
        self._written = line


def _losses(standing: RunProgress) -> str:
    summary = standing.summary
    batch = [] if summary.batch_loss is None else [f"batch {summary.batch_loss:.4f}"]
    is_validated = summary.judged_on == "val" and summary.best_val_loss is not None
    best = [f"best val {summary.best_val_loss:.4f}"] if is_validated else []
    return "  ".join([*batch, *best])

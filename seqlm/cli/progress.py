"""Progress of training on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from seqlm.runs.directory import RunDirectory
from seqlm.runs.run_state import ENDED
from seqlm.runs.summary import RunProgress, RunSummary
from seqlm.sanitize import sanitize
from seqlm.worker.client import Connection
from seqlm.worker.follow_run import follow

_LINE_EVERY_S = 5.0


class _Show(Protocol):
    def __call__(self, run: RunProgress) -> None:
        """Show the progress."""


def show_until_end(run: RunDirectory, connection: Connection) -> RunProgress:
    """Show the progress of a run until it ends; return the final progress.

    Raises:
        WorkerExited: The worker exited before the end of training.
    """
    latest = RunProgress(summary=RunSummary(run=run.name))
    with _display(run.name) as show:
        for latest in follow(run, connection):
            if latest.message and latest.summary.status not in ENDED:
                sys.stderr.write(sanitize(f"{run.name}: {latest.message}") + "\n")
            show(latest)
    return latest


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
        task = progress.add_task(sanitize(name), total=None, losses="")

        def show(run: RunProgress) -> None:
            progress.update(
                task,
                completed=run.summary.steps,
                total=run.steps_planned or None,
                losses=_losses(run),
            )

        yield show


class _Lines:
    """Progress printed as one line every few seconds and at the end."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._written = ""

    def __call__(self, run: RunProgress) -> None:
        summary = run.summary
        ended = summary.status in ENDED
        if not ended and (run.is_count_based or time.monotonic() < self._next_at):
            return
        self._next_at = time.monotonic() + _LINE_EVERY_S
        done = f"step {summary.steps:,} / {run.steps_planned:,}"
        line = sanitize(f"{summary.run}: {done}  {_losses(run)}".rstrip()) + "\n"
        if line != self._written:
            sys.stderr.write(line)
        self._written = line


def _losses(run: RunProgress) -> str:
    summary = run.summary
    batch = [] if summary.batch_loss is None else [f"batch {summary.batch_loss:.4f}"]
    is_validated = summary.judged_on == "val" and summary.best_val_loss is not None
    best = [f"best val {summary.best_val_loss:.4f}"] if is_validated else []
    return "  ".join([*batch, *best])

"""Commands that look at runs: runs, show. Neither needs torch."""

import argparse
from typing import TYPE_CHECKING, Any, Protocol

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.runspec import recipe

if TYPE_CHECKING:  # what most of these commands do not need is imported when it is needed
    from seqlm.runs.directory import RunDirectory


class AddCommand(Protocol):
    """Adds a command to the parser."""

    def __call__(self, name: str, action: Any, text: str) -> argparse.ArgumentParser:
        """Add the command ``name``."""


def add_commands(command: AddCommand) -> None:
    """Add this file's commands."""
    command("runs", _runs, "list the runs")
    show = command("show", _show, "show one run")
    show.add_argument("run", help="its name, the beginning of it, or latest")


def _runs(options: argparse.Namespace) -> int:
    from seqlm.runs.directory import list_runs

    summaries = [_summary(run) for run in reversed(list_runs())]
    if options.json:
        return print_json({"runs": summaries})
    if not summaries:
        return print_lines("No runs yet. Make one: seqlm train names-mlp")
    rows = [
        [s.run, s.status, f"{s.steps:,}", nats(s.best_loss), s.judged_on, f"{s.seconds:.1f}"]
        for s in summaries
    ]
    return print_table(["run", "status", ">steps", ">best loss", "of", ">seconds"], rows)


def _summary(run: Any) -> Any:
    """A run in numbers; one whose log is damaged has none, and hides no other run."""
    from seqlm.errors import SeqlmError
    from seqlm.runs.summary import RunSummary, summarize

    try:
        return summarize(run).summary
    except (SeqlmError, OSError):
        return RunSummary(run=run.name, status="unreadable")


def _show(options: argparse.Namespace) -> int:
    from seqlm.cli.result_text import loss_rows
    from seqlm.runs.directory import find_run
    from seqlm.runs.summary import summarize

    run = find_run(options.run)
    manifest, standing = run.manifest(), summarize(run)
    line = recipe_as_run(run)
    record = {
        **{name: getattr(standing.summary, name) for name in standing.summary.__struct_fields__},
        "test_looks": run.n_test_looks,
        "recipe": line,
        "directory": str(run.path),
        "corpus": manifest.corpus,
        "versions": manifest.versions,
        "message": standing.message,
    }
    if options.json:
        return print_json(record)
    summary = standing.summary
    return print_lines(
        f"{summary.run}: {summary.status}, {summary.steps:,} of {standing.steps_planned:,} steps",
        *([standing.message] if standing.message else []),
        f"  recipe      {line}",
        f"  corpus      {manifest.corpus.name}, {manifest.corpus.n_bytes:,} bytes",
        f"  parameters  {summary.parameters:,}",
        *loss_rows(summary),
        f"  test looks  {run.n_test_looks:,}",
        f"  seconds     {summary.seconds:.1f} in steps, {summary.cpu_seconds:.1f} of the processor",
        f"  directory   {run.path}",
    )


def recipe_as_run(run: "RunDirectory") -> str:
    """The line that gives a run again, what was changed by hand in it included."""
    from seqlm.runs.summary import summarize

    return recipe.as_run(run.manifest().config, summarize(run).changes)

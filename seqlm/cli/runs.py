"""Commands that list and show runs: runs and show; without torch."""

import argparse
from typing import TYPE_CHECKING, Any, Protocol

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.runspec import recipe
from seqlm.sanitize import sanitize

if TYPE_CHECKING:  # imported when needed, so that the command starts fast
    from seqlm.runs.directory import RunDirectory
    from seqlm.runs.summary import RunProgress


class AddCommand(Protocol):
    """Function that adds a command to the parser."""

    def __call__(self, name: str, action: Any, text: str) -> argparse.ArgumentParser:
        """Add the command ``name``."""


def add_commands(command: AddCommand) -> None:
    """Add the commands of this module."""
    command("runs", _runs, "list the runs")
    show = command("show", _show, "show one run")
    show.add_argument("run", metavar="RUN", help="name of the run, start of the name, or latest")


def _runs(options: argparse.Namespace) -> int:
    from seqlm.runs.directory import list_runs

    listed = [_summary_or_problem(run) for run in reversed(list_runs())]
    if options.json:
        return print_json({"runs": [_record(summary, problem) for summary, problem in listed]})
    if not listed:
        return print_lines("No runs yet. Start one: seqlm train names-mlp")
    rows = [
        [s.run, s.status, f"{s.steps:,}", nats(s.best_loss), s.judged_on, f"{s.seconds:.1f}"]
        for s, problem in listed
        if not problem
    ]
    if rows:
        print_table(["run", "status", ">steps", ">best loss", "of", ">seconds"], rows)
    return print_lines(*(f"unreadable: {problem}" for _, problem in listed if problem))


def _record(summary: Any, problem: str) -> dict[str, Any]:
    record = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return {**record, "problem": problem} if problem else record


def _summary_or_problem(run: Any) -> tuple[Any, str]:
    """Return the summary of a run, and why the run cannot be read; empty if it can be read."""
    from seqlm.errors import SeqlmError
    from seqlm.runs.summary import RunSummary, summarize

    try:
        return summarize(run).summary, ""
    except (SeqlmError, OSError) as error:
        return RunSummary(run=run.name, status="unreadable"), str(error)


def _show(options: argparse.Namespace) -> int:
    from seqlm.cli.result_text import loss_rows
    from seqlm.runs.directory import describe_corpus, find_run
    from seqlm.runs.summary import summarize

    run = find_run(options.run)
    manifest, progress = run.manifest(), with_live_message(run, summarize(run))
    line = recipe_as_run(run)
    record = {
        **{name: getattr(progress.summary, name) for name in progress.summary.__struct_fields__},
        "test_looks": run.n_test_looks,
        "recipe": line,
        "directory": str(run.path),
        "corpus": manifest.corpus,
        "versions": manifest.versions,
        "message": progress.message,
        "resume_note": progress.note,
        "warnings": progress.warnings,
    }
    if options.json:
        return print_json(record)
    summary = progress.summary
    return print_lines(
        f"{summary.run}: {summary.status}, {summary.steps:,} of {progress.steps_planned:,} steps",
        *(f"  {text}" for text in (progress.message, progress.note) if text),
        f"  recipe      {line}",
        f"  corpus      {sanitize(describe_corpus(manifest.corpus))}",
        *(f"  ! {sanitize(warning)}" for warning in progress.warnings),
        f"  parameters  {summary.parameters:,}",
        *loss_rows(summary),
        f"  test evals  {run.n_test_looks:,}",
        f"  seconds     {summary.seconds:.1f} in steps, {summary.cpu_seconds:.1f} CPU",
        f"  directory   {run.path}",
    )


def with_live_message(run: "RunDirectory", progress: "RunProgress") -> "RunProgress":
    """Return the progress with what its worker says and cannot write, e.g. that the disk is full."""
    from msgspec.structs import replace

    from seqlm.worker.client import describe

    answer = describe(run)
    if answer is None or not answer.message:
        return progress
    summary = replace(progress.summary, status=answer.status, steps=answer.step)
    return replace(progress, summary=summary, message=answer.message)


def recipe_as_run(run: "RunDirectory") -> str:
    """Return the recipe that reproduces a run, with all its live changes."""
    from seqlm.runs.summary import summarize

    return recipe.as_run(run.manifest().config, summarize(run).changes)

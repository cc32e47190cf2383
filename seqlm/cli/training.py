"""Commands that start and control training: train, resume, pause, set and stop."""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from seqlm.cli.output import print_json, print_lines, print_notes
from seqlm.cli.progress import show_until_end
from seqlm.cli.result_text import result_lines
from seqlm.cli.runs import AddCommand
from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.commands import Command, Continue, Pause, Resume, SetValue, Start, Stop
from seqlm.protocol.queries import Describe
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.summary import RunProgress, summarize
from seqlm.runspec import recipe
from seqlm.worker import client
from seqlm.worker.follow_run import start_run, stop_interrupted
from seqlm.worker.rescued_copies import later_copy_note

_INTERRUPTED = 130
_SETTINGS = (
    "e.g. train.steps=20000; KEY=VALUE@STEP changes a setting at that step, e.g."
    " train.learning_rate=0.01@5000"
)


def add_commands(command: AddCommand) -> None:
    """Add the commands of this module."""
    train = command("train", _train, "train a preset, or a model on your own text")
    train.add_argument(
        "target", metavar="PRESET|FILE|-", help="a preset, a text file, or - for stdin"
    )
    train.add_argument("--name", help="name of the run; the default is made from the preset")
    resume = command("resume", _resume, "resume a run from its last checkpoint")
    for made in (train, resume):
        if made is resume:
            _add_run(made)
        made.add_argument("settings", nargs="*", default=[], metavar="KEY=VALUE", help=_SETTINGS)
        made.add_argument(
            "--detach",
            action="store_true",
            help="return at once; training continues in the background",
        )
    change = command(
        "set", _set, "change live settings during training; KEY=VALUE@STEP at a later step"
    )
    _add_run(change)
    change.add_argument(
        "settings", nargs="+", metavar="KEY=VALUE", help="e.g. train.learning_rate=0.01"
    )
    _add_run(command("pause", _pause, "pause a run; seqlm resume or seqlm-tui continues it"))
    _add_run(command("stop", _stop, "save a checkpoint and stop a run"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="name of the run, start of the name, or latest")


def _train(options: argparse.Namespace) -> int:
    from seqlm.data.prepared_text import prepare
    from seqlm.runs.directory import check_new_name
    from seqlm.runs.resolve_target import configure

    if options.name is not None:
        check_new_name(options.name)
    with contextlib.ExitStack() as undo:
        notes: list[str] = []
        config = configure(options.target, options.settings, undo, notes)
        text = prepare(config.data)  # reports an invalid text before a process is started
        name = "standard input" if options.target == "-" else text.corpus.name
        print_notes([f"{name}: {note.text}" for note in text.notes])
        command = Start(id=client.new_id(), recipe=recipe.format_recipe(config), name=options.name)
        with client.spawn() as connection:
            return _follow(command, connection, options, undo, notes=notes)


def _resume(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    changes = recipe.live_changes(run.manifest().config, options.settings)
    if (connection := client.attach(run)) is not None:
        with connection:
            return _continue(run, connection, options)
    notes = _schedule_notes(run, {change.key: change.value for change in changes})
    notes += filter(None, [later_copy_note(run)])
    command = Resume(id=client.new_id(), run=str(run.path), words=options.settings)
    with client.spawn() as connection:
        return _follow(command, connection, options, contextlib.ExitStack(), run, notes=notes)


def _schedule_notes(run: RunDirectory, values: dict[str, Any]) -> list[str]:
    """Return what more steps mean for a run whose learning rate has decayed to 0.

    Args:
        run: The run to resume.
        values: The settings that change, by key.
    """
    if "train.steps" not in values or "train.learning_rate" in values:
        return []
    from seqlm.training.schedule import explain_ended_schedule

    progress = summarize(run, is_live=False)
    if progress.config is None:
        return []
    done, key = progress.summary.steps, "train.learning_rate"
    rates = [change.value for change in progress.changes if change.key == key]
    train = replace(
        progress.config.train, learning_rate=[progress.config.train.learning_rate, *rates][-1]
    )
    note = explain_ended_schedule(train, done, progress.steps_planned, values["train.steps"])
    return [note] if note else []


def _continue(run: RunDirectory, connection: client.Connection, options: argparse.Namespace) -> int:
    """Continue a run that a worker has paused."""
    described: Any = connection.request(Describe(id=client.new_id()))
    if described.status != "paused":
        raise RequestError(f"{run.name} is already training", run.name)
    for command in _set_values(run, options):
        connection.request(command)
    return _follow(Continue(id=client.new_id()), connection, options, contextlib.ExitStack(), run)


def _follow(
    command: Command,
    connection: client.Connection,
    options: argparse.Namespace,
    undo: contextlib.ExitStack,
    run: RunDirectory | None = None,
    notes: Sequence[str] = (),
) -> int:
    """Send a command to a worker and follow the run to its end, unless detached.

    If the run does not start, everything that was prepared for it is undone. The first Ctrl+C stops
    the run with a checkpoint; the second one exits at once, and the worker stops by itself.
    """
    try:
        started = start_run(command, connection, undo, run)
        resumed = summarize(started).note if isinstance(command, Resume) else ""
        print_notes([*notes, *filter(None, [resumed])])
        return _report(
            summarize(started) if options.detach else _follow_to_end(started, connection), options
        )
    except KeyboardInterrupt:
        sys.stderr.write("Saving a checkpoint and stopping.\n")
        if (stopped := stop_interrupted(connection, undo, run)) is not None:
            _report(summarize(stopped, is_live=False), options)
        return _INTERRUPTED


def _follow_to_end(run: RunDirectory, connection: client.Connection) -> RunProgress:
    try:
        return show_until_end(run, connection)
    except client.WorkerExited as error:
        hint = f"resume from the last checkpoint: seqlm resume {run.name}"
        raise SeqlmError(f"{error}; {hint}") from error


def _report(progress: RunProgress, options: argparse.Namespace) -> int:
    summary = progress.summary
    if options.json:
        print_json(summary)
    else:
        print_lines(*result_lines(progress))
    if summary.status in ("diverged", "failed"):
        raise SeqlmError(f"{summary.run}: {progress.message}")
    return 0


def _set(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    config, changed = run.manifest().config, []
    for command in _set_values(run, options):
        event: Any = _send(run, command)
        changed.append({"key": event.key, "old": event.old, "new": event.new, "step": event.step})
    if options.json:
        return print_json({"run": run.name, "changed": changed})
    return print_lines(*(_format_change(config, **change) for change in changed))


def _format_change(config: RunConfig, key: str, old: Any, new: Any, step: int) -> str:
    """Return a change with its values as they are typed, the old one rounded."""
    setting = dotted_keys.find(config, key)
    return f"{key} {setting.format_rounded(old)} -> {setting.format(new)} at step {step:,}"


def _set_values(run: RunDirectory, options: argparse.Namespace) -> list[SetValue]:
    """Return one command for each setting of the command line, at its step or at once."""
    return [
        SetValue(id=client.new_id(), key=change.key, value=change.value, step=change.step)
        for change in recipe.live_changes(run.manifest().config, options.settings)
    ]


def _pause(options: argparse.Namespace) -> int:
    return _send_and_print_step(options, Pause(id=client.new_id()), "paused")


def _stop(options: argparse.Namespace) -> int:
    return _send_and_print_step(options, Stop(id=client.new_id()), "stopped")


def _send_and_print_step(options: argparse.Namespace, command: Command, status: str) -> int:
    run = find_run(options.run)
    event: Any = _send(run, command)
    if options.json:
        return print_json({"run": run.name, "status": status, "step": event.step})
    return print_lines(f"{run.name}: {status} at step {event.step:,}")


def _send(run: RunDirectory, command: Command) -> Any:
    connection = client.attach(run)
    if connection is None:
        status = summarize(run, is_live=False).summary.status
        raise RequestError(f"{run.name} is not training ({status})", run.name)
    with connection:
        return connection.request(command)

"""Commands that train, and that steer what trains: train, resume, pause, set, stop."""

import argparse
import contextlib
import sys
from typing import Any

from seqlm.cli.output import print_json, print_lines
from seqlm.cli.progress import show_to_the_end
from seqlm.cli.result_text import result_lines
from seqlm.cli.runs import AddCommand
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.commands import Command, Continue, Pause, Resume, SetValue, Start, Stop
from seqlm.protocol.queries import Describe
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.summary import RunProgress, summarize
from seqlm.runspec import recipe
from seqlm.worker import client
from seqlm.worker.follow_run import start_run, stop_interrupted

_INTERRUPTED = 130
_SETTINGS = (
    "e.g. train.steps=20000; KEY=VALUE@STEP takes force at that step, e.g."
    " train.learning_rate=0.01@5000"
)


def add_commands(command: AddCommand) -> None:
    """Add this file's commands."""
    train = command("train", _train, "train a preset, or a text of your own")
    train.add_argument(
        "target", metavar="PRESET|FILE|-", help="a preset, a text file, or - for stdin"
    )
    train.add_argument("--name", help="the run's name; made from the preset if not given")
    resume = command("resume", _resume, "go on with a run from its last checkpoint")
    for made in (train, resume):
        if made is resume:
            _add_run(made)
        made.add_argument("settings", nargs="*", metavar="KEY=VALUE", help=_SETTINGS)
        made.add_argument("--detach", action="store_true", help="return at once; it trains on")
    change = command("set", _set, "change live values of a run that trains, KEY=VALUE@STEP later")
    _add_run(change)
    change.add_argument(
        "settings", nargs="+", metavar="KEY=VALUE", help="e.g. train.learning_rate=0.01"
    )
    _add_run(command("pause", _pause, "let a run wait; seqlm-tui goes on with it"))
    _add_run(command("stop", _stop, "stop a run with a checkpoint"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="its name, the beginning of it, or latest")


def _train(options: argparse.Namespace) -> int:
    from seqlm.data.prepared_text import prepare
    from seqlm.runs.directory import check_name
    from seqlm.runs.resolve_target import configure

    if options.name is not None:
        check_name(options.name)
    with contextlib.ExitStack() as undo:
        config = configure(options.target, options.settings, undo)
        prepare(config.data)  # what is wrong with the text is said before a process is started
        command = Start(id=client.new_id(), recipe=recipe.format_recipe(config), name=options.name)
        with client.spawn() as connection:
            return _follow(command, connection, options, undo)


def _resume(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    recipe.live_changes(run.manifest().config, options.settings)
    if (connection := client.attach(run)) is not None:
        with connection:
            return _continue(run, connection, options)
    command = Resume(id=client.new_id(), run=str(run.path), words=options.settings)
    with client.spawn() as connection:
        return _follow(command, connection, options, contextlib.ExitStack(), run)


def _continue(run: RunDirectory, connection: client.Connection, options: argparse.Namespace) -> int:
    """Go on with a run that a worker holds and lets wait."""
    described: Any = connection.request(Describe(id=client.new_id()))
    if described.status != "paused":
        raise RequestError(f"{run.name} is training already", run.name)
    for command in _set_values(run, options):
        connection.request(command)
    return _follow(Continue(id=client.new_id()), connection, options, contextlib.ExitStack(), run)


def _follow(
    command: Command,
    connection: client.Connection,
    options: argparse.Namespace,
    undo: contextlib.ExitStack,
    run: RunDirectory | None = None,
) -> int:
    """Have a worker train by a command and stay with it to the end, unless told to leave.

    What was prepared for a run that does not begin is undone. A person who interrupts stops the run
    with a checkpoint; who does so again leaves at once, and the worker stops by itself.
    """
    try:
        begun = start_run(command, connection, undo, run)
        return _report(summarize(begun) if options.detach else _stay(begun, connection), options)
    except KeyboardInterrupt:
        sys.stderr.write("Stopping with a checkpoint.\n")
        if (stopped := stop_interrupted(connection, undo, run)) is not None:
            _report(summarize(stopped, is_live=False), options)
        return _INTERRUPTED


def _stay(run: RunDirectory, connection: client.Connection) -> RunProgress:
    try:
        return show_to_the_end(run, connection)
    except client.WorkerExited as error:
        hint = f"go on from its last checkpoint: seqlm resume {run.name}"
        raise SeqlmError(f"{error}; {hint}") from error


def _report(standing: RunProgress, options: argparse.Namespace) -> int:
    summary = standing.summary
    if options.json:
        print_json(summary)
    else:
        print_lines(*result_lines(standing))
    if summary.status in ("diverged", "failed"):
        raise SeqlmError(f"{summary.run}: {standing.message}")
    return 0


def _set(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    told = []
    for command in _set_values(run, options):
        event: Any = _tell(run, command)
        told.append({"key": event.key, "old": event.old, "new": event.new, "step": event.step})
    if options.json:
        return print_json({"run": run.name, "changed": told})
    return print_lines(
        *(f"{t['key']} {t['old']} -> {t['new']} at step {t['step']:,}" for t in told)
    )


def _set_values(run: RunDirectory, options: argparse.Namespace) -> list[SetValue]:
    """The commands that give a run the values of the command line, each at its step or at once."""
    return [
        SetValue(id=client.new_id(), key=change.key, value=change.value, step=change.step)
        for change in recipe.live_changes(run.manifest().config, options.settings)
    ]


def _pause(options: argparse.Namespace) -> int:
    return _say_step(options, Pause(id=client.new_id()), "paused")


def _stop(options: argparse.Namespace) -> int:
    return _say_step(options, Stop(id=client.new_id()), "stopped")


def _say_step(options: argparse.Namespace, command: Command, status: str) -> int:
    run = find_run(options.run)
    event: Any = _tell(run, command)
    if options.json:
        return print_json({"run": run.name, "status": status, "step": event.step})
    return print_lines(f"{run.name}: {status} at step {event.step:,}")


def _tell(run: RunDirectory, command: Command) -> Any:
    connection = client.attach(run)
    if connection is None:
        status = summarize(run, is_live=False).summary.status
        raise RequestError(f"{run.name} is not training now ({status})", run.name)
    with connection:
        return connection.request(command)

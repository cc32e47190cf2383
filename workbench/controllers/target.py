"""What the words of the command line ask for, and what they open: a preset, a file or a run."""

from collections.abc import Sequence

from msgspec import Struct

from seqlm.configuration.run_config import RunConfig
from seqlm.errors import RequestError
from seqlm.presets import preset_config
from seqlm.runs.directory import RunDirectory, find_run, live_runs
from seqlm.runspec import recipe

DEFAULT_PRESET = "names-mlp"


class CliOptions(Struct, frozen=True):
    """What the command line asks for; the defaults are those of no words at all.

    Attributes:
        what: A preset, a file or a run.
        settings: ``KEY=VALUE`` words.
        attach: A run to show.
        fps: Frames a second at most.
        ascii_only: Whether ASCII signs alone may be drawn.
        palette: The name of the colours; None: those that suit the terminal.
    """

    what: str | None = None
    settings: Sequence[str] = ()
    attach: str | None = None
    fps: float = 10.0
    ascii_only: bool = False
    palette: str | None = None


def resolve_cli_target(
    what: str | None, words: Sequence[str], attach: str | None
) -> tuple[RunConfig, RunDirectory | None]:
    """What is to be opened: a configuration, and a run if there is one to show.

    Raises:
        RequestError: The words mean nothing, or two things.
    """
    if attach is not None:
        if what is not None:
            raise RequestError(f"--attach {attach} and {what}: give one of them", what)
        return _of_run(find_run(attach), words)
    if what is not None:
        return _named(what, words)
    newest = next((run for run, _ in live_runs()), None) if not words else None
    if newest is not None:
        return _of_run(newest, words)
    return recipe.apply_settings(preset_config(DEFAULT_PRESET), words), None


def _named(what: str, words: Sequence[str]) -> tuple[RunConfig, RunDirectory | None]:
    from seqlm.runs import (
        resolve_target,  # the plain start needs none of what finds a word's meaning
    )

    if what == "-":
        raise RequestError("the keys are read from standard input; use: seqlm train -", what)
    found = resolve_target.resolve_target(what)
    if found.kind == "run":
        return _of_run(find_run(found.value), words)
    return resolve_target.configure(what, list(words)), None


def _of_run(run: RunDirectory, words: Sequence[str]) -> tuple[RunConfig, RunDirectory]:
    """A run, asked for with other settings where there are words."""
    return recipe.apply_settings(run.manifest().config, words), run

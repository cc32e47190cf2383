"""Target to open: a preset, a file or a run, named on the command line or in the Open screen."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import PRESETS, preset_config
from seqlm.runs.directory import RunDirectory, find_run, list_runs, live_runs
from seqlm.runspec import recipe

DEFAULT_PRESET = "names-mlp"
_COMMAND_WORDS = ("$", "seqlm-tui", "seqlm", "train", "resume", "show")


class CliOptions(Struct, frozen=True):
    """Options of the command line, with their defaults.

    Attributes:
        what: Preset, file or run.
        settings: Settings as ``KEY=VALUE``.
        attach: Run to show.
        fps: Maximum frames per second.
        ascii_only: Whether only ASCII characters are shown.
        palette: Name of the palette; None to choose it by the terminal.
    """

    what: str | None = None
    settings: Sequence[str] = ()
    attach: str | None = None
    fps: float = 10.0
    ascii_only: bool = False
    palette: str | None = None


def resolve_cli_target(
    what: str | None, settings: Sequence[str], attach: str | None
) -> tuple[RunConfig, RunDirectory | None]:
    """Return the configuration to open, and the run to show if there is one.

    Raises:
        RequestError: The target is unknown or ambiguous, or a setting is wrong.
    """
    if attach is not None:
        if what is not None:
            raise errors.RequestError(
                f"--attach {attach} and {what} cannot be combined; give one of them", what
            )
        return _run_target(find_run(attach), settings)
    if what is not None:
        return _named_target(what, settings)
    newest = next((run for run, _ in live_runs()), None) if not settings else None
    if newest is not None:
        return _run_target(newest, settings)
    return recipe.apply_settings(preset_config(DEFAULT_PRESET), settings), None


def _named_target(what: str, settings: Sequence[str]) -> tuple[RunConfig, RunDirectory | None]:
    from seqlm.runs import resolve_target  # a start without arguments does not need it

    if what == "-":
        raise errors.RequestError("standard input is read as keys here; use: seqlm train -", what)
    found = resolve_target.resolve_target(what)
    if found.kind == "run":
        return _run_target(find_run(found.value), settings)
    return resolve_target.configure(what, list(settings)), None


def _run_target(run: RunDirectory, settings: Sequence[str]) -> tuple[RunConfig, RunDirectory]:
    """Return the configuration of a run with these settings, and the run."""
    return recipe.apply_settings(run.manifest().config, settings), run


class OpenTarget(NamedTuple):
    """Target to open.

    Attributes:
        config: Configuration of the next run.
        run: Run to show; None if the target is a preset or a file.
    """

    config: RunConfig
    run: RunDirectory | None


class NotFound(errors.RequestError):
    """Unknown name; ``nearest`` is the most similar name, or empty."""

    def __init__(self, word: str, nearest: str) -> None:
        super().__init__(f'No preset, file or run called "{word[:60]}".', word)
        self.nearest = nearest


def resolve_line(line: str) -> OpenTarget:
    """Return the target of a line: a preset, a file, a run or a recipe.

    A shell command is accepted too: ``seqlm train names-mlp seed=1``.

    Raises:
        NotFound: There is no target of this name.
        RequestError: A setting is wrong, or the file cannot be read.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise errors.RequestError("A quotation mark is not closed.", line) from error
    while words and words[0] in _COMMAND_WORDS:
        words = words[1:]
    if not words:
        raise errors.RequestError("Type the name of a preset, a file or a run.", line)
    name = words[0]
    if name == "latest" or _is_target(name):
        return OpenTarget(*resolve_cli_target(name, words[1:], None))
    import difflib  # a known name does not need these modules

    from workbench.run.open_candidates import open_candidates

    near = difflib.get_close_matches(
        name, [choice.name for choice in open_candidates()], n=1, cutoff=0.5
    )
    raise NotFound(name, near[0] if near else "")


def _is_target(name: str) -> bool:
    """Return whether the name is known or a path; errors of a path are reported when it is opened."""
    if name in PRESETS or "/" in name or Path(name).exists():
        return True
    return any(run.name.startswith(name) for run in list_runs())

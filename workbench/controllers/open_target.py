"""What a line that a person types or pastes opens: a preset, a file or a run, with settings."""

import difflib
import shlex
from pathlib import Path
from typing import NamedTuple

from seqlm import errors
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import PRESETS
from seqlm.runs.directory import RunDirectory, list_runs, live_runs
from workbench.controllers.target import resolve_cli_target
from workbench.run.run_status import run_status_text

_COMMAND_WORDS = ("$", "seqlm-tui", "seqlm", "train", "resume", "show")
_MOST_FILES, _MOST_RUNS, _LATEST_RUNS = 20, 100, 5


class OpenTarget(NamedTuple):
    """What is to be shown: what a new run would be made of, and a run if there is one."""

    config: RunConfig
    run: RunDirectory | None


class NotFound(errors.RequestError):
    """Nothing has this name; ``nearest`` is a name that is like it, or empty."""

    def __init__(self, word: str, nearest: str) -> None:
        super().__init__(f'No preset, file or run called "{word[:60]}".', word)
        self.nearest = nearest


class OpenCandidate(NamedTuple):
    """Something that can be opened: its name, what it is, and words about it."""

    name: str
    kind: str
    about: str
    is_live: bool = False


def resolve_line(line: str) -> OpenTarget:
    """What a line opens: ``names-mlp``, ``notes.txt``, a run, or a whole line of a run.

    A line of a shell is understood too: ``seqlm train names-mlp seed=1``.

    Raises:
        NotFound: Nothing has that name.
        RequestError: A setting is wrong, or the file cannot be used.
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
    if name == "latest" or _means_something(name):
        return OpenTarget(*resolve_cli_target(name, words[1:], None))
    near = difflib.get_close_matches(
        name, [choice.name for choice in open_candidates()], n=1, cutoff=0.5
    )
    raise NotFound(name, near[0] if near else "")


def open_candidates() -> list[OpenCandidate]:
    """Everything there is to open by name.

    Runs that go and the latest ones come first, then texts in this folder, presets, older runs.
    """
    live = {run.name for run, _ in live_runs()}
    runs = [_run(run, run.name in live) for run in [*reversed(list_runs())][:_MOST_RUNS]]
    presets = [OpenCandidate(preset.name, "preset", preset.teaches) for preset in PRESETS.values()]
    runs.sort(key=lambda run: not run.is_live)
    n_first = max(_LATEST_RUNS, sum(run.is_live for run in runs))
    return [*runs[:n_first], *_files(), *presets, *runs[n_first:]]


def _run(run: RunDirectory, is_live: bool) -> OpenCandidate:
    return OpenCandidate(run.name, "run", run_status_text(run, is_live), is_live)


def _files() -> list[OpenCandidate]:
    found = []
    try:
        for path in sorted(Path().glob("*.txt"))[:_MOST_FILES]:
            found.append(
                OpenCandidate(f"./{path.name}", "file", f"{path.stat().st_size // 1000:,} kB")
            )
    except OSError:
        return found
    return found


def _means_something(name: str) -> bool:
    """Whether the name is known, or a path: what is wrong with that is said by who opens it."""
    if name in PRESETS or "/" in name or Path(name).exists():
        return True
    return any(run.name.startswith(name) for run in list_runs())

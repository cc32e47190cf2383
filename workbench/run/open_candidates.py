"""Targets that the Open screen lists: runs, text files of the working folder, and presets."""

import stat
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from seqlm.configuration import dotted_keys
from seqlm.data.text_files import TEXT_SUFFIXES, is_folder
from seqlm.errors import SeqlmError
from seqlm.presets.lessons import presets_by_lesson
from seqlm.presets.preset import Preset
from seqlm.runs.directory import RunDirectory, list_runs, live_runs
from seqlm.sanitize import one_line
from workbench.render.number_format import format_loss
from workbench.run.run_status import run_status_text

_MAX_FILES, _MAX_RUNS, _N_RECENT_RUNS = 20, 100, 5
_MAX_ENTRIES = 2000  # of a folder
_FILE_SUFFIXES = (*TEXT_SUFFIXES, ".csv", ".tsv", ".jsonl")


class OpenCandidate(NamedTuple):
    """Entry of the list of targets.

    Attributes:
        name: Text that opens the target.
        kind: ``run``, ``file`` or ``preset``.
        about: Description in a few words.
        details: Facts that follow the description where there is room.
        date: When a run was started, in local time.
        is_live: Whether a worker holds the run.
    """

    name: str
    kind: str
    about: str
    details: str = ""
    date: str = ""
    is_live: bool = False


class CandidateGroup(NamedTuple):
    """Candidates under one heading."""

    title: str
    candidates: list[OpenCandidate]


def open_candidates() -> list[OpenCandidate]:
    """Return the targets of all groups in order."""
    return list(chain.from_iterable(group.candidates for group in candidate_groups()))


def candidate_groups() -> list[CandidateGroup]:
    """Return the targets to list, in groups.

    Live and recent runs come first, then text files of the working folder, the presets in the order
    of the lessons, and older runs.
    """
    live = {run.name for run, _ in live_runs()}
    runs = [_run_candidate(run, run.name in live) for run in [*reversed(list_runs())][:_MAX_RUNS]]
    runs.sort(key=lambda run: not run.is_live)
    n_first = max(_N_RECENT_RUNS, sum(run.is_live for run in runs))
    groups = [
        CandidateGroup("Runs, newest first", runs[:n_first]),
        CandidateGroup("Text files in this folder", _file_candidates()),
        *(
            CandidateGroup(title, list(map(_preset_candidate, presets)))
            for title, presets in presets_by_lesson()
        ),
        CandidateGroup("Older runs", runs[n_first:]),
    ]
    return [group for group in groups if group.candidates]


def _run_candidate(run: RunDirectory, is_live: bool) -> OpenCandidate:
    """Return a run; an unreadable run is listed with the reason."""
    try:
        about, details = run_status_text(run, is_live), f"Recipe: {run.manifest().recipe}"
        started_s = run.manifest_path.lstat().st_mtime
    except (SeqlmError, OSError) as error:
        return OpenCandidate(
            run.name,
            "run",
            f"unreadable: {one_line(error).removeprefix(run.name + ': ')}",
            is_live=is_live,
        )
    date = datetime.fromtimestamp(started_s).strftime("%Y-%m-%d %H:%M")
    return OpenCandidate(run.name, "run", about, details, date, is_live)


def _preset_candidate(preset: Preset) -> OpenCandidate:
    config = preset.config
    details = f"Model {dotted_keys.kind_of(config.model)} on corpus {config.data.corpus}"
    if preset.expected_loss is not None:
        details += f", reaches {format_loss(preset.expected_loss, 3)} nats per token"
    if preset.expected_cpu_s is not None:
        details += f" in {preset.expected_cpu_s:,.3g} s on one core"
    return OpenCandidate(preset.name, "preset", preset.teaches, details)


def _file_candidates() -> list[OpenCandidate]:
    found: list[OpenCandidate] = []
    try:
        paths = sorted(islice(Path().iterdir(), _MAX_ENTRIES))
    except OSError:
        return found
    for path in paths:
        if len(found) < _MAX_FILES and (about := _describe_text(path)):
            found.append(OpenCandidate(f"./{path.name}", "file", about))
    return found


def _describe_text(path: Path) -> str:
    """Return the size of a text file, or the number of texts in a folder; empty for other files.

    Only the files of the folder itself are counted: a search of a whole tree could take minutes.
    """
    if path.name.startswith("."):
        return ""
    if is_folder(path):
        n_texts = sum(1 for _ in islice(path.glob("*.txt"), _MAX_ENTRIES))
        return f"folder, {n_texts:,} .txt {'file' if n_texts == 1 else 'files'}" if n_texts else ""
    if not path.name.lower().endswith(_FILE_SUFFIXES):
        return ""
    try:
        status = path.stat()
    except OSError:  # e.g. a link to a file that is gone
        return ""
    return f"{status.st_size // 1000:,} kB" if stat.S_ISREG(status.st_mode) else ""

"""Resolution of a word on the command line to a preset, a file, or a run."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec.structs import replace

from seqlm import errors
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import RunConfig
from seqlm.data.corpus import Corpus, read_corpus, read_standard_input, store_corpus
from seqlm.data.prepared_text import prepare_corpus
from seqlm.data.text_files import SEPARATOR, is_folder
from seqlm.presets import PRESETS, preset_config
from seqlm.presets.own_text import OWN_LINES, OWN_STREAM
from seqlm.runs.directory import find_run, list_runs
from seqlm.runspec import recipe
from seqlm.runspec.fit_to_text import fit_to_text, keys_of


class ResolvedTarget(NamedTuple):
    """Preset, file or run that a word names: its kind, and its name or path."""

    kind: Literal["preset", "file", "run"]
    value: str


def resolve_target(word: str) -> ResolvedTarget:
    """Return the target that ``word`` names.

    A word with a ``/`` or a suffix, and ``-``, is a path; any other word is a name.

    Raises:
        RequestError: The word names no target, or several.
    """
    if word == "-" or "/" in word or Path(word).suffix:
        is_run = _is_file(Path(word) / "run.json")
        return ResolvedTarget("run" if is_run else "file", word)
    runs = {run.name for run in list_runs()}
    is_preset = word in PRESETS
    # Most runs are named after their preset: the name of a preset is not a prefix of a run.
    begins_run = bool(word) and not is_preset and any(name.startswith(word) for name in runs)
    # A run of the text in a folder is named after it: its second training must not become a resume.
    hides_folder = begins_run and word not in runs and is_folder(Path(word))
    meanings = [
        ResolvedTarget("preset", word) if is_preset else None,
        ResolvedTarget("run", word) if word in runs or word == "latest" or begins_run else None,
        ResolvedTarget("file", word) if _is_file(Path(word)) or hides_folder else None,
    ]
    found = [meaning for meaning in meanings if meaning is not None]
    if len(found) > 1:
        kinds = " and ".join(f"a {target.kind}" for target in found)
        hint = f"; use ./{word} for the file or folder" if found[-1].kind == "file" else ""
        raise errors.RequestError(f"{word!r} is ambiguous: {kinds}{hint}", word)
    if found:
        return ResolvedTarget("run", find_run(word).name) if found[0].kind == "run" else found[0]
    if word and is_folder(Path(word)):
        return ResolvedTarget("file", word)
    raise errors.unknown(
        "a preset, a file or a run", word, [*PRESETS, *runs], "seqlm presets, seqlm runs"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # e.g. a name that is too long
        return False


def configure(
    word: str, words: list[str], undo: ExitStack | None = None, notes: list[str] | None = None
) -> RunConfig:
    """Return the configuration of ``PRESET|FILE|- [KEY=VALUE]...``.

    A file uses the preset ``own-lines`` or ``own-stream``, fitted to its size.

    Args:
        word: The preset or the file; ``-`` is standard input.
        words: Settings.
        undo: Receives a callback that deletes the stored copy of standard input.
        notes: Receives a line that names the settings chosen for a file.

    Raises:
        RequestError: The word is not trainable, the file is not readable, a setting is wrong.
    """
    target = resolve_target(word)
    if any("\ud800" <= char <= "\udfff" for char in word):
        raise errors.RequestError(
            f"the file name {word!r} is not valid UTF-8; rename the file, or use standard input (-)",
            word,
        )
    if target.kind == "run":
        raise errors.RequestError(
            f"{word} is a run; to continue it, use: seqlm resume {word}", word
        )
    if target.kind == "preset":
        return recipe.apply_settings(preset_config(target.value), words)
    return configure_file(target.value, words, undo, notes)


def configure_file(
    path: str, words: list[str], undo: ExitStack | None = None, notes: list[str] | None = None
) -> RunConfig:
    """Return the configuration for a user's own text, with the absolute path of the file.

    Args:
        path: The file; ``-`` reads standard input and stores a copy.
        words: Settings, and paths of more files.
        undo: Receives a callback that deletes the stored copy of standard input.
        notes: Receives a line that names the settings chosen for the file.
    """
    more = [word for word in words if "=" not in word and os.path.lexists(word) and path != "-"]
    words = [word for word in words if word not in more]
    recipe.check_words(words)  # before the text is read
    path = path if path == "-" else SEPARATOR.join(str(_absolute(one)) for one in (path, *more))
    data = _data_config(path, words)
    if path != "-":
        return _fitted_config(read_corpus(data), path, words, notes)
    corpus, raw = read_standard_input(sys.stdin.buffer, data)
    config = _fitted_config(corpus, str(corpus.path), words, notes)
    prepare_corpus(corpus, config.data)  # raises before a copy is stored
    store_corpus(raw, undo)
    return config


def _data_config(path: str, words: list[str]) -> DataConfig:
    """Return the settings that decide how a file is read."""
    given = [word for word in words if word.startswith("data.")]
    return replace(recipe.apply_settings(preset_config(OWN_LINES), given).data, corpus=path)


def _absolute(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        return Path(path).absolute()  # ~ of an unknown user: use it as a file name


def _fitted_config(
    corpus: Corpus, path: str, words: list[str], notes: list[str] | None
) -> RunConfig:
    preset = OWN_LINES if corpus.mode == "lines" else OWN_STREAM
    config = recipe.apply_settings(preset_config(preset), [f"data.corpus={path}", *words])
    fitted, note = fit_to_text(config, corpus, keys_of(words))
    if notes is not None:
        notes.append(note)
    return fitted

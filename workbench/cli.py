"""The ``seqlm-tui`` command: reads its words, starts a worker, then opens the screen.

Textual takes longest to import, so everything that can be refused is refused before, and the worker is
started before: torch loads in it while the screen is being made.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from seqlm import recipe
from seqlm.config import RunConfig
from seqlm.errors import RequestError, SeqlmError
from seqlm.presets import PRESETS, preset_config
from seqlm.runs.directory import RunDirectory, find_run, list_runs, live_runs

DEFAULT_PRESET = "names-mlp"
_QUICK_CORPUS = "names"


class _Parser(argparse.ArgumentParser):
    """Errors are one line, like every error of this program."""

    def error(self, message: str) -> NoReturn:
        """Refuse the words that were given."""
        fail(message)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workbench."""
    words = _parse(sys.argv[1:] if arguments is None else arguments)
    _check_terminal()
    try:
        config, run = target(words.what, words.settings, words.attach)
        sys.exit(_open(config, run, words))
    except SeqlmError as error:
        fail(str(error), error.exit_status)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="seqlm-tui",
        description="Learn how sequence language models work by watching and steering one.",
        epilog="Without arguments: the newest run that trains now, else the preset names-mlp.",
    )
    parser.add_argument("what", nargs="?", metavar="PRESET|FILE|RUN", help="what to open")
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="settings, e.g. model.hidden=300 seed=1"
    )
    parser.add_argument("--attach", metavar="RUN", help="show a run, and steer it if it trains")
    parser.add_argument("--fps", type=float, default=10.0, metavar="N", help="frames a second")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII signs alone")
    parser.add_argument("--light", action="store_true", help="colours for a light terminal")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    words = parser.parse_args(arguments)
    if words.version:
        from importlib.metadata import version

        sys.stdout.write(f"seqlm-tui {version('seqlm')}\n")
        sys.exit(0)
    if words.what and "=" in words.what:
        words.what, words.settings = None, [words.what, *words.settings]
    if not 0 < words.fps <= 60:
        fail(f"--fps {words.fps:g} is not possible; taken: above 0 to 60")
    return words


def fail(message: str, exit_status: int = 2) -> NoReturn:
    """Say in one line what was wrong, and leave."""
    sys.stderr.write(f"seqlm-tui: error: {message}\n")
    sys.exit(exit_status)


def _check_terminal() -> None:
    """Textual draws on standard error and reads standard input; without either it would spin."""
    for fd, name in ((0, "stdin"), (2, "stderr")):
        if not os.isatty(fd):
            fail(f"no terminal on {name}; use: seqlm train {DEFAULT_PRESET}")
    if os.environ.get("TERM") in (None, "", "dumb", "unknown"):
        term = os.environ.get("TERM") or "not set"
        fail(f"TERM={term} cannot draw a screen; use: seqlm train {DEFAULT_PRESET}")


def target(
    what: str | None, words: Sequence[str], attach: str | None
) -> tuple[RunConfig, RunDirectory | None]:
    """What is to be opened: a configuration, and a run if there is one to show.

    Raises:
        RequestError: The words mean nothing, or two things.
    """
    if attach is not None:
        return _of_run(find_run(attach))
    if what is None and not words:
        newest = next((run for run, _ in live_runs()), None)
        return _of_run(newest) if newest else (preset_config(DEFAULT_PRESET), None)
    found = _named(what) if what is not None else preset_config(DEFAULT_PRESET)
    if isinstance(found, RunDirectory):
        config, run = _of_run(found)
        return (recipe.apply(config, words), run) if words else (config, run)
    return recipe.apply(found, words), None


def _named(what: str) -> RunConfig | RunDirectory:
    """A word with a ``/`` or a suffix is a path; else a preset; else a run; else a file here."""
    is_path = "/" in what or Path(what).suffix != ""
    if is_path and (Path(what) / "run.json").is_file():
        return find_run(what)
    if is_path:
        return _of_file(what)
    fitting: list[str] = []
    if what in PRESETS:
        fitting.append("a preset")
    if what == "latest" or any(run.name.startswith(what) for run in list_runs()):
        fitting.append("a run")
    if fitting[:1] == ["a preset"]:
        exact = any(run.name == what for run in list_runs())
        if exact:
            raise RequestError(
                f"{what} is a preset and a run; use --attach {what} for the run", what
            )
        return preset_config(what)
    if fitting:
        return find_run(what)
    if Path(what).exists():
        return _of_file(what)
    raise _nothing_called(what)


def _nothing_called(what: str) -> RequestError:
    import difflib

    nearest = difflib.get_close_matches(what, PRESETS, n=1, cutoff=0.5)
    hint = f" Nearest: {nearest[0]}." if nearest else f" Presets: {', '.join(PRESETS)}."
    return RequestError(f"no preset, run or file called {what!r}.{hint}", what)


def _of_file(what: str) -> RunConfig:
    """A configuration for a person's own text: the small network on lines, the LSTM on one text."""
    from seqlm.data.corpus import read_corpus
    from seqlm.settings import with_value

    path = str(Path(what).expanduser().absolute())
    config = with_value(preset_config(DEFAULT_PRESET), "data.corpus", path)
    if read_corpus(config.data).mode == "lines":
        return config
    return with_value(preset_config("python-lstm"), "data.corpus", path)


def _of_run(run: RunDirectory) -> tuple[RunConfig, RunDirectory]:
    return run.manifest().config, run


def _open(config: RunConfig, run: RunDirectory | None, words: argparse.Namespace) -> int:
    import gc

    from seqlm.runs import client
    from workbench.ahead import PreviewAhead

    gc.disable()  # nothing that importing makes is garbage; the app turns it on again

    # What others do comes first: it is done while the screen is being imported here.
    ahead = PreviewAhead(config.data) if config.data.corpus == _QUICK_CORPUS else None
    connection = client.spawn() if run is None or run.holder() is None else None
    from workbench.app import Workbench
    from workbench.opening import Opening
    from workbench.render.palette import DARK, LIGHT

    opening = Opening(
        config=config,
        run=run,
        connection=connection,
        preview=ahead.wait() if ahead else None,
        palette=LIGHT if words.light else DARK,
        ascii_only=words.ascii or _needs_ascii(),
        fps=words.fps,
    )
    app = Workbench(opening)
    app.run()
    return app.return_code or 0


def _needs_ascii() -> bool:
    """The Linux console's font has no braille, and a terminal of another encoding no signs at all."""
    encoding = (sys.stderr.encoding or "").lower().replace("-", "")
    return os.environ.get("TERM") == "linux" or encoding not in ("utf8", "utf_8")


if __name__ == "__main__":
    main()

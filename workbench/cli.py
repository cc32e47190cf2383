"""The ``seqlm-tui`` command: reads its words, then opens the screen.

Textual takes longest to import, so what can be refused is refused before it, and another process reads
the text meanwhile. The worker, whose torch takes a second, is started after the first frame.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from seqlm import recipe
from seqlm.config import RunConfig
from seqlm.errors import RequestError, SeqlmError, one_line
from seqlm.presets import preset_config
from seqlm.runs.directory import RunDirectory, find_run, live_runs

DEFAULT_PRESET = "names-mlp"
_QUICK_CORPUS = "names"


class _Parser(argparse.ArgumentParser):
    """Errors are one line, like every error of this program."""

    def error(self, message: str) -> NoReturn:
        """Refuse the words that were given."""
        fail(message)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workbench; an error is one line, with ``SEQLM_DEBUG=1`` a traceback."""
    try:
        words = _parse(sys.argv[1:] if arguments is None else arguments)
        _check_terminal()
        config, run = target(words.what, words.settings, words.attach)
        status = _open(config, run, words)
    except (SeqlmError, OSError) as error:
        if os.environ.get("SEQLM_DEBUG") == "1":
            raise
        fail(one_line(error), getattr(error, "exit_status", 1))
    sys.exit(status)


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
    words = parser.parse_intermixed_args(arguments)
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
    what: str | None, words: list[str], attach: str | None
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
    return recipe.apply(preset_config(DEFAULT_PRESET), words), None


def _named(what: str, words: list[str]) -> tuple[RunConfig, RunDirectory | None]:
    from seqlm.runs import targets  # the plain start needs none of what finds a word's meaning

    if what == "-":
        raise RequestError("the keys are read from standard input; use: seqlm train -", what)
    found = targets.find_target(what)
    if found.kind == "run":
        return _of_run(find_run(found.value), words)
    return targets.configure(what, words), None


def _of_run(run: RunDirectory, words: list[str]) -> tuple[RunConfig, RunDirectory]:
    """A run, asked for with other settings where there are words."""
    return recipe.apply(run.manifest().config, words), run


def _open(config: RunConfig, run: RunDirectory | None, words: argparse.Namespace) -> int:
    import gc

    from workbench.ahead import PreviewAhead

    gc.disable()  # nothing that importing makes is garbage; the app turns it on again
    ahead = PreviewAhead(config.data) if config.data.corpus == _QUICK_CORPUS else None
    from workbench.app import Workbench
    from workbench.opening import Opening
    from workbench.render.palette import DARK, LIGHT

    opening = Opening(
        config=config,
        run=run,
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

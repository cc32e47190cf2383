"""Command-line parser of ``seqlm-tui``; not imported without arguments, to keep the start fast."""

import argparse
import re
import sys
from collections.abc import Sequence

from seqlm.cli.argument_parser import ArgumentParser
from seqlm.errors import RequestError
from workbench.render.palette import PALETTE_ALIASES, PALETTES
from workbench.run.open_target import CliOptions

MAX_FPS = 60
_SETTING = re.compile(r"[A-Za-z_.]*=")  # the path of a file may hold a = further on


def parse_arguments(arguments: Sequence[str]) -> CliOptions:
    """Return the options of a command line.

    Raises:
        RequestError: An argument is unknown or a number is out of bounds.
    """
    found = _parser().parse_intermixed_args(arguments)
    if found.version:
        from importlib.metadata import version

        sys.stdout.write(f"seqlm-tui {version('seqlm')}\n")
        sys.exit(0)
    if found.what and _SETTING.match(found.what):
        found.what, found.settings = None, [found.what, *found.settings]
    if not 0 < found.fps <= MAX_FPS:
        raise RequestError(f"--fps {found.fps:g} is not valid; allowed: above 0 to {MAX_FPS}")
    del found.version
    return CliOptions(**vars(found))


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="seqlm-tui",
        description="Learn how sequence language models work by training one.",
        epilog="Without arguments: the newest live run, else the preset names-mlp.",
    )
    add = parser.add_argument
    add("what", nargs="?", metavar="PRESET|FILE|RUN", help="what to open")
    add("settings", nargs="*", metavar="KEY=VALUE", help="e.g. model.hidden=300 seed=1")
    add("--attach", metavar="RUN", help="show a run, and control it if it is live")
    add(
        "--fps",
        type=float,
        default=CliOptions().fps,
        metavar="N",
        help="maximum frames per second",
    )
    add("--ascii", action="store_true", dest="ascii_only", help="use only ASCII characters")
    add(
        "--palette",
        choices=sorted(PALETTES),
        type=lambda name: PALETTE_ALIASES.get(name, name),
        help="colors (default: chosen by the terminal)",
    )
    add("--light", action="store_const", const="light", dest="palette", help="--palette light")
    add("--version", action="store_true", help="print the version and exit")
    return parser

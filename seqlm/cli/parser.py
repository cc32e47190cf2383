"""Parser of the ``seqlm`` command line."""

import argparse
from collections.abc import Callable
from typing import Any

from seqlm.cli.argument_parser import ArgumentParser
from seqlm.cli.unknown_argument import unknown_argument
from seqlm.errors import unknown

_SETTINGS = """KEY=VALUE is a setting, e.g. train.learning_rate=0.1
All settings of a preset: seqlm presets NAME"""


class Request:
    """A parsed command line.

    Args:
        options: The parsed arguments.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def execute(self) -> int:
        """Execute the command and return the exit status."""
        action: Callable[[Any], int] = self._options.action
        return action(self._options)


def parse(arguments: list[str]) -> Request:
    """Parse the arguments.

    Raises:
        RequestError: They are not a valid command.
    """
    parser, names = _build()
    words = [word for word in arguments if not word.startswith("-")]
    if words and words[0] == arguments[0] and words[0] not in names:
        raise unknown("a command", words[0], names)
    options, rest = parser.parse_known_args(arguments or ["--help"])
    # argparse accepts settings in one place only; users put options before, between or after them.
    if any("=" not in word or word.startswith("-") for word in rest) or (
        rest and not hasattr(options, "settings")
    ):
        options.parser.error(unknown_argument(rest, options.parser.format_usage()))
    if rest:
        options.settings = [*options.settings, *rest]
    return Request(options)


def _build() -> tuple[argparse.ArgumentParser, list[str]]:
    from seqlm.cli import data, inspect, lr_find, models, presets, runs, training

    about = "Train and inspect sequence language models."
    raw = argparse.RawDescriptionHelpFormatter  # keeps examples on one line
    parser = ArgumentParser(prog="seqlm", description=about, epilog=_SETTINGS, formatter_class=raw)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=ArgumentParser)

    def command(name: str, action: Callable[[Any], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, formatter_class=raw)
        made.set_defaults(action=action, parser=made)
        made.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )
        return made

    presets.add_commands(command)
    runs.add_commands(command)
    data.add_commands(command)
    training.add_commands(command)
    lr_find.add_commands(command)
    models.add_commands(command)
    inspect.add_commands(command)
    for made in commands.choices.values():
        if "KEY=VALUE" in made.format_usage():
            made.epilog = _SETTINGS
    return parser, list(commands.choices)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        parser.exit(0, f"seqlm {version('seqlm')}\n")

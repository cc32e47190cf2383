"""The command palette: every command by name, with its key."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import ActiveBinding

from workbench.keys import app_keys


def palette_commands(app: App[Any], active: Mapping[str, ActiveBinding]) -> Iterator[SystemCommand]:
    """What the keys of everywhere do; the palette need not open itself."""
    for key in app_keys(active, app):
        if "command_palette" not in key.action:
            yield SystemCommand(key.label.capitalize(), key.key, _runner(app, key.action))


def _runner(app: App[Any], action: str) -> Callable[[], Awaitable[Any]]:
    return partial(app.run_action, action)

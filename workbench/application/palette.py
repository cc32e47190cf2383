"""The command palette: every command by name, with its key as it is now."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from textual.app import SystemCommand

from workbench.application.commands import AppCommands
from workbench.panes.pane import Pane
from workbench.state.app_state import is_action_available
from workbench.widgets.active_bindings import app_keys, keys_of_bindings

_WITHOUT_KEY = (("Log: what the trainer wrote about itself", "log"),)


def palette_commands(app: AppCommands) -> Iterator[SystemCommand]:
    """What can be done now: first in the current pane, then everywhere, then in the other panes."""
    current = app.main.current_pane
    yield from _of_pane(app, current)
    for key in app_keys(app.main.active_bindings, app):
        if "command_palette" not in key.action:  # it need not open itself
            yield SystemCommand(_sentence(key.label), key.key, partial(app.run_action, key.action))
    for words, action in _WITHOUT_KEY:
        if is_action_available(app.situation, action):
            yield SystemCommand(words, "", partial(app.run_action, action))
    for pane in app.main.panes:
        if pane is not current:
            yield from _of_pane(app, pane)


def _of_pane(app: AppCommands, pane: Pane) -> Iterator[SystemCommand]:
    """The commands of a pane, which gets the focus for them."""
    keys = app.situation.keys
    for key in keys_of_bindings(pane.BINDINGS, dict(keys.moved)):
        words = keys.substitute_keys(f"{pane.NAME}: {key.label}", pane.BINDINGS)
        yield SystemCommand(words, key.key, _in_pane(app, pane, key.action))


def _in_pane(app: AppCommands, pane: Pane, action: str) -> Callable[[], Awaitable[Any]]:
    async def run() -> None:
        if app.main.current_pane is not pane:
            app.main.go_to(pane.NUMBER)
        await app.run_action(action, default_namespace=pane)

    return run


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]

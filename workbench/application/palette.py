"""Entries of the command palette: every available command with its current key."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand

from workbench.panes.pane import Pane
from workbench.screens.main import MainScreen
from workbench.state.app_state import AppState, is_action_available
from workbench.widgets.active_bindings import app_keys, keys_of_bindings

_COMMANDS_WITHOUT_KEY = (("Log: messages of the trainer process", "log"),)


def palette_commands(app: App[Any], main: MainScreen, state: AppState) -> Iterator[SystemCommand]:
    """Yield the available commands: of the current pane, then global ones, then of the other panes.

    Args:
        app: App that runs the actions.
        main: Screen with the panes.
        state: Current state.
    """
    current = main.current_pane
    yield from _pane_commands(app, main, state, current)
    for key in app_keys(main.active_bindings, app):
        if "command_palette" not in key.action:  # the palette is open already
            yield SystemCommand(
                _capitalize(key.label), key.key, partial(app.run_action, key.action)
            )
    for title, action in _COMMANDS_WITHOUT_KEY:
        if is_action_available(state, action):
            yield SystemCommand(title, "", partial(app.run_action, action))
    for pane in main.panes:
        if pane is not current:
            yield from _pane_commands(app, main, state, pane)


def _pane_commands(
    app: App[Any], main: MainScreen, state: AppState, pane: Pane
) -> Iterator[SystemCommand]:
    """Yield the commands of a pane; each of them focuses the pane first."""
    for key in keys_of_bindings(pane.BINDINGS, dict(state.keys.moved)):
        title = state.keys.substitute_keys(f"{pane.NAME}: {key.label}", pane.BINDINGS)
        yield SystemCommand(title, key.key, _run_in_pane(app, main, pane, key.action))


def _run_in_pane(
    app: App[Any], main: MainScreen, pane: Pane, action: str
) -> Callable[[], Awaitable[Any]]:
    async def run() -> None:
        if main.current_pane is not pane:
            main.go_to(pane.NUMBER)
        await app.run_action(action, default_namespace=pane)

    return run


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]

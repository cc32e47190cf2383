"""Entries of the command palette: every available command with its current key."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from textual.actions import parse
from textual.app import App, SystemCommand
from textual.binding import Binding

from workbench.keyboard.bindings import APP_BINDINGS
from workbench.panes.pane import Pane
from workbench.screens.main import MainScreen
from workbench.state.app_state import AppState, is_action_available
from workbench.widgets.active_bindings import app_keys, keys_of_bindings
from workbench.widgets.footer import FooterKey

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
    for key in _global_keys(app, main, state):
        yield SystemCommand(_capitalize(key.label), key.key, partial(app.run_action, key.action))
    for title, action in _COMMANDS_WITHOUT_KEY:
        if is_action_available(state, action):
            yield SystemCommand(title, "", partial(app.run_action, action))
    for pane in main.panes:
        if pane is not current:
            yield from _pane_commands(app, main, state, pane)


def _global_keys(app: App[Any], main: MainScreen, state: AppState) -> Iterator[FooterKey]:
    """Yield the available global commands; without a key where the pane uses the key itself."""
    active = app_keys(main.active_bindings, app)
    shown = {key.action for key in active} | {"command_palette"}  # the palette is open already
    yield from (key for key in active if key.action != "command_palette")
    for key in keys_of_bindings(APP_BINDINGS, dict(state.keys.moved)):
        _, name, parameters = parse(key.action)
        if key.action not in shown and app.check_action(name, parameters):
            yield key._replace(key="")


def _pane_commands(
    app: App[Any], main: MainScreen, state: AppState, pane: Pane
) -> Iterator[SystemCommand]:
    """Yield the available commands of a pane; each of them focuses the pane first.

    Keys that only move a cursor are found by a search only.
    """
    cursor_actions = {
        binding.action
        for binding in pane.BINDINGS
        if isinstance(binding, Binding) and binding.system
    }
    for key in keys_of_bindings(pane.BINDINGS, dict(state.keys.moved)):
        _, name, parameters = parse(key.action)
        if not pane.check_action(name, parameters):
            continue
        title = state.keys.substitute_keys(f"{pane.NAME}: {key.label}", pane.BINDINGS)
        run = _run_in_pane(app, main, pane, key.action)
        yield SystemCommand(title, key.key, run, discover=key.action not in cursor_actions)


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

"""Keymap file of the user: TOML with one line ``binding.id = "keys"`` per binding."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textual.binding import Binding
from textual.keys import Keys, key_to_character

from seqlm import errors
from workbench.keyboard.key_labels import bound_keys
from workbench.terminal.clipboard import short_path

_MODIFIERS = ("ctrl+", "shift+", "alt+")
_MAX_BYTES = 100_000
_KEY_NAMES = {str(key.value) for key in Keys}


class Group(NamedTuple):
    """Bindings that are active in the same place."""

    name: str
    bindings: tuple[Binding, ...]


def keymap_path() -> Path:
    """Return the path of the file: ``$SEQLM_KEYMAP``, else ``keymap.toml`` of the user."""
    chosen = os.environ.get("SEQLM_KEYMAP")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("seqlm", appauthor=False) / "keymap.toml"


def read_keymap(path: Path) -> dict[str, str]:
    """Return the keys of a file by binding id; several keys are separated by commas.

    Raises:
        RequestError: The file has an error; the message names it.
        OSError: The file cannot be read.
    """
    name = short_path(path)
    with path.open("rb") as file:
        raw = file.read(_MAX_BYTES)
    try:
        entries = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.RequestError(f"{name}: {error}.", str(path)) from error
    keymap = dict(_flat(entries, name))
    check_keymap(keymap, groups(), name)
    return keymap


def check_keymap(keymap: Mapping[str, str], heard: Sequence[Group], name: str) -> None:
    """Check a keymap against the bindings.

    Raises:
        RequestError: An id is unknown, or a key would have two actions.
    """
    known = {b.id for group in heard for b in group.bindings if b.id}
    for binding_id in keymap:
        if binding_id not in known:
            near = errors.unknown("a binding", binding_id, known)
            raise errors.RequestError(f"{name}: {str(near).split(' One of:')[0]}", binding_id)
    everywhere = heard[0]
    for group in heard:
        above = () if group is everywhere or group.name.startswith("screen") else (everywhere,)
        _refuse_clashes(keymap, (*above, group), name)


def groups() -> list[Group]:
    """Return the bindings with an id: global ones first, then by pane, then by screen."""
    from workbench.keyboard.bindings import APP_BINDINGS
    from workbench.panes.controls.pane import ControlsPane
    from workbench.panes.controls.presets import PresetScreen
    from workbench.panes.data.pane import DataPane
    from workbench.panes.generate.pane import GeneratePane
    from workbench.panes.inspect.pane import InspectPane
    from workbench.panes.loss.pane import LossPane
    from workbench.screens.help import HelpScreen
    from workbench.screens.leave import LeaveScreen
    from workbench.screens.log import LogScreen
    from workbench.screens.lr_search import LrSearchScreen
    from workbench.screens.main import MainScreen
    from workbench.screens.open import OpenScreen

    panes = (DataPane, ControlsPane, LossPane, GeneratePane, InspectPane)
    screens = (HelpScreen, LeaveScreen, LogScreen, OpenScreen, PresetScreen, LrSearchScreen)
    return [
        Group("global", _bindings([*APP_BINDINGS, *MainScreen.BINDINGS])),
        *(Group(pane.NAME, _bindings(pane.BINDINGS)) for pane in panes),
        *(Group(f"screen {screen.__name__}", _bindings(screen.BINDINGS)) for screen in screens),
    ]


def _bindings(declared: Iterable[Any]) -> tuple[Binding, ...]:
    return tuple(binding for binding in declared if isinstance(binding, Binding))


def _refuse_clashes(keymap: Mapping[str, str], together: Sequence[Group], name: str) -> None:
    """Reject a moved key that has two actions in one place; default keys may share one on purpose."""
    found: dict[str, Binding] = {}
    for binding in (binding for group in together for binding in group.bindings):
        for key in bound_keys(binding, keymap):
            other = found.setdefault(key, binding)
            was_so = key in bound_keys(binding, {}) and key in bound_keys(other, {})
            if other.action != binding.action and not was_so:
                raise errors.RequestError(
                    f"{name}: {key} would be both {other.id} and {binding.id}.", key
                )


def _flat(entries: Mapping[str, Any], name: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in entries.items():
        binding_id = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, name, f"{binding_id}.")
            continue
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not keys or not all(_is_key(k) for k in _split(keys)):
            raise errors.RequestError(
                f'{name}: {binding_id} needs the name of a key, e.g. "p" or "ctrl+p".', binding_id
            )
        yield binding_id, ",".join(_split(keys))


def _split(keys: list[Any]) -> list[str]:
    """Return single keys; a lone comma is the comma key."""
    parts: list[str] = []
    for text in map(str, keys):
        parts += ["comma"] if text == "," else [part.strip() for part in text.split(",")]
    return parts


def _is_key(key: str) -> bool:
    for modifier in _MODIFIERS:
        key = key.removeprefix(modifier)
    if len(key) == 1:
        return key.isprintable()
    return key in _KEY_NAMES or key_to_character(key) is not None

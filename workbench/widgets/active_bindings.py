"""The keys that do something now, by name: for the footer, the help and the palette."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.binding import ActiveBinding, Binding
from textual.keys import key_to_character
from textual.widget import Widget

from workbench.keyboard.key_labels import key_label
from workbench.state.app_state import AppState, is_action_available, space_key_label
from workbench.widgets.footer import ALWAYS, FooterKey

_TAKE = FooterKey("enter", "take it", "submit")
_OWN_FROM, _COMMANDS, _SELDOM = 10, 30, 40
_RANKS = {
    "train_or_pause": 1,
    "one_step": 2,
    "to_validation": 3,
    "new_run": 2,
    "command_palette": _COMMANDS,
}
"""What goes first where room is short: the higher number."""


def active_bindings_of(
    active: Mapping[str, ActiveBinding], focused: Widget | None
) -> Mapping[str, ActiveBinding]:
    """Without the keys that the focus takes as letters, also where a file has moved a key to one.

    Textual leaves such keys out too, but looks at where they were before the file was read.
    """
    if focused is None:
        return active
    return {
        key: binding
        for key, binding in active.items()
        if binding.node is focused or not focused.check_consume_key(key, key_to_character(key))
    }


def footer_keys(
    situation: AppState, active: Mapping[str, ActiveBinding], app: object
) -> tuple[tuple[FooterKey, ...], tuple[FooterKey, ...]]:
    """The keys of the focused pane, and those of everywhere that matter now."""
    own = _ranked(first_names(own_keys(active, app)), _main_actions(active))
    names = _names(active, app)
    has_own_scale = "scale_rate(-1)" not in names
    everywhere = [
        FooterKey(
            names[action], words, f"app.{action}", _RANKS.get(action.partition("(")[0], _SELDOM)
        )
        for action, words in _wanted(situation, has_own_scale)
        if action in names and is_action_available(situation, action.partition("(")[0])
    ]
    kept = [
        FooterKey(names[action], words, f"app.{action}", ALWAYS)
        for action, words in (("help", "help"), ("leave", "quit"))
        if action in names  # in a field ? is a letter
    ]
    return tuple(own), (*everywhere, *kept)


def _main_actions(active: Mapping[str, ActiveBinding]) -> Sequence[str]:
    """What the focused pane is for, the most important first."""
    panes = (binding.node for binding in active.values() if binding.node.has_class("pane"))
    return getattr(next(panes, None), "MAIN_ACTIONS", ())


def _ranked(keys: Sequence[FooterKey], main: Sequence[str]) -> list[FooterKey]:
    """The keys of a pane in their order; the main ones stay longest, then the first ones."""
    actions = [key.action for key in keys]
    by_rank = [*(a for a in main if a in actions), *(a for a in actions if a not in main)]
    return [key._replace(rank=_OWN_FROM + by_rank.index(key.action)) for key in keys]


def _wanted(situation: AppState, has_own_scale: bool) -> Iterable[tuple[str, str]]:
    """Actions of everywhere with the words of the footer, in their order."""
    run = situation.run
    yield "train_or_pause", space_key_label(situation)
    yield "one_step", "step"
    yield "to_validation", "to next val"
    if situation.pending_keys or not run.is_live:  # a new run is what comes next
        yield "new_run", "new run"
    if run.is_live and not has_own_scale:
        yield "scale_rate(-1)", "rate ÷2"
        yield "scale_rate(1)", "rate ×2"
    yield "stop", "stop"
    yield "zoom", "zoom"
    yield "command_palette", "commands"


def _names(active: Mapping[str, ActiveBinding], app: object) -> dict[str, str]:
    """The first key of each action of everywhere that can be done now."""
    found: dict[str, str] = {}
    for _, key in _plain_keys_first(active):
        if key.node is app:
            found.setdefault(key.binding.action, key_name(key.binding))
    return found


def own_keys(
    active: Mapping[str, ActiveBinding], app: object, hidden: bool = False
) -> tuple[FooterKey, ...]:
    """The keys of the focused pane; with ``hidden`` also those the footer has no room for."""
    own = [
        binding.binding
        for binding in active.values()
        if binding.node is not app and binding.node.has_class("pane") and binding.enabled
    ]
    found = join_keys((binding for binding in own if binding.show or hidden), in_full=hidden)
    is_field_open = any(binding.binding.action == "submit" for binding in active.values())
    return (_TAKE, *found) if is_field_open else found


def app_keys(active: Mapping[str, ActiveBinding], app: object) -> tuple[FooterKey, ...]:
    """The keys of everywhere that do something now."""
    return join_keys(
        binding.binding
        for _, binding in _plain_keys_first(active)
        if (binding.node is app or binding.binding.action.startswith("app.go_on"))
        and binding.enabled
        and binding.binding.description
    )


def _plain_keys_first(
    active: Mapping[str, ActiveBinding],
) -> list[tuple[str, ActiveBinding]]:
    return sorted(active.items(), key=lambda item: item[0].startswith("ctrl+"))


def declared_keys(declared: Sequence[Any], keymap: Mapping[str, str]) -> tuple[FooterKey, ...]:
    """The keys of a pane that has not the focus, as a file has moved them."""
    single: list[Binding] = []
    for binding in declared:
        if isinstance(binding, Binding):
            moved = keymap.get(binding.id or "")
            shown = binding if moved is None else binding.with_key(moved, None)
            names = (binding.key_display if moved is None else None,)
            single += [shown.with_key(key.strip(), *names) for key in shown.key.split(",")]
    return join_keys(single, in_full=True)


def join_keys(bindings: Iterable[Binding], in_full: bool = False) -> tuple[FooterKey, ...]:
    """Several keys of one action stand together, with a word or with the whole sentence."""
    names: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for binding in bindings:
        of_action = names.setdefault(binding.action, [])
        if (name := key_name(binding)) not in of_action:
            of_action.append(name)
        words[binding.action] = (in_full and binding.tooltip) or binding.description
    return tuple(FooterKey(" ".join(names[action]), words[action], action) for action in names)


def key_name(binding: Binding) -> str:
    """A key as it is shown: ``[``, ``esc``, ``→``."""
    return binding.key_display or key_label(binding.key)


def first_names(keys: Iterable[FooterKey]) -> tuple[FooterKey, ...]:
    """Each key by its first name alone, as the footer has it."""
    return tuple(key._replace(key=key.key.split()[0]) for key in keys)

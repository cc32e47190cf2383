"""Active key bindings, as the footer, the help screen and the command palette list them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.binding import ActiveBinding, Binding
from textual.keys import key_to_character
from textual.widget import Widget

from workbench.keyboard.key_labels import key_label
from workbench.layout import INSPECT
from workbench.state.app_state import AppState, is_action_available, space_key_label
from workbench.widgets.footer import ALWAYS, FooterKey

_SUBMIT = FooterKey("enter", "apply", "submit")
_PANE_RANK, _COMMANDS_RANK, _RARE_RANK = 10, 30, 40
_RANKS = {
    "train_or_pause": 1,
    "one_step": 2,
    "to_validation": 3,
    "new_run": 2,
    "go_to": 5,
    "command_palette": _COMMANDS_RANK,
}
"""Keys with a higher rank are left out first where there is little room."""


def active_bindings_of(
    active: Mapping[str, ActiveBinding], focused: Widget | None
) -> Mapping[str, ActiveBinding]:
    """Return the bindings without keys that the focused widget takes as letters.

    Textual leaves such keys out too, but checks the keys before the keymap file was applied.
    """
    if focused is None:
        return active
    return {
        key: binding
        for key, binding in active.items()
        if binding.node is focused or not focused.check_consume_key(key, key_to_character(key))
    }


def footer_keys(
    state: AppState, active: Mapping[str, ActiveBinding], app: object
) -> tuple[tuple[FooterKey, ...], tuple[FooterKey, ...]]:
    """Return the keys of the focused pane, and the global keys that are useful now."""
    own = _ranked(first_keys(pane_keys(active, app)), _main_actions(active))
    names = _key_names(active, app)
    has_own_scale = "scale_rate(-1)" not in names
    global_keys = [
        FooterKey(
            names[action], label, f"app.{action}", _RANKS.get(action.partition("(")[0], _RARE_RANK)
        )
        for action, label in _useful_actions(state, has_own_scale)
        if action in names and is_action_available(state, action.partition("(")[0])
    ]
    kept = [
        FooterKey(names[action], label, f"app.{action}", ALWAYS)
        for action, label in (("help", "help"), ("leave", "quit"))
        if action in names  # in a text field ? is a letter
    ]
    return tuple(own), (*global_keys, *kept)


def _main_actions(active: Mapping[str, ActiveBinding]) -> Sequence[str]:
    """Return the main actions of the focused pane, the most important first."""
    panes = (binding.node for binding in active.values() if binding.node.has_class("pane"))
    return getattr(next(panes, None), "MAIN_ACTIONS", ())


def _ranked(keys: Sequence[FooterKey], main: Sequence[str]) -> list[FooterKey]:
    """Return the keys of a pane with ranks: main actions stay longest, then the first keys."""
    actions = [key.action for key in keys]
    by_rank = [*(a for a in main if a in actions), *(a for a in actions if a not in main)]
    return [key._replace(rank=_PANE_RANK + by_rank.index(key.action)) for key in keys]


def _useful_actions(state: AppState, has_own_scale: bool) -> Iterable[tuple[str, str]]:
    """Yield the useful global actions with their footer labels, in order."""
    run = state.run
    yield "train_or_pause", space_key_label(state)
    yield "one_step", "step"
    yield "to_validation", "to next val"
    if state.pending_keys or not run.is_live:  # the likely next step
        yield "new_run", "new run"
    if run.is_live and not has_own_scale:
        yield "scale_rate(-1)", "lr ÷2"
        yield "scale_rate(1)", "lr ×2"
    yield "stop", "stop"
    if state.focused_pane == INSPECT:
        yield f"go_to({INSPECT})", "back"
    else:
        yield "zoom", "zoom"
        yield f"go_to({INSPECT})", "inspect"
    yield "command_palette", "commands"


def _key_names(active: Mapping[str, ActiveBinding], app: object) -> dict[str, str]:
    """Return the first key of each available global action."""
    found: dict[str, str] = {}
    for _, key in _plain_keys_first(active):
        if key.node is app:
            found.setdefault(key.binding.action, key_name(key.binding))
    return found


def pane_keys(
    active: Mapping[str, ActiveBinding], app: object, hidden: bool = False
) -> tuple[FooterKey, ...]:
    """Return the keys of the focused pane; with ``hidden`` also those not meant for the footer."""
    own = [
        binding.binding
        for binding in active.values()
        if binding.node is not app and binding.node.has_class("pane") and binding.enabled
    ]
    found = join_keys((binding for binding in own if binding.show or hidden), in_full=hidden)
    is_field_open = any(binding.binding.action == "submit" for binding in active.values())
    return (_SUBMIT, *found) if is_field_open else found


def app_keys(active: Mapping[str, ActiveBinding], app: object) -> tuple[FooterKey, ...]:
    """Return the available global keys."""
    return join_keys(
        binding.binding
        for _, binding in _plain_keys_first(active)
        if (binding.node is app or binding.binding.action.startswith("app.focus_next_pane"))
        and binding.enabled
        and binding.binding.description
    )


def _plain_keys_first(
    active: Mapping[str, ActiveBinding],
) -> list[tuple[str, ActiveBinding]]:
    return sorted(active.items(), key=lambda item: item[0].startswith("ctrl+"))


def keys_of_bindings(declared: Sequence[Any], keymap: Mapping[str, str]) -> tuple[FooterKey, ...]:
    """Return the keys of a pane without the focus, as the keymap file has moved them."""
    single: list[Binding] = []
    for binding in declared:
        if isinstance(binding, Binding):
            moved = keymap.get(binding.id or "")
            shown = binding if moved is None else binding.with_key(moved, None)
            names = (binding.key_display if moved is None else None,)
            single += [shown.with_key(key.strip(), *names) for key in shown.key.split(",")]
    return join_keys(single, in_full=True)


def join_keys(bindings: Iterable[Binding], in_full: bool = False) -> tuple[FooterKey, ...]:
    """Return one entry for each action, with all its keys and its label or full help text."""
    names: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for binding in bindings:
        of_action = names.setdefault(binding.action, [])
        if (name := key_name(binding)) not in of_action:
            of_action.append(name)
        words[binding.action] = (in_full and binding.tooltip) or binding.description
    return tuple(FooterKey(" ".join(names[action]), words[action], action) for action in names)


def key_name(binding: Binding) -> str:
    """Return the display name of a key: ``[``, ``esc``, ``→``."""
    return binding.key_display or key_label(binding.key)


def first_keys(keys: Iterable[FooterKey]) -> tuple[FooterKey, ...]:
    """Return each entry with its first key alone, as in the footer."""
    return tuple(key._replace(key=key.key.split()[0]) for key in keys)

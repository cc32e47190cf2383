"""The keys that do something now, by name: for the footer, the help and the palette."""

from collections.abc import Iterable, Mapping

from textual.binding import ActiveBinding

from workbench.situation import Situation, possible, space_does
from workbench.widgets.footer import Key

_SIGNS = {
    "right": "→", "left": "←", "up": "↑", "down": "↓", "escape": "esc", "question_mark": "?",
    "left_square_bracket": "[", "right_square_bracket": "]", "colon": ":", "full_stop": ".",
    "comma": ",", "pageup": "pgup", "pagedown": "pgdn", "left_parenthesis": "(",
    "right_parenthesis": ")", "slash": "/", "plus": "+", "minus": "-",
}  # fmt: skip


def footer_keys(
    situation: Situation, active: Mapping[str, ActiveBinding], app: object
) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """The keys of the focused pane and of everywhere, and those that always stay."""
    own = first_names(own_keys(active, app))
    wanted = [
        Key("space", space_does(situation), "app.train_or_pause"),
        Key("s", "one step", "app.one_step"),
        *([Key("r", "new run", "app.new_run")] if _is_new_run_near(situation) else []),
        Key("X", "stop", "app.stop"),
        Key("z", "zoom", "app.zoom"),
    ]
    everywhere = [key for key in wanted if possible(situation, key.action.removeprefix("app."))]
    space = [key for key in everywhere if key.key == "space"]
    rest = [key for key in everywhere if key.key != "space"]
    kept = (Key(":", "commands", "app.command_palette"), Key("?", "help", "app.help"))
    return (*space, *own, *rest), (*kept, Key("q", "quit", "app.leave"))


def _is_new_run_near(situation: Situation) -> bool:
    """Whether a new run is what comes next: values wait for it, or this one is over."""
    return bool(situation.waiting) or not situation.run.is_live


def own_keys(
    active: Mapping[str, ActiveBinding], app: object, hidden: bool = False
) -> tuple[Key, ...]:
    """The keys of the focused pane; with ``hidden`` also those the footer has no room for."""
    found: dict[str, Key] = {}
    for binding in active.values():
        is_own = binding.node is not app and binding.node.has_class("pane")
        if is_own and binding.enabled and (binding.binding.show or hidden):
            _put(found, binding)
    return tuple(found.values())


def app_keys(active: Mapping[str, ActiveBinding], app: object) -> tuple[Key, ...]:
    """The keys of everywhere."""
    found: dict[str, Key] = {}
    by_plain_key_first = sorted(active.items(), key=lambda item: item[0].startswith("ctrl+"))
    for _, binding in by_plain_key_first:
        is_global = binding.node is app or binding.binding.action.startswith("app.go_on")
        if is_global and binding.enabled and binding.binding.description:
            _put(found, binding)
    return tuple(found.values())


def _put(found: dict[str, Key], active: ActiveBinding) -> None:
    """Several keys of one action stand together."""
    binding = active.binding
    name = binding.key_display or _SIGNS.get(binding.key, binding.key)
    before = found.get(binding.action)
    keys = f"{before.key} {name}" if before and name not in before.key.split() else name
    found[binding.action] = Key(keys, binding.description, binding.action)


def first_names(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Each key by its first name alone, as the footer has it."""
    return tuple(key._replace(key=key.key.split()[0]) for key in keys)

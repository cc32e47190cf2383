"""What the Controls pane says about a setting: its bounds, its help, and why a value is refused."""

import difflib
from typing import Any

from seqlm import errors
from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from workbench.hints.setting_labels import format_bound, replace_setting_keys, setting_label
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.panes.controls.value_editing import evaluate_expression

_LONGEST_SHOWN = 40


def bounds(setting: Setting) -> str:
    """The values that would be right: ``0.000001 to 100``, ``sgd, adamw``, ``true or false``."""
    if setting.choices or setting.minimum is None or setting.maximum is None:
        return setting.bounds()
    above = "above " if setting.above else ""
    to = "below" if setting.below else "to"
    off = f", or {setting.without[0]}" if setting.optional else ""
    return f"{above}{format_bound(setting.minimum)} {to} {format_bound(setting.maximum)}{off}"


def explanation(setting: Setting, no_effect: str = "", usual: str = "") -> str:
    """What a setting does, what it may be, and its usual value; first why it does nothing now.

    Args:
        setting: How the configuration declares it.
        no_effect: Why it does nothing, as a sentence; else empty.
        usual: ``0.005 in names-gru``, where a preset has it; else the default is said.
    """
    about = setting.help
    if no_effect:
        about = f"{no_effect} {about[:1].upper()}{about[1:]}"
    unit = f" {setting.unit}" if setting.unit and setting.kind != "text" else ""
    usual = usual or f"default {setting.show(setting.default)}"
    if setting.kind == "text":
        return f"{about}; {usual}."
    return f"{about}. {bounds(setting)}{unit}; {usual}."


def format_typed(setting: Setting, value: Any, text: str, keys: KeyLabels = DEFAULT_KEYS) -> Any:
    """The value that a person typed over ``value``: ``3e-4``, ``*2``, ``/10``, ``off``, a word.

    Raises:
        RequestError: It is not possible; says why, what would be, and how to keep the old value.
    """
    wanted = evaluate_expression(setting, value, text.strip())
    try:
        return setting.parse(wanted)
    except errors.RequestError as error:
        words = _why_not(setting, wanted)
        or_leave = keys.substitute_keys(", or <controls.leave> to keep", CONTROLS_BINDINGS)
        keep = "" if setting.choices else f"{or_leave} {setting.show(value)}."
        raise errors.RequestError(words + keep, text) from error


def join_sentences(asked: RunConfig, key: str, value: Any) -> None:
    """Hold a new value against the other settings.

    Raises:
        RequestError: It does not go with another setting; names both.
    """
    try:
        dotted_keys.check(dotted_keys.with_value(asked, key, value))
    except errors.RequestError as error:
        words = replace_setting_keys(str(error))
        raise errors.RequestError(f"{words[:1].upper()}{words[1:].rstrip('.')}.", value) from error


def _why_not(setting: Setting, text: str) -> str:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    name, right = setting_label(setting.key), f"Type {bounds(setting)}"
    if setting.choices:
        return _unknown(name, text, shown, setting.choices)
    if setting.kind == "bool":
        return f'"{shown}" is neither true nor false. {right}'
    if setting.minimum is None or setting.maximum is None:
        return f'"{shown}" is not a possible {name}. {right}'
    number = _as_number(text)
    if number is None:
        return f'"{shown}" is not a number. {right}'
    return f"{shown} is {_side(number, setting.minimum, setting.maximum, name)}. {right}"


def _side(number: float, minimum: float, maximum: float, name: str) -> str:
    if number > maximum:
        return f"above {format_bound(maximum)}, the largest {name}"
    if number < minimum:
        return f"below {format_bound(minimum)}, the smallest {name}"
    is_end = number in (minimum, maximum)
    return f"just outside the possible {name}" if is_end else "not a whole number"


def _unknown(name: str, text: str, shown: str, choices: tuple[str, ...]) -> str:
    """A word that is not in the list: the nearest one, then the list."""
    article = "an" if name[:1] in "aeiou" else "a"
    near = difflib.get_close_matches(text, choices, n=1, cutoff=0.5)
    nearest = f" Nearest: {near[0]}." if near else ""
    return f'"{shown}" is not {article} {name}.{nearest} One of: {", ".join(choices)}.'


def _as_number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
    return number if number == number else None

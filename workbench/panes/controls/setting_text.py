"""Help and error messages of settings in the Controls pane."""

import difflib
from typing import Any

from seqlm import errors
from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from workbench.hints.setting_labels import replace_setting_keys, setting_label
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.panes.controls.value_editing import evaluate_expression

_LONGEST_SHOWN = 40


def explanation(setting: Setting, no_effect: str = "", usual: str = "") -> str:
    """Return the help of a setting: the reason if it has no effect, meaning, bounds, usual value.

    Args:
        setting: Metadata of the setting.
        no_effect: Reason why the setting has no effect, as a sentence; else empty.
        usual: Value in the preset, such as ``0.005 in names-gru``; if empty, the default is shown.
    """
    about = setting.help.removeprefix(f"{setting.term}: ")  # the row shows the term already
    about = f"{no_effect} {about[:1].upper()}{about[1:]}".lstrip()
    usual = usual or f"default {setting.format(setting.default)}"
    if setting.kind == "text":
        return f"{about}; {usual}."
    return f"{about}. Allowed: {setting.format_bounds(with_unit=True)}; {usual}."


def format_typed(setting: Setting, value: Any, text: str, keys: KeyLabels = DEFAULT_KEYS) -> Any:
    """Parse a typed value that replaces ``value``: ``3e-4``, ``*2``, ``/10``, ``off``, a word.

    Raises:
        RequestError: The value is not allowed; the message names the reason, the allowed values
            and the key that keeps the old value.
    """
    wanted = evaluate_expression(setting, value, text.strip())
    try:
        return setting.parse(wanted)
    except errors.RequestError as error:
        words = _why_not(setting, wanted)
        leave = keys.substitute_keys("; <controls.leave> keeps", CONTROLS_BINDINGS)
        keep = "" if setting.choices else f"{leave} {setting.format(value)}."
        raise errors.RequestError(words + keep, text) from error


def check_compatible(asked: RunConfig, key: str, value: Any) -> None:
    """Check that a new value is compatible with the other settings.

    Raises:
        RequestError: Two settings are incompatible; names both.
    """
    try:
        dotted_keys.check(dotted_keys.with_value(asked, key, value))
    except errors.RequestError as error:
        words = replace_setting_keys(str(error))
        raise errors.RequestError(f"{words[:1].upper()}{words[1:].rstrip('.')}.", value) from error


def _why_not(setting: Setting, text: str) -> str:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    if setting.choices:
        return _unknown(setting_label(setting.key), text, shown, setting.choices)
    return f'"{shown}" {setting.rejection_reason(text)}. Allowed: {setting.format_bounds()}'


def _unknown(name: str, text: str, shown: str, choices: tuple[str, ...]) -> str:
    """Return the error for a word that is not among the choices: the nearest one, then all."""
    near = difflib.get_close_matches(text, choices, n=1, cutoff=0.5)
    nearest = f" Nearest: {near[0]}." if near else ""
    return f'"{shown}" is not a valid {name}.{nearest} One of: {", ".join(choices)}.'

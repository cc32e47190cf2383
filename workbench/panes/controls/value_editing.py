"""New value of a setting: the next round value, half, double, or a typed expression."""

from collections.abc import Callable
from typing import Any

from seqlm import errors
from seqlm.configuration.schema import Setting
from workbench.hints.setting_labels import setting_label

_UNIT_STEPS_UP_TO = 32  # a whole number with a maximum this small goes up by one
_SMALLEST_STEP = 0.001  # where 1 2 5 downwards meets a minimum of 0
_LARGEST_STEP = 1000  # where 1 2 5 upwards meets "off", which means no limit
_BACK_FROM_OFF, _SHARE_BACK_FROM_OFF = 10, 0.5  # where the default is no number either


def next_value(setting: Setting, value: Any, direction: int) -> Any:
    """Return the next round value up (direction 1) or down (-1): 1 2 5, or the list of choices.

    At the end of the range, and for free text, return the value unchanged.
    """
    if setting.kind == "bool":
        return not value
    if setting.choices:
        place = setting.choices.index(value) if value in setting.choices else -1
        return setting.choices[(place + direction) % len(setting.choices)]
    if setting.minimum is None:
        return value
    return clamp(setting, value, _next_number(setting, value, direction))


def scale_value(setting: Setting, value: Any, factor: float) -> Any:
    """Return the value times a factor, within its bounds; a value that is not a number is unchanged."""
    if value is None or not is_number(setting):
        return value
    return clamp(setting, value, value * factor)


def is_number(setting: Setting) -> bool:
    """Return whether the values of a setting are numbers."""
    return setting.minimum is not None and not setting.choices


def evaluate_expression(setting: Setting, value: Any, text: str) -> str:
    """Return the typed text; ``*2`` and ``/10`` are applied to the current value.

    Raises:
        RequestError: The operand is not a number, or the current value is off.
    """
    if text[:1] not in ("*", "×", "/", "÷") or not is_number(setting):
        return text
    if value is None:
        name = setting_label(setting.key)
        raise errors.RequestError(f"{text} needs a number, but {name} is off. Type a number.", text)
    try:
        operand = float(text[1:].replace(",", ""))
        factor = operand if text[0] in "*×" else 1 / operand
    except (ValueError, ZeroDivisionError):
        raise errors.RequestError(f"{text} is not valid. Type *2, /10 or a number.", text) from None
    number = value * factor
    return f"{number:.0f}" if setting.kind == "int" else f"{number:.10g}"


def round_number(value: float, direction: int) -> float:
    """Return the next of 1, 2, 5 times a power of ten above or below a positive number."""
    exponent = int(f"{value:e}".partition("e")[2])
    ladder = [float(f"{m}e{e}") for e in range(exponent - 1, exponent + 2) for m in (1, 2, 5)]
    if direction > 0:
        return next(rung for rung in ladder if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(ladder) if rung < value * (1 - 1e-9))


def _next_number(setting: Setting, value: Any, direction: int) -> float | None:
    maximum = setting.maximum or 0
    if value is None:
        usual = _BACK_FROM_OFF if maximum > 1 else _SHARE_BACK_FROM_OFF
        back = usual if setting.default is None else setting.default
        return back if direction < 0 else None
    if setting.is_optional and direction > 0 and value >= min(_LARGEST_STEP, maximum):
        return None
    is_whole = setting.kind == "int"
    if is_whole and maximum <= _UNIT_STEPS_UP_TO:
        return float(value + direction)
    smallest = 1.0 if is_whole else _SMALLEST_STEP
    if direction > 0 and value == 0:
        return smallest
    if (
        direction < 0
        and setting.minimum == 0
        and value <= smallest
        and not setting.excludes_minimum
    ):
        return 0.0
    return round_number(float(value), direction)


def clamp(setting: Setting, value: Any, number: float | None) -> Any:
    """Return the number in the type of the setting, limited to its bounds.

    Where the bound itself is not allowed, return ``value``.
    """
    if number is None or setting.minimum is None or setting.maximum is None:
        return number
    convert: Callable[[float], float] = int if setting.kind == "int" else _short
    low, high = convert(setting.minimum), convert(setting.maximum)
    wanted = convert(number)
    if wanted < low or (setting.excludes_minimum and wanted <= low):
        return value if setting.excludes_minimum else low
    if wanted > high or (setting.excludes_maximum and wanted >= high):
        return value if setting.excludes_maximum else high
    return wanted


def _short(number: float) -> float:
    """Return the number without binary rounding errors: 0.30000000000000004 becomes 0.3."""
    return float(f"{number:.10g}")

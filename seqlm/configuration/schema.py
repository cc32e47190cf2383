"""Declaration of settings: the base of a settings group, one setting, and its conditions."""

import math
import re
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal, TypeAlias

from msgspec import Struct

from seqlm import errors

_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+")
OFF_WORDS = ("off", "none")
"""The words that turn an optional setting off, unless its declaration names others.

If ``0`` is one of them, the number 0 turns the setting off too.
"""


class SettingCondition(Struct, frozen=True):
    """A dependency of one setting on the value of another setting.

    Attributes:
        key: The dotted key of the other setting.
        values: Values of the other setting as they are typed; ``*`` stands for any characters.
        is_negated: True if the condition is met by all values except these.
        label: The condition as text, if the values do not explain it.
    """

    key: str
    values: tuple[str, ...]
    is_negated: bool = False
    label: str = ""

    def is_met_by(self, text: str) -> bool:
        """Return True if a value of the other setting, as it is typed, meets the condition."""
        return any(fnmatchcase(text, value) for value in self.values) != self.is_negated

    def format(self) -> str:
        """Return the condition as text: ``data.tokenizer=word``, ``train.clip not off``."""
        return (
            self.label
            or f"{self.key}{' not ' if self.is_negated else '='}{' or '.join(self.values)}"
        )


def only_if(key: str, *values: str, label: str = "") -> SettingCondition:
    """Return the condition that another setting has one of these values."""
    return SettingCondition(key, values, label=label)


def not_if(key: str, *values: str) -> SettingCondition:
    """Return the condition that another setting has none of these values."""
    return SettingCondition(key, values, is_negated=True)


SettingConditions: TypeAlias = dict[str, tuple[SettingCondition, ...]]
"""By name of a setting, the conditions that must all be met for the setting to have an effect."""


class ConfigSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings: immutable, with keyword arguments only and no unknown names.

    Attributes:
        conditions: Conditions under which a setting has an effect, by name of the setting.
    """

    conditions: ClassVar[SettingConditions] = {}


def unit_metadata(
    name: str, *, is_live: bool = False, off_words: tuple[str, ...] = OFF_WORDS
) -> dict[str, Any]:
    """Return the metadata of a setting that counts something.

    Args:
        name: The unit, e.g. ``steps``.
        is_live: True if the setting can change during training.
        off_words: The words that turn the setting off, if it is optional.
    """
    return {"unit": name, "is_live": is_live, "off_words": off_words}


class Setting(Struct, frozen=True, kw_only=True):
    """One setting as the configuration declares it.

    Attributes:
        key: Its dotted key, e.g. ``train.learning_rate``.
        kind: The type of its value.
        default: The default value.
        help: The standard term, a colon and its explanation; of a text, the allowed form.
        unit: The unit of a number; empty for none.
        is_live: True if the setting can change during training.
        choices: The allowed values of a choice.
        pattern: The regular expression of an allowed text.
        minimum: The lower bound of a number.
        maximum: The upper bound of a number.
        excludes_minimum: True if the lower bound itself is not allowed.
        excludes_maximum: True if the upper bound itself is not allowed.
        is_optional: True if the setting can be turned off; its value is None then.
        off_words: The words that turn an optional setting off.
        conditions: Conditions on other settings; all must be met for an effect.
    """

    key: str
    kind: Literal["int", "float", "bool", "text", "choice"]
    default: Any
    help: str
    unit: str = ""
    is_live: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    excludes_minimum: bool = False
    excludes_maximum: bool = False
    is_optional: bool = False
    off_words: tuple[str, ...] = OFF_WORDS
    conditions: tuple[SettingCondition, ...] = ()

    @property
    def term(self) -> str:
        """Standard term of the setting, e.g. ``Learning rate``: its help before the colon."""
        return self.help.partition(":")[0]

    def parse(self, text: str) -> Any:
        """Return the value of ``text`` in the setting's type and within its bounds.

        Raises:
            RequestError: The value is not allowed; names the setting, the text and the bounds.
        """
        if self.is_optional and text.strip().lower() in self.off_words:
            return None
        value = _PARSERS[self.kind](text.strip())
        if value is None or not self.is_allowed(self.normalize(value)):
            raise self.rejection(text)
        return self.normalize(value)

    def normalize(self, value: Any) -> Any:
        """Return the value, or None if it is a 0 that turns the setting off."""
        is_zero = self.kind in ("int", "float") and value == 0
        return None if self.is_optional and is_zero and "0" in self.off_words else value

    def format(self, value: Any) -> str:
        """Return the text that :meth:`parse` turns back into ``value``."""
        if value is None:
            return self.off_words[0]
        if isinstance(value, bool):
            return str(value).lower()
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    def format_rounded(self, value: Any) -> str:
        """Return a value for a message: a number with at most five significant digits."""
        is_rounded = isinstance(value, float) and math.isfinite(value)
        return self.format(float(f"{value:.5g}") if is_rounded else value)

    def is_allowed(self, value: Any) -> bool:
        """Return True if a value of the setting's type is within its bounds."""
        if value is None:
            return self.is_optional
        if self.choices:
            return value in self.choices
        if self.kind == "text":
            return bool(value and re.fullmatch(self.pattern or ".*", value, re.DOTALL))
        if self.minimum is None or self.maximum is None:
            return True
        is_low_enough = value < self.maximum if self.excludes_maximum else value <= self.maximum
        is_high_enough = value > self.minimum if self.excludes_minimum else value >= self.minimum
        return bool(is_low_enough and is_high_enough)

    def format_bounds(self, off: str = "", *, with_unit: bool = False) -> str:
        """Return the allowed values in words: ``1 to 8,192``, ``sgd, adam, adamw``.

        Args:
            off: The word for no value, if it is not the first of ``off_words``.
            with_unit: True to add the unit of a number: ``1 to 512 tokens``.
        """
        if self.choices:
            return ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        if self.minimum is None or self.maximum is None:
            return self.help.partition(": ")[2] or self.help
        above = "above " if self.excludes_minimum else ""
        to = "to below" if self.excludes_maximum else "to"
        or_off = f", or {off or self.off_words[0]}" if self.is_optional else ""
        unit = f" {self.unit}" if with_unit and self.unit else ""
        return (
            f"{above}{format_bound(self.minimum)} {to} {format_bound(self.maximum)}{unit}{or_off}"
        )

    def format_condition(self) -> str:
        """Return the conditions as text: ``data.tokenizer=word``; empty if there are none."""
        return " and ".join(condition.format() for condition in self.conditions)

    def rejection(self, text: str) -> errors.RequestError:
        """Return the error for a value that is not allowed; names the allowed values."""
        one_of = "one of: " if self.choices else "allowed: "
        return errors.invalid_value(self.key, text, one_of + self.format_bounds(), text)

    def rejection_reason(self, text: str) -> str:
        """Return the reason for a rejection as a clause: ``is not a number``."""
        if self.choices:
            return "is not one of the choices"
        if self.kind == "bool":
            return "is neither true nor false"
        if self.minimum is None or self.maximum is None:
            return "does not have the required form"
        number = _parse_number(text.replace(",", "").replace("_", ""))
        if number is None:
            return "is not a number"
        if number > self.maximum:
            return f"is above the maximum of {format_bound(self.maximum)}"
        if number < self.minimum:
            return f"is below the minimum of {format_bound(self.minimum)}"
        if self.excludes_maximum and number == self.maximum:
            return f"is not below {format_bound(self.maximum)}"
        if self.excludes_minimum and number == self.minimum:
            return f"is not above {format_bound(self.minimum)}"
        return "is not a whole number" if self.kind == "int" else "is not a number"


def format_bound(number: float) -> str:
    """Return a number without an exponent where possible: 0.000001, 8,192, 1,000,000."""
    if float(number).is_integer():
        return f"{int(number):,}"
    fixed = f"{number:,.9f}".rstrip("0")
    return fixed if float(fixed.replace(",", "")) else f"{number:g}"


def _parse_number(text: str) -> float | None:
    """Return the number that a text stands for, infinity included; None for NaN or no number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None


def _parse_int(text: str) -> int | None:
    if "," in text and not _GROUPED.fullmatch(text):
        return None  # a comma only separates thousands: 1,5 does not mean 15
    number = _parse_float(text.replace(",", ""))
    return int(number) if number is not None and number == number // 1 else None


def _parse_float(text: str) -> float | None:
    number = _parse_number(text)
    return number if number is not None and abs(number) < float("inf") else None


def _parse_bool(text: str) -> bool | None:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    return words.get(text.lower())


_PARSERS: dict[str, Any] = {
    "int": _parse_int,
    "float": _parse_float,
    "bool": _parse_bool,
    "text": str,
    "choice": str,
}

"""Declaration of settings: the base of a settings group, one setting, and its conditions."""

import re
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal, TypeAlias

from msgspec import Struct

from seqlm import errors

_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+")


class SettingCondition(Struct, frozen=True):
    """What a setting depends on: another one, and the values of that one that give it an effect.

    Attributes:
        key: The other setting by its dotted name.
        values: As they are typed; ``*`` stands for any characters.
        without: Whether it is all other values that give an effect.
    """

    key: str
    values: tuple[str, ...]
    without: bool = False

    def admits(self, text: str) -> bool:
        """Whether a value of the other setting, as it is typed, gives an effect."""
        return any(fnmatchcase(text, value) for value in self.values) != self.without

    def words(self) -> str:
        """The condition as it is typed: ``data.tokenizer=word``, ``train.clip not off``."""
        return f"{self.key}{' not ' if self.without else '='}{' or '.join(self.values)}"


def only_if(key: str, *values: str) -> SettingCondition:
    """An effect with these values of another setting alone."""
    return SettingCondition(key, values)


def not_if(key: str, *values: str) -> SettingCondition:
    """An effect with every other value of another setting."""
    return SettingCondition(key, values, without=True)


SettingConditions: TypeAlias = dict[str, tuple[SettingCondition, ...]]
"""By name of a setting, what it needs to have an effect: all of it."""


class ConfigSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings: immutable, made by name, closed to names it does not know.

    Attributes:
        only_with: What some settings need of other ones to have an effect, by their names.
    """

    only_with: ClassVar[SettingConditions] = {}


def unit_metadata(
    name: str, *, live: bool = False, without: tuple[str, ...] = ("off", "none")
) -> dict[str, Any]:
    """What a declaration tells of a number that counts something."""
    return {"unit": name, "live": live, "without": without}


class Setting(Struct, frozen=True, kw_only=True):
    """One setting as the configuration declares it.

    ``kind`` is how its text is read; ``minimum`` and ``maximum`` are the bounds, themselves outside
    where ``above`` and ``below`` say so; ``choices`` the words of a choice, ``pattern`` the form of a
    text, ``without`` the words for no value where that is ``optional``, ``live`` if a run may change it,
    ``only_with`` what it needs of other settings to have an effect.
    """

    key: str
    kind: Literal["int", "float", "bool", "text", "choice"]
    default: Any
    help: str
    unit: str = ""
    live: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    below: bool = False
    optional: bool = False
    without: tuple[str, ...] = ("off", "none")
    only_with: tuple[SettingCondition, ...] = ()

    def condition(self) -> str:
        """What it takes to have an effect: ``data.tokenizer=word``; empty for nothing."""
        return " and ".join(needed.words() for needed in self.only_with)

    def bounds(self, nothing: str = "") -> str:
        """The values that would be right, in words; ``nothing``: how no value is written there."""
        if self.choices:
            return ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        if self.minimum is None or self.maximum is None:
            return self.help
        above = "above " if self.above else ""
        to = "to below" if self.below else "to"
        off = f", or {nothing or self.without[0]}" if self.optional else ""
        return f"{above}{self.minimum:,.10g} {to} {self.maximum:,.10g}{off}"

    def parse(self, text: str) -> Any:
        """The value that ``text`` stands for, in its type and within its bounds.

        Raises:
            RequestError: Names the setting, the text and what would be right.
        """
        if self.optional and text.strip().lower() in self.without:
            return None
        value = _READERS[self.kind](text.strip())
        if value is None or not self.admits(value):
            raise self.refusal(text)
        return value

    def refusal(self, text: str) -> errors.RequestError:
        """What is wrong with a value that is written so, and what would be right."""
        article = "one of" if self.choices else "taken:"
        words = f"{self.key}={text} is not possible; {article} {self.bounds()}"
        return errors.RequestError(words, text)

    def show(self, value: Any) -> str:
        """The text that :meth:`parse` reads back as ``value``."""
        if value is None:
            return self.without[0]
        if isinstance(value, bool):
            return str(value).lower()
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    def admits(self, value: Any) -> bool:
        """Whether a value of its type is within its bounds."""
        if value is None:
            return self.optional
        if self.choices:
            return value in self.choices
        if self.kind == "text":
            return bool(value and re.fullmatch(self.pattern or ".*", value, re.DOTALL))
        if self.minimum is None or self.maximum is None:
            return True
        low_enough = value < self.maximum if self.below else value <= self.maximum
        high_enough = value > self.minimum if self.above else value >= self.minimum
        return bool(low_enough and high_enough)


def _read_int(text: str) -> int | None:
    if "," in text and not _GROUPED.fullmatch(text):
        return None  # a comma parts thousands alone: 1,5 is no 15
    number = _read_float(text.replace(",", ""))
    return int(number) if number is not None and number == number // 1 else None


def _read_float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _read_bool(text: str) -> bool | None:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    return words.get(text.lower())


_READERS: dict[str, Any] = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "text": str,
    "choice": str,
}

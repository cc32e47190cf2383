"""What a group of settings is, and what one setting may need of another to have an effect."""

from fnmatch import fnmatchcase
from typing import Any, ClassVar, TypeAlias

from msgspec import Struct


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

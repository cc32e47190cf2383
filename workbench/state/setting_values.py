"""Of each setting what is asked for, what the run began with and what holds now."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig


class _Absent:
    """Stands for the value of a setting that another model family does not have."""


ABSENT = _Absent()


class SettingValues(Struct, frozen=True):
    """The values of one setting; a run whose family does not have it holds ``ABSENT``."""

    wanted: Any
    begun: Any
    now: Any

    @property
    def waits(self) -> bool:
        """Whether another value is asked for; a planned change moves one without being asked."""
        return self.wanted not in (self.begun, self.now)


def setting_values(
    asked: RunConfig, running: RunConfig | None, in_force: Mapping[str, Any]
) -> dict[str, SettingValues]:
    """The values of every setting by its dotted name.

    Args:
        asked: What a new run would be made of.
        running: What the run on the screen was made of; None before there is one.
        in_force: Live values as they are now.
    """
    wanted = _values(asked)
    begun = dict.fromkeys(wanted, ABSENT) | _values(running) if running else wanted
    return {
        key: SettingValues(wanted[key], begun[key], in_force.get(key, begun[key])) for key in wanted
    }


def with_in_force(config: RunConfig, in_force: Mapping[str, Any]) -> RunConfig:
    """A configuration in which a setting may have the live value that holds now, too."""
    keys = [key for key in dotted_keys.live_keys(config) if key in in_force]
    changes = tuple(Change(key=key, value=in_force[key], step=0) for key in keys)
    return replace(config, changes=(*config.changes, *changes))


def _values(config: RunConfig) -> dict[str, Any]:
    return {s.key: dotted_keys.value_of(config, s.key) for s in dotted_keys.settings_of(config)}

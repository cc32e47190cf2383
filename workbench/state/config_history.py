"""Pending configuration with undo; requested, initial and current value of each setting."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.presets import preset_config
from workbench.state.undo_history import UndoHistory


class LiveChange(NamedTuple):
    """Change of a live setting of a running run."""

    key: str
    old: Any
    new: Any


class ConfigHistory(Struct, frozen=True):
    """Configuration of the next run, with undo and redo of every change.

    Attributes:
        config: Configuration of the next run.
        history: Earlier configurations, and changes of live settings of the run.
    """

    config: RunConfig
    history: UndoHistory[RunConfig | LiveChange] = UndoHistory()

    @property
    def can_undo(self) -> bool:
        """True if there is a change to undo."""
        return bool(self.history.past)

    @property
    def can_redo(self) -> bool:
        """True if there is a change to redo."""
        return bool(self.history.future)

    def with_value(self, key: str, value: Any) -> "ConfigHistory":
        """Set a value for the next run.

        Raises:
            RequestError: The value is out of bounds or conflicts with another setting.
        """
        setting = dotted_keys.find(self.config, key)
        if not setting.is_allowed(value):
            raise setting.rejection(setting.format(value))
        config = dotted_keys.with_value(self.config, key, value)
        dotted_keys.check(config)
        return self.with_config(config)

    def with_preset(self, name: str) -> "ConfigHistory":
        """Use a preset for the next run.

        Raises:
            RequestError: There is no preset of this name.
        """
        return self.with_config(preset_config(name))

    def with_config(self, config: RunConfig) -> "ConfigHistory":
        """Use this configuration for the next run."""
        return ConfigHistory(config, self.history.record(self.config))

    def with_live(self, change: LiveChange) -> "ConfigHistory":
        """Record a change of a live setting of the run."""
        return replace(self, history=self.history.record(change))

    def with_run_started(self) -> "ConfigHistory":
        """Forget changes of live settings: they belong to the run before and cannot be undone."""
        past = tuple(entry for entry in self.history.past if not isinstance(entry, LiveChange))
        return replace(self, history=UndoHistory(past))

    def undo(self) -> tuple["ConfigHistory", LiveChange | None]:
        """Undo the last change.

        Returns:
            The history, and the live setting to set back if the last change was one.
        """
        if not self.can_undo:
            return self, None
        last = self.history.past[-1]
        if isinstance(last, LiveChange):
            back = LiveChange(last.key, last.new, last.old)
            return replace(self, history=self.history.undo(last)), back
        return ConfigHistory(last, self.history.undo(self.config)), None

    def redo(self) -> tuple["ConfigHistory", LiveChange | None]:
        """Redo the change that was undone last.

        Returns:
            The history, and the live setting to set again if the change was one.
        """
        if not self.can_redo:
            return self, None
        following = self.history.future[0]
        if isinstance(following, LiveChange):
            return replace(self, history=self.history.redo(following)), following
        return ConfigHistory(following, self.history.redo(self.config)), None


class _Absent:
    """Value of a setting that another model family does not have."""


ABSENT = _Absent()


class SettingValues(Struct, frozen=True):
    """Values of one setting; ``ABSENT`` where the model family of the run does not have the setting.

    Attributes:
        requested: Value in the configuration of the next run.
        initial: Value the run started with.
        current: Value that is used now.
    """

    requested: Any
    initial: Any
    current: Any

    @property
    def is_pending(self) -> bool:
        """True if the next run would use another value; a scheduled change is not pending."""
        return self.requested not in (self.initial, self.current)

    def editable(self, is_live: bool) -> Any:
        """Return the value that a relative change (half, double, next) starts from."""
        return self.current if is_live and not self.is_pending else self.requested


def setting_values(
    pending: RunConfig, running: RunConfig | None, live_values: Mapping[str, Any]
) -> dict[str, SettingValues]:
    """Return the values of every setting by dotted key.

    Args:
        pending: Configuration of the next run.
        running: Configuration of the displayed run; None before there is a run.
        live_values: Current values of the live settings.
    """
    requested = _values(pending)
    initial = dict.fromkeys(requested, ABSENT) | _values(running) if running else requested
    return {
        key: SettingValues(requested[key], initial[key], live_values.get(key, initial[key]))
        for key in requested
    }


def with_live_values(config: RunConfig, live_values: Mapping[str, Any]) -> RunConfig:
    """Return a configuration that also holds the current live values, as changes at step 0."""
    keys = [key for key in dotted_keys.live_keys(config) if key in live_values]
    changes = tuple(Change(key=key, value=live_values[key], step=0) for key in keys)
    return replace(config, changes=(*config.changes, *changes))


def _values(config: RunConfig) -> dict[str, Any]:
    return {s.key: dotted_keys.value_of(config, s.key) for s in dotted_keys.settings_of(config)}

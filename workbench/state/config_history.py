"""What a person wants of a run, and how to take it back: a value with a memory."""

from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import preset_config

_MAX_UNDO = 200


class LiveChange(NamedTuple):
    """A live value of a run that goes: what it was and what it became."""

    key: str
    old: Any
    new: Any


class ConfigHistory(Struct, frozen=True):
    """The configuration a new run would have, with what was asked for before.

    Attributes:
        config: What a new run would be made of.
        past: What undo goes back to: a configuration, or a live value of the run.
        future: What redo does again.
    """

    config: RunConfig
    past: tuple[RunConfig | LiveChange, ...] = ()
    future: tuple[RunConfig | LiveChange, ...] = ()

    def with_value(self, key: str, value: Any) -> "ConfigHistory":
        """Ask for another value in a new run.

        Raises:
            RequestError: It is out of its bounds, or does not go together with the other settings.
        """
        setting = dotted_keys.find(self.config, key)
        if not setting.is_allowed(value):
            raise setting.rejection(setting.format(value))
        config = dotted_keys.with_value(self.config, key, value)
        dotted_keys.check(config)
        return self.with_config(config)

    def with_preset(self, name: str) -> "ConfigHistory":
        """Ask for a new run of another preset.

        Raises:
            RequestError: There is none of this name.
        """
        return self.with_config(preset_config(name))

    def with_config(self, config: RunConfig) -> "ConfigHistory":
        """Ask for a new run of this configuration."""
        return replace(self, config=config, past=self._remembered(self.config), future=())

    def with_live(self, change: LiveChange) -> "ConfigHistory":
        """Note that a live value of the run was changed."""
        return replace(self, past=self._remembered(change), future=())

    def begun(self) -> "ConfigHistory":
        """A new run was begun: what was changed while another one went cannot be taken back in it."""
        past = tuple(one for one in self.past if not isinstance(one, LiveChange))
        return replace(self, past=past, future=())

    def undone(self) -> tuple["ConfigHistory", LiveChange | None]:
        """Before the last change; where that was a live value, what to set now."""
        if not self.past:
            return self, None
        last, past = self.past[-1], self.past[:-1]
        if isinstance(last, LiveChange):
            back = LiveChange(last.key, last.new, last.old)
            return replace(self, past=past, future=(last, *self.future)), back
        return replace(self, config=last, past=past, future=(self.config, *self.future)), None

    def redone(self) -> tuple["ConfigHistory", LiveChange | None]:
        """After the change that was taken back last; a live value is to be set now."""
        if not self.future:
            return self, None
        first, future = self.future[0], self.future[1:]
        if isinstance(first, LiveChange):
            return replace(self, past=self._remembered(first), future=future), first
        past = self._remembered(self.config)
        return replace(self, config=first, past=past, future=future), None

    def _remembered(self, last: RunConfig | LiveChange) -> tuple[RunConfig | LiveChange, ...]:
        return (*self.past, last)[-_MAX_UNDO:]

"""Live settings: the training settings that may change during a run, and their scheduled changes."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.run_config import Change, RunConfig, TrainConfig
from seqlm.protocol.events import ScheduledChange, ValueChanged


class LiveSettings(Struct, frozen=True, kw_only=True):
    """Values of the training settings that the configuration declares ``live``.

    Fields have the names, types and order of the fields of
    :class:`~seqlm.configuration.run_config.TrainConfig`.
    """

    steps: int
    learning_rate: float
    weight_decay: float
    clip: float | None
    evaluate_every: int
    patience: int | None
    pace: float | None

    @classmethod
    def from_config(cls, train: TrainConfig) -> "LiveSettings":
        """Return the values of a configuration."""
        return cls(**{name: getattr(train, name) for name in cls.__struct_fields__})

    def value_of(self, key: str) -> Any:
        """Return the value of a setting by its dotted key.

        Raises:
            KeyError: The setting is not live.
        """
        return getattr(self, FIELD_OF_KEY[key])

    def with_values(self, values: dict[str, Any]) -> "LiveSettings":
        """Return a copy with other values, given by dotted key.

        Raises:
            KeyError: A setting is not live.
        """
        return replace(self, **{FIELD_OF_KEY[key]: value for key, value in values.items()})

    def by_key(self) -> dict[str, Any]:
        """Return all values by dotted key, in the order of the fields."""
        return {key: getattr(self, name) for key, name in FIELD_OF_KEY.items()}


FIELD_OF_KEY: dict[str, str] = {f"train.{name}": name for name in LiveSettings.__struct_fields__}
"""Field name of each live setting by its dotted key."""


class LiveSettingsSchedule:
    """Current live settings and the changes scheduled for later steps.

    Attributes:
        current: The values in use.
        scheduled: Changes that are not applied yet, ordered by step: those of the configuration and
            those requested during the run.
    """

    def __init__(self, config: RunConfig) -> None:
        self.current = LiveSettings.from_config(config.train)
        self.scheduled = [ScheduledChange(c, None) for c in config.changes if c.key in FIELD_OF_KEY]

    def add(self, change: Change, command_id: str | None) -> None:
        """Schedule a change for ``change.step``; a step that is already done means as soon as possible.

        Args:
            change: The setting, its new value and the number of completed steps at which it applies.
            command_id: Id of the command that requested the change; None for a planned change.
        """
        self.scheduled.append(ScheduledChange(change, command_id))
        self.scheduled.sort(key=lambda scheduled: scheduled.change.step)

    def add_logged(self, event: ValueChanged) -> None:
        """Schedule a change that the event log reports, for the step at which it was applied."""
        change = Change(key=event.key, value=event.new, step=event.step)
        self.add(change, event.command_id)

    def has_change_of(self, key: str) -> bool:
        """Return True if a change of this setting is scheduled."""
        return any(change.key == key for change, _ in self.scheduled)

    def is_due(self, step: int) -> bool:
        """Return True if a scheduled change applies once ``step`` steps are done."""
        return bool(self.scheduled) and self.scheduled[0].change.step <= step

    def apply_next(self) -> tuple[ScheduledChange, Any]:
        """Apply the next scheduled change.

        Returns:
            The change, and the value of its setting before.
        """
        scheduled = self.scheduled.pop(0)
        key, old = scheduled.change.key, self.current.value_of(scheduled.change.key)
        self.current = self.current.with_values({key: scheduled.change.value})
        return scheduled, old

    def settings_at(self, step: int) -> LiveSettings:
        """Return the values once ``step`` steps are done and all changes due by then are applied."""
        due = (change for change, _ in self.scheduled if change.step <= step)
        return self.current.with_values({change.key: change.value for change in due})

    @property
    def final_step(self) -> int:
        """Number of steps after which training ends, scheduled changes of this number included."""
        n_steps = self.current.steps
        for change, _ in self.scheduled:
            if change.key == "train.steps" and change.step <= n_steps:
                n_steps = change.value
        return n_steps

    def restore(self, values: dict[str, Any], scheduled: list[ScheduledChange]) -> None:
        """Continue from a checkpoint; a setting that the checkpoint does not have keeps its value.

        Args:
            values: Values by dotted key.
            scheduled: Changes that were not applied yet.
        """
        known = {key: value for key, value in values.items() if key in FIELD_OF_KEY}
        self.current = self.current.with_values(known)
        self.scheduled = list(scheduled)

"""The values that may change while a training goes, and the changes that wait for their step."""

from typing import Any

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.training.trainer_state import ScheduledChange, TrainerState


class LiveSettings:
    """What holds now, and what will.

    Attributes:
        values: The live values in force, by key.
        waiting: Changes to come, planned ones and those asked for, in the order of their steps.
    """

    def __init__(self, config: RunConfig) -> None:
        self.values = {
            key: dotted_keys.value_of(config, key) for key in dotted_keys.live_keys(config)
        }
        self.waiting = [ScheduledChange(c, None) for c in config.changes if c.key in self.values]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def change(self, change: Change, command_id: str | None) -> None:
        """Let a value take force when ``change.step`` steps are done, or at once if they are."""
        self.waiting.append(ScheduledChange(change, command_id))
        self.waiting.sort(key=lambda waiting: waiting.change.step)

    def is_waiting(self, key: str) -> bool:
        """Whether a change of this value is still to come."""
        return any(change.key == key for change, _ in self.waiting)

    def is_due(self, step: int) -> bool:
        """Whether a change takes force when ``step`` steps are done."""
        return bool(self.waiting) and self.waiting[0].change.step <= step

    def take_next(self) -> tuple[ScheduledChange, Any]:
        """Let the next change take force: the change, and the value before."""
        waiting = self.waiting.pop(0)
        key = waiting.change.key
        old, self.values[key] = self.values[key], waiting.change.value
        return waiting, old

    def value_after(self, key: str, step: int) -> Any:
        """The value when ``step`` steps are done and every change due until then is made."""
        value = self.values[key]
        for change, _ in self.waiting:
            if change.key == key and change.step <= step:
                value = change.value
        return value

    @property
    def steps_to_do(self) -> int:
        """The number of steps after which training ends, changes that wait included."""
        n_steps: int = self.values["train.steps"]
        for change, _ in self.waiting:
            if change.key == "train.steps" and change.step <= n_steps:
                n_steps = change.value
        return n_steps

    def restore(self, position: TrainerState) -> None:
        """Stand where a checkpoint was taken; a setting that is newer than it keeps its own value."""
        self.values |= position.values
        self.waiting = list(position.waiting)

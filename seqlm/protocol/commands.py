"""What a person may tell a worker. Each command has an id, and its answer is the event that names it."""

from typing import Any, TypeAlias

from msgspec import Struct

from seqlm.configuration.run_config import Change


class _Command(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str


class Start(_Command, frozen=True, kw_only=True):
    """Make a run of this recipe and train it. ``name`` is the run's name; None: made from the preset."""

    recipe: str
    name: str | None = None


class Resume(_Command, frozen=True, kw_only=True):
    """Go on with the run in this directory from its last checkpoint, after changing live values."""

    run: str
    words: list[str] = []


class Read(_Command, frozen=True, kw_only=True):
    """Load the weights of the run in this directory, for queries alone."""

    run: str


class Pause(_Command, frozen=True, kw_only=True):
    """Wait after the step that is being done."""


class Continue(_Command, frozen=True, kw_only=True):
    """Go on training; ``n_steps`` steps and wait again, or to the end."""

    n_steps: int | None = None


class Stop(_Command, frozen=True, kw_only=True):
    """Write a checkpoint and end."""


class SetValue(_Command, frozen=True, kw_only=True):
    """Give a live setting a new value once ``step`` steps are done, or at once if they are.

    The answer says when: where the value waits for its step, it comes before that step.
    """

    key: str
    value: Any
    step: int = 0

    def change(self) -> Change:
        """What is asked for, as a change."""
        return Change(key=self.key, value=self.value, step=self.step)


Command: TypeAlias = Start | Resume | Read | Pause | Continue | Stop | SetValue

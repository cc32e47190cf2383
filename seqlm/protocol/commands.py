"""Commands to a worker; each has an id, and the response is the event with that id."""

from typing import Any, TypeAlias

from msgspec import Struct

from seqlm.configuration.run_config import Change


class _Command(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str


class Start(_Command, frozen=True, kw_only=True):
    """Create a run from a recipe and train it; ``name`` None means a name made from the preset.

    With ``n_steps`` the run trains for that many steps and pauses.
    """

    recipe: str
    name: str | None = None
    n_steps: int | None = None


class Resume(_Command, frozen=True, kw_only=True):
    """Resume the run in this directory from its last checkpoint, after changing live settings.

    With ``n_steps`` the run trains for that many steps and pauses.
    """

    run: str
    words: list[str] = []
    n_steps: int | None = None


class Read(_Command, frozen=True, kw_only=True):
    """Load the weights of the run in this directory, for queries only."""

    run: str


class Pause(_Command, frozen=True, kw_only=True):
    """Pause training after the current step."""


class Continue(_Command, frozen=True, kw_only=True):
    """Continue training for ``n_steps`` steps and pause again, or to the end if None."""

    n_steps: int | None = None


class Stop(_Command, frozen=True, kw_only=True):
    """Save a checkpoint and stop."""


class SetValue(_Command, frozen=True, kw_only=True):
    """Change a live setting after ``step`` steps, or at once if they are done.

    The response names the step of the change; for a later step it is sent immediately.
    """

    key: str
    value: Any
    step: int = 0

    def change(self) -> Change:
        """Return the requested change."""
        return Change(key=self.key, value=self.value, step=self.step)


Command: TypeAlias = Start | Resume | Read | Pause | Continue | Stop | SetValue

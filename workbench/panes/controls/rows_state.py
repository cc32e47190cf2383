"""What the Controls pane shows in a situation: its rows, the size of the model, the line of the run."""

from functools import lru_cache
from typing import Any

from msgspec import Struct

from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.run_config import RunConfig
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.panes.controls.rows import ControlRow, control_rows
from workbench.state.app_state import AppState
from workbench.state.recipe_text import recipe_text


class ControlsState(Struct, frozen=True):
    """The pane's content.

    Attributes:
        rows: The settings that have an effect, or were set.
        n_parameters: Of the model on the screen; None where the vocabulary is not known yet.
        n_asked: Of the model that a new run would have, likewise.
        n_waiting: How many values were asked for and are not in force.
        learns_by_counting: Whether there is nothing to train by steps, and so no rate that matters.
        line: What gives the run again.
        can_undo: Whether there is a change to take back.
        can_redo: Whether there is one to make again.
        keys: How the keys are called.
    """

    rows: tuple[ControlRow, ...] = ()
    n_parameters: int | None = None
    n_asked: int | None = None
    n_waiting: int = 0
    learns_by_counting: bool = False
    line: str = ""
    can_undo: bool = False
    can_redo: bool = False
    keys: KeyLabels = DEFAULT_KEYS

    @property
    def needs_new_run(self) -> bool:
        """Whether a value that waits takes a new run; the others take force when training goes on."""
        return any(row.is_new_run for row in self.rows)


def controls_state(
    situation: AppState, can_undo: bool = False, can_redo: bool = False
) -> ControlsState:
    """The settings as rows. Sampling is the screen's own: what is asked for is in force at once."""
    run, asked = situation.run, situation.pending_config
    rows = _rows(
        asked,
        situation.run_config,
        tuple(run.values.items()),
        tuple(change.key for change in run.changes),
        run.n_changes,
    )
    return ControlsState(
        rows=rows,
        n_parameters=run.n_parameters if run.run else _n_parameters(situation, situation.config),
        n_asked=_n_parameters(situation, asked),
        n_waiting=len(situation.pending_keys),
        learns_by_counting=asked.model.learns_by_counting,
        line=recipe_text(situation),
        can_undo=can_undo,
        can_redo=can_redo,
        keys=situation.keys,
    )


@lru_cache(maxsize=2)
def _rows(
    asked: RunConfig,
    running: RunConfig | None,
    values: tuple[tuple[str, Any], ...],
    changed: tuple[str, ...],
    n_changes: int,
) -> tuple[ControlRow, ...]:
    """The rows; ``changed`` names the settings of the latest of ``n_changes`` changes."""
    sample = asked.sample
    in_force = {f"sample.{name}": getattr(sample, name) for name in sample.__struct_fields__}
    marks: dict[str, tuple[int, ...]] = {}
    for number, key in enumerate(changed, n_changes - len(changed) + 1):
        marks[key] = (*marks.get(key, ()), number)
    return control_rows(asked, running, in_force | dict(values), marks)


def _n_parameters(situation: AppState, config: RunConfig) -> int | None:
    """Of a configuration on the text that is on the screen; of another text V is not known."""
    preview = situation.preview
    if preview is None or config.data != situation.config.data:
        return None
    return count_parameters(config.model, len(preview.vocabulary), preview.has_end)

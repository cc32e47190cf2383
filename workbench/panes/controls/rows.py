"""Rows of the Controls pane: one for each setting of the run, and the content of the pane."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.configuration.schema import Setting, SettingCondition
from seqlm.presets import PRESETS
from seqlm.runspec import relevance
from workbench.hints.setting_labels import setting_label
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.render.number_format import MISSING, format_count, format_counted
from workbench.state.app_state import AppState
from workbench.state.config_history import (
    ABSENT,
    SettingValues,
    setting_values,
    with_live_values,
)
from workbench.state.recipe_text import recipe_text

PRESET_KEY = "preset"
RATE_KEY, SCHEDULE_KEY = "train.learning_rate", "train.schedule"


class SettingsGroup(NamedTuple):
    """Heading of a group of settings, and whether they are live."""

    name: str
    is_live: bool


SECTIONS = (
    SettingsGroup("training", True),
    SettingsGroup("model", False),
    SettingsGroup("training", False),
    SettingsGroup("data", False),
    SettingsGroup("sampling", True),
)
_NAMES = {"train": "training", "model": "model", "data": "data", "sample": "sampling"}
_FIRST = (
    "train.learning_rate",
    "train.weight_decay",
    "train.clip",
    "train.evaluate_every",
    "train.pace",
    "train.steps",
    "train.patience",
    "train.batch",
    "train.optimizer",
    "train.momentum",
    "train.schedule",
)
"""Settings that come first; the others follow in the order of their declaration."""


class ControlRow(Struct, frozen=True):
    """Row of one setting.

    Attributes:
        setting: Metadata of the setting.
        section: Group of the setting; None for the preset.
        label: Display name.
        value: Requested value in its type; None is off.
        value_text: Current value as text.
        pending_text: Requested value as text if it is not the current one; else None.
        marks: Numbers of its changes during the run.
        no_effect: Reason why the setting has no effect with the other settings; else empty.
        usual: Value in the preset and name of the preset; else empty.
        plan: What the recipe plans for the setting, the longest form first; empty without a plan.
    """

    setting: Setting
    section: SettingsGroup | None
    label: str
    value: Any
    value_text: str
    pending_text: str | None = None
    marks: tuple[int, ...] = ()
    no_effect: str = ""
    usual: str = ""
    plan: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Dotted name, e.g. ``train.learning_rate``."""
        return self.setting.key

    @property
    def kind(self) -> str:
        """Type of the value: int, float, bool, text or choice."""
        return self.setting.kind

    @property
    def live(self) -> bool:
        """True if the setting can change during a run."""
        return self.setting.is_live

    @property
    def is_new_run(self) -> bool:
        """True if the pending value needs a new run."""
        return self.pending_text is not None and not self.live


def control_rows(
    asked: RunConfig,
    running: RunConfig | None,
    in_force: Mapping[str, Any],
    marks: Mapping[str, tuple[int, ...]] = {},
    planned: Sequence[Change] = (),
) -> tuple[ControlRow, ...]:
    """Return the settings as rows: the preset, then group by group.

    A setting without effect is left out, unless the user has set it or it is live in the shown run.

    Args:
        asked: Configuration of the next run.
        running: Configuration of the shown run; None before there is one.
        in_force: Current live values by dotted key.
        marks: Numbers of the changes of each setting.
        planned: Changes of the recipe that are still to come.
    """
    held, here = setting_values(asked, running, in_force), with_live_values(asked, in_force)
    shown, steered = relevance.shown_keys(here), _steered(running, in_force)
    found, plans = [], _plans(running or asked, planned)
    for key in (key for key in held if key in shown | steered):
        setting, values = dotted_keys.find(asked, key), held[key]
        if key not in shown:  # what is asked for a model that has no such thing means nothing
            values = replace(values, requested=values.current)
        lacking = None if key in steered else relevance.unmet_condition(here, key)
        row = _row(setting, values, marks.get(key, ()))
        no_effect = _why_not(asked, lacking) if lacking else ""
        usual = _usual(asked.preset, setting)
        found.append(replace(row, no_effect=no_effect, usual=usual, plan=plans.get(key, ())))
    return (_preset_row(asked, running), *sorted(found, key=_place))


def first_row(rows: Sequence[ControlRow]) -> int:
    """Return the initial cursor: the learning rate, or the first live setting."""
    keys = [row.key for row in rows]
    if "train.learning_rate" in keys:
        return keys.index("train.learning_rate")
    return next((i for i, row in enumerate(rows) if row.live), 0)


def _steered(running: RunConfig | None, in_force: Mapping[str, Any]) -> set[str]:
    """Return the live settings that have an effect in the shown run."""
    if running is None:
        return set()
    here = with_live_values(running, in_force)
    return {key for key in dotted_keys.live_keys(running) if relevance.is_relevant(here, key)}


def _place(row: ControlRow) -> tuple[int, int]:
    first = _FIRST.index(row.key) if row.key in _FIRST else len(_FIRST)
    return SECTIONS.index(row.section) if row.section else -1, first


def _preset_row(asked: RunConfig, running: RunConfig | None) -> ControlRow:
    setting = Setting(
        key=PRESET_KEY,
        kind="choice",
        default=None,
        help="Preset: a named configuration; <controls.edit> opens the list",
        choices=tuple(PRESETS),
    )
    shown = running.preset if running else asked.preset
    waiting = asked.preset if asked.preset != shown else None
    return ControlRow(setting, None, "preset", asked.preset, shown, waiting)


def _row(setting: Setting, held: SettingValues, marks: tuple[int, ...]) -> ControlRow:
    now = held.current if setting.is_live else held.initial
    prefix = setting.key.rpartition(".")[0]
    return ControlRow(
        setting,
        SettingsGroup(_NAMES.get(prefix, "model"), setting.is_live),
        setting_label(setting.key),
        held.editable(setting.is_live),
        MISSING if now is ABSENT else setting.format(now),
        setting.format(held.requested) if held.is_pending else None,
        marks,
    )


def _usual(name: str, setting: Setting) -> str:
    preset = PRESETS.get(name)
    if preset is None or setting.key not in {s.key for s in dotted_keys.settings_of(preset.config)}:
        return ""
    value = dotted_keys.value_of(preset.config, setting.key)
    return f"{setting.format(value)} in {name}"


def _plans(config: RunConfig, planned: Sequence[Change]) -> dict[str, tuple[str, ...]]:
    """Return what the recipe plans for each setting, in several lengths.

    A plan for the learning rate belongs to the schedule, too: it stays there when it is done.
    """
    found: dict[str, tuple[str, ...]] = {}
    for change in reversed(planned):  # the next change of a setting wins
        value = dotted_keys.find(config, change.key).format(change.value)
        step = format_count(change.step)
        found[change.key] = (
            f"then {value} at step {step}",
            f"then {value} at {step}",
            f"then {value}",
        )
    end = config.train.steps
    changes = [c for c in config.planned.changes if c.step < end]
    n = sum(change.key == RATE_KEY for change in changes)
    if n:
        texts = f"+ {format_counted(n, 'planned change')}", "+ planned", "+ plan"
        found[SCHEDULE_KEY] = (f"{texts[0]} of the rate", *texts)
    return found


def _why_not(config: RunConfig, lacking: SettingCondition) -> str:
    """Return why a setting has no effect, as a sentence that names the unmet condition."""
    if lacking == relevance.TRAINED:
        return "No effect on counts: nothing is trained."
    other = dotted_keys.find(config, lacking.key)
    if lacking.is_negated:
        now = other.format(dotted_keys.value_of(config, other.key))
        return f"No effect while {setting_label(other.key)} is {now}."
    return f"No effect unless {setting_label(other.key)} is {' or '.join(lacking.values)}."


class ControlsState(Struct, frozen=True):
    """Content of the Controls pane.

    Attributes:
        rows: Settings that have an effect or were set.
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
        """True if a pending change needs a new run; the others apply when training continues."""
        return any(row.is_new_run for row in self.rows)


def controls_state(
    state: AppState, can_undo: bool = False, can_redo: bool = False
) -> ControlsState:
    """Return the content for a state. Sampling settings apply at once: they belong to the workbench."""
    run, asked = state.run, state.pending_config
    rows = _cached_rows(
        asked,
        state.run_config,
        tuple(run.values.items()),
        tuple(change.key for change in run.changes),
        run.n_changes,
        state.planned_changes,
    )
    return ControlsState(
        rows=rows,
        n_parameters=run.n_parameters if run.run else _parameter_count(state, state.config),
        n_asked=_parameter_count(state, asked),
        n_waiting=len(state.pending_keys),
        learns_by_counting=asked.model.learns_by_counting,
        line=recipe_text(state),
        can_undo=can_undo,
        can_redo=can_redo,
        keys=state.keys,
    )


@lru_cache(maxsize=2)
def _cached_rows(
    asked: RunConfig,
    running: RunConfig | None,
    values: tuple[tuple[str, Any], ...],
    changed: tuple[str, ...],
    n_changes: int,
    planned: tuple[Change, ...],
) -> tuple[ControlRow, ...]:
    """Return the rows; ``changed`` names the settings of the latest of ``n_changes`` changes."""
    sample = asked.sample
    in_force = {f"sample.{name}": getattr(sample, name) for name in sample.__struct_fields__}
    marks: dict[str, tuple[int, ...]] = {}
    for number, key in enumerate(changed, n_changes - len(changed) + 1):
        marks[key] = (*marks.get(key, ()), number)
    return control_rows(asked, running, in_force | dict(values), marks, planned)


def _parameter_count(state: AppState, config: RunConfig) -> int | None:
    """Return the parameter count of a configuration; None without the vocabulary of its corpus."""
    preview = state.preview
    if preview is None or config.data != state.config.data:
        return None
    return count_parameters(config.model, len(preview.vocabulary), preview.has_end)

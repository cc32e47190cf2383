"""Everything the screen is drawn from, in one frozen value, and what can be done in it."""

from functools import lru_cache
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, DataConfig, RunConfig
from seqlm.data.corpus_registry import CORPORA
from seqlm.presets import Preset
from seqlm.runs.run_state import Status
from seqlm.runspec import relevance
from seqlm.runspec.baselines import Result, matching_preset, primary_split, result_of
from workbench.corpus.preview import Preview
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.run.state import RunState
from workbench.state.setting_values import setting_values, with_in_force

QUIET_FROM_S = 5
"""After how many seconds without news it is worth a word."""

SIGNS: dict[Status, tuple[str, str]] = {
    "untrained": ("○", "not trained yet"),
    "reading": ("○", "reading"),
    "starting": ("○", "starting"),
    "training": ("●", "training"),
    "paused": ("‖", "paused"),
    "finished": ("✓", "finished"),
    "stopped": ("■", "stopped"),
    "diverged": ("✗", "diverged"),
    "failed": ("✗", "failed"),
    "died": ("✗", "died"),
}
"""The sign and the word of each state: never colour alone."""

ROLES: dict[Status, str] = {
    "untrained": "label",
    "reading": "waiting",
    "starting": "waiting",
    "training": "train",
    "paused": "warning",
    "finished": "best",
    "stopped": "label",
    "diverged": "error",
    "failed": "error",
    "died": "error",
}


class AppState(Struct, frozen=True):
    """What is so right now.

    Attributes:
        pending_config: What a new run would be made of.
        run_config: What the run on the screen was made of; None before there is one.
        stored_data_config: How the text of that run is read, where that is not as ``running`` says.
        run: The run as its log tells it.
        preview: The text with its counts; None while it is being read.
        loading_message: How far the reading has come, in words.
        error_message: Why the last thing asked for cannot be done.
        can_query: Whether a worker can be asked about the run's model.
        viewed_step: The step whose weights answer; None: those of now.
        status_message: What just happened, in words, until something else does.
        n_runs: How many runs lie in the home of runs.
        silent_for_s: Seconds since anything came from a run that goes; 0 where that is nothing unusual.
        bytes_per_s: What the terminal was sent lately, while a run goes.
        keys: How the keys are called.
    """

    pending_config: RunConfig
    run_config: RunConfig | None = None
    stored_data_config: DataConfig | None = None
    run: RunState = RunState()
    preview: Preview | None = None
    loading_message: str = ""
    error_message: str = ""
    can_query: bool = False
    viewed_step: int | None = None
    status_message: str = ""
    n_runs: int = 0
    silent_for_s: int = 0
    bytes_per_s: int = 0
    keys: KeyLabels = DEFAULT_KEYS

    @property
    def config(self) -> RunConfig:
        """The configuration of what is on the screen."""
        return self.run_config or self.pending_config

    @property
    def data(self) -> DataConfig:
        """How the text of what is on the screen is read."""
        return self.stored_data_config or self.config.data

    @property
    def title(self) -> str:
        """The run's name; before there is a run that of the preset, or of a person's own text."""
        corpus = self.config.data.corpus
        if self.run.run or corpus in CORPORA:
            return self.run.run or self.config.preset
        return f"{PurePath(corpus).stem}-{dotted_keys.kind_of(self.config.model)}"

    @property
    def preset(self) -> Preset | None:
        """The preset of a run that is trained just as it says."""
        return matching_preset(self.config, self._changes)

    @property
    def result(self) -> Result:
        """What the run reached, and what that is to be compared with."""
        return result_of(self.config, self._changes, self.run.loss_of(primary_split(self.config)))

    @property
    def _changes(self) -> list[Change]:
        changes = self.run.changes
        return [Change(key=change.key, value=change.new, step=change.step) for change in changes]

    @property
    def pending_keys(self) -> tuple[str, ...]:
        """The settings in which a new run would differ from the one on the screen."""
        if self.run_config is None:
            return ()
        return _waiting(self.pending_config, self.run_config, tuple(self.run.values.items()))

    @property
    def retry_learning_rate(self) -> float:
        """The learning rate for another try: the one that waits, else a tenth of the last one."""
        wanted = self.pending_config.train.learning_rate
        if "train.learning_rate" in self.pending_keys:
            return wanted
        last = self.run.values.get("train.learning_rate", self.config.train.learning_rate)
        return float(f"{last / 10:.10g}")


@lru_cache(maxsize=4)
def _waiting(
    asked: RunConfig, running: RunConfig, in_force: tuple[tuple[str, Any], ...]
) -> tuple[str, ...]:
    """Of the settings that are shown. Sampling is the screen's own and waits for nothing."""
    held = setting_values(asked, running, dict(in_force))
    shown = relevance.shown_keys(with_in_force(asked, dict(in_force)))
    keys = sorted(key for key in shown if not key.startswith("sample."))
    return tuple(key for key in keys if held[key].waits)


def space_key_label(situation: AppState) -> str:
    """What the space key does now, in one word; empty where it does nothing."""
    status = situation.run.status
    if status == "untrained":
        return "train" if situation.preview is not None or situation.loading_message else ""
    return {
        "training": "pause",
        "paused": "go on",
        "stopped": "go on",
        "died": "go on",
        "failed": "go on",
        "diverged": "go back",
    }.get(status, "")


def is_action_available(situation: AppState, action: str) -> bool:
    """Whether an action would do something now; a key that would not is not shown."""
    run = situation.run
    match action:
        case "train_or_pause":
            return bool(space_key_label(situation))
        case "one_step":
            return run.status == "paused"
        case "to_validation":
            return run.status == "paused" and run.step < run.steps_planned
        case "scale_rate":
            models = (situation.pending_config.model, situation.config.model)
            is_trained = not all(model.learns_by_counting for model in models)
            return run.status != "starting" and is_trained
        case "look_earlier":
            return bool(run.kept) and situation.can_query and situation.viewed_step != run.kept[0]
        case "look_later":
            return situation.viewed_step is not None
        case "log":
            return bool(run.run)
        case "stop":
            return run.status in ("training", "paused")
        case "new_run":
            return run.status not in ("untrained", "reading", "starting")
    return True

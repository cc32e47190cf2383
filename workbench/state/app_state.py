"""Application state: one frozen value that the screen is rendered from, and the available actions."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.data.corpus_registry import CORPORA
from seqlm.presets import Preset
from seqlm.runs.run_state import Status
from seqlm.runspec import relevance
from seqlm.runspec.baselines import (
    Result,
    answers_with_best_weights,
    matching_preset,
    primary_split,
    result_of,
)
from workbench.corpus.preview import Preview
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.run.state import RunState
from workbench.state.config_history import setting_values, with_live_values

SILENT_FROM_S = 5
"""Seconds of silence from which the screen mentions it."""

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
"""Sign and name of each status: color alone never carries the meaning."""

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
    """State that the whole screen is rendered from.

    Attributes:
        pending_config: Configuration of the next run.
        run_config: Configuration of the displayed run; None before there is a run.
        stored_data_config: Data configuration that reads the copy of the corpus stored with the run;
            None where the run reads the original corpus.
        run: State of the displayed run, reduced from its event log.
        preview: Corpus with its counts; None while the corpus is loading.
        loading_message: Progress of loading the corpus; empty when the corpus is loaded.
        error_message: Reason why the last request failed.
        can_query: Whether a worker can answer queries about the model of the run.
        viewed_step: Step whose weights answer queries; None for the latest weights.
        status_message: Result of the last action, shown for some seconds.
        n_runs: Number of runs in the data folder.
        silent_for_s: Seconds since the last message of a live run; 0 while that is usual.
        bytes_per_s: Bytes sent to the terminal per second while a run is live.
        focused_pane: Number of the pane with the focus; 0 where it does not matter.
        keys: Display labels of the keys.
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
    focused_pane: int = 0
    keys: KeyLabels = DEFAULT_KEYS

    @property
    def config(self) -> RunConfig:
        """Configuration of the displayed run; before there is a run, of the next one."""
        return self.run_config or self.pending_config

    @property
    def data(self) -> DataConfig:
        """Data configuration of the displayed corpus."""
        return self.stored_data_config or self.config.data

    @property
    def title(self) -> str:
        """Name of the run; before there is a run, of the preset or of the user's own corpus."""
        corpus = self.config.data.corpus
        if self.run.run or corpus in CORPORA:
            return self.run.run or self.config.preset
        return f"{PurePath(corpus).stem}-{dotted_keys.kind_of(self.config.model)}"

    @property
    def preset(self) -> Preset | None:
        """Preset of a run that is trained exactly as the preset says; None for any other run."""
        return matching_preset(self.config, self._changes)

    @property
    def result(self) -> Result:
        """Final loss of the run and the baselines to compare it with."""
        loss = self.run.loss_of(primary_split(self.config))
        if answers_with_best_weights(self.config) and self.run.best is not None:
            loss = self.run.best.loss
        return result_of(self.config, self._changes, loss, self.run.best_counts)

    @property
    def _changes(self) -> list[Change]:
        changes = self.run.changes
        return [Change(key=change.key, value=change.new, step=change.step) for change in changes]

    @property
    def is_loading_model(self) -> bool:
        """True while a worker loads the model of a run; the pair counts answer until then."""
        has_model = self.run.status not in ("untrained", "starting", "died")
        return bool(self.run.run) and has_model and not self.can_query and not self.error_message

    @property
    def counts_label(self) -> str:
        """Name of the pair counts, and why they answer instead of a model."""
        unit = self.preview.text.tokenizer.token_noun if self.preview else "letter"
        if self.is_loading_model:
            return f"{unit}-pair counts, loading the model"
        return f"{unit}-pair counts" + ", no training yet" * (not self.run.run)

    @property
    def planned_changes(self) -> tuple[Change, ...]:
        """Changes of the recipe that come before the end of the run, in the order of their steps."""
        run, done = self.run, {(change.key, change.step) for change in self.run.changes}
        end = run.steps_planned or self.config.train.steps
        changes = self.config.planned.changes
        ahead = [one for one in changes if run.step <= one.step < end]
        ahead = [change for change in ahead if (change.key, change.step) not in done]
        return tuple(sorted(ahead, key=lambda change: change.step))

    @property
    def pending_keys(self) -> tuple[str, ...]:
        """Keys of the settings in which the next run would differ from the displayed run."""
        if self.run_config is None:
            return ()
        return _pending_keys(self.pending_config, self.run_config, tuple(self.run.values.items()))

    @property
    def retry_learning_rate(self) -> float:
        """Learning rate after a divergence: the pending one, else a tenth of the last one."""
        requested = self.pending_config.train.learning_rate
        if "train.learning_rate" in self.pending_keys:
            return requested
        last = self.run.values.get("train.learning_rate", self.config.train.learning_rate)
        return float(f"{last / 10:.10g}")


@lru_cache(maxsize=4)
def _pending_keys(
    pending: RunConfig, running: RunConfig, live_values: tuple[tuple[str, Any], ...]
) -> tuple[str, ...]:
    """Compare the displayed settings. Sampling settings apply at once and are never pending."""
    values = setting_values(pending, running, dict(live_values))
    shown = relevance.shown_keys(with_live_values(pending, dict(live_values)))
    keys = sorted(key for key in shown if not key.startswith("sample."))
    return tuple(key for key in keys if values[key].is_pending)


def space_key_label(state: AppState) -> str:
    """Return the label of the space key; empty where the key does nothing."""
    status = state.run.status
    if status == "untrained":
        return "train" if state.preview is not None or state.loading_message else ""
    return {
        "training": "pause",
        "paused": "go on",
        "stopped": "go on",
        "died": "go on",
        "failed": "go on",
        "diverged": "go back",
    }.get(status, "")


def is_action_available(state: AppState, action: str) -> bool:
    """Return whether an action has an effect now; the keys of other actions are not shown."""
    run = state.run
    match action:
        case "train_or_pause":
            return bool(space_key_label(state))
        case "one_step" | "to_validation":
            return run.status != "training" and bool(space_key_label(state))
        case "scale_rate":
            models = (state.pending_config.model, state.config.model)
            is_trained = not all(model.learns_by_counting for model in models)
            return run.status != "starting" and is_trained
        case "view_earlier_step":
            return bool(run.kept) and state.can_query and state.viewed_step != run.kept[0]
        case "view_later_step":
            return state.viewed_step is not None
        case "log":
            return bool(run.run)
        case "stop":
            return run.status in ("training", "paused")
        case "new_run":
            return run.status not in ("untrained", "reading", "starting")
    return True


class StateStore:
    """Holder of the current application state.

    Args:
        state: State to start with.
        on_change: Called with the state before and after every change.
    """

    def __init__(self, state: AppState, on_change: Callable[[AppState, AppState], None]) -> None:
        self._state, self._on_change = state, on_change

    @property
    def state(self) -> AppState:
        """Current state."""
        return self._state

    def set(self, state: AppState) -> None:
        """Replace the state and report the change."""
        before, self._state = self._state, state
        self._on_change(before, state)

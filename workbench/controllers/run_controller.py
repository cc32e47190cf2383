"""Controller of the run: pause, resume, live settings and the pending configuration."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual.message import Message

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.value_editing import clamp, scale_value
from workbench.panes.generate.pane import GeneratePane
from workbench.state.app_state import AppState, space_key_label
from workbench.state.config_history import ConfigHistory, LiveChange, setting_values

if TYPE_CHECKING:  # imported when first needed: the first frame does not need the session
    from workbench.run.worker_session import WorkerSession

LEARNING_RATE = "train.learning_rate"
_LIVE_STATUSES = ("starting", "training", "paused")


class RunController:
    """Controller of the run: pause, resume, live settings, and the pending configuration with undo.

    Args:
        session: Returns the session, which is created when first needed.
        config: Configuration of the next run.
    """

    def __init__(self, session: Callable[[], "WorkerSession"], config: RunConfig) -> None:
        self._session = session
        self._history = ConfigHistory(config)

    @property
    def config(self) -> RunConfig:
        """Configuration of the next run."""
        return self._history.config

    @property
    def can_undo_redo(self) -> tuple[bool, bool]:
        """True if there is a change to undo, and True if there is a change to redo."""
        return self._history.can_undo, self._history.can_redo

    def reset(self, config: RunConfig) -> None:
        """Use this configuration for the next run and forget every earlier change."""
        self._history = ConfigHistory(config)

    def mark_run_started(self) -> None:
        """Note that a new run started: changes of live settings of the old run cannot be undone."""
        self._history = self._history.with_run_started()

    def handle(self, state: AppState, message: Message) -> None:
        """Apply the change that a pane requests.

        Raises:
            RequestError: The value is not allowed; nothing was changed.
        """
        match message:
            case ControlsPane.ValueRequested(key=key, value=value):
                self.set_value(state, key, value)
            case GeneratePane.TemperatureChangeRequested(value=value):
                setting = dotted_keys.find(state.pending_config, "sample.temperature")
                now = state.pending_config.sample.temperature
                self.set_value(state, setting.key, clamp(setting, now, value))
            case ControlsPane.PresetRequested(name=name):
                self._history = self._history.with_preset(name)
            case ControlsPane.UndoRequested():
                self._history, live = self._history.undo()
                self._set_live(state, live)
            case ControlsPane.RedoRequested():
                self._history, live = self._history.redo()
                self._set_live(state, live)

    def pause_or_resume(self, state: AppState) -> None:
        """Pause a run that trains; resume one that is paused or has ended early."""
        if state.run.status == "training":
            self._session().pause()
        else:
            self.continue_run(state)

    def continue_run(self, state: AppState, n_steps: int | None = None) -> None:
        """Continue a run that is paused or has ended early, for some steps or to its end."""
        if state.run.status == "paused":
            self._session().continue_training(n_steps)
        elif space_key_label(state):
            self._session().resume(self.settings_to_resume(state), n_steps)

    def set_value(self, state: AppState, key: str, value: Any) -> None:
        """Change a setting: a live one in the run, any other in the next run.

        Raises:
            RequestError: The value is not allowed; nothing was changed.
        """
        run = state.run
        is_live = key.startswith("train.") and dotted_keys.find(state.pending_config, key).is_live
        if not is_live or run.status not in _LIVE_STATUSES:
            self._history = self._history.with_value(key, value)
            return
        old = run.values.get(key, dotted_keys.value_of(state.config, key))
        self._history = self._history.with_live(LiveChange(key, old, value))
        self._session().set_value(key, value)

    def scale(self, state: AppState, key: str, factor: float) -> None:
        """Multiply a numeric setting by a factor, within its bounds.

        Raises:
            RequestError: The value is not allowed; nothing was changed.
        """
        setting = dotted_keys.find(state.pending_config, key)
        values = setting_values(state.pending_config, state.run_config, state.run.values)[key]
        value = scale_value(setting, values.editable(setting.is_live), factor)
        self.set_value(state, key, value)

    def settings_to_resume(self, state: AppState) -> list[str]:
        """Return ``KEY=VALUE`` for the live settings that were changed since the run stopped."""
        pending = state.pending_config
        keys = [key for key in state.pending_keys if key.startswith("train.")]
        live = [setting for key in keys if (setting := dotted_keys.find(pending, key)).is_live]
        settings = {
            s.key: f"{s.key}={s.format(dotted_keys.value_of(pending, s.key))}" for s in live
        }
        if state.run.status == "diverged":
            settings[LEARNING_RATE] = _lower_learning_rate(state)
        return list(settings.values())

    def _set_live(self, state: AppState, live: LiveChange | None) -> None:
        if live is None:
            return
        if state.run.status in _LIVE_STATUSES:
            self._session().set_value(live.key, live.new)
        else:  # the value is used when training resumes
            config = dotted_keys.with_value(self._history.config, live.key, live.new)
            self._history = replace(self._history, config=config)


def _lower_learning_rate(state: AppState) -> str:
    """Return ``KEY=VALUE`` for a smaller learning rate.

    A change of the learning rate after the checkpoint is repeated at its step when training resumes,
    so the smaller learning rate is set right after that step.
    """
    run = state.run
    steps = [change.step for change in run.changes if change.key == LEARNING_RATE]
    is_later = steps and steps[-1] > (run.checkpoint_step or 0)
    at = f"@{steps[-1]}" if is_later else ""
    return f"{LEARNING_RATE}={state.retry_learning_rate:.10g}{at}"

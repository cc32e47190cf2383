"""What a person changes: a live value of the run at once, everything else in the next run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual.message import Message

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.value_editing import clamp
from workbench.panes.generate.pane import GeneratePane
from workbench.state.app_state import AppState, space_key_label
from workbench.state.config_history import ConfigHistory, LiveChange

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from workbench.run.worker_session import WorkerSession

_RATE = "train.learning_rate"
_STEERABLE = ("starting", "training", "paused")


class RunController:
    """Keeps what is asked for, with undo and redo over both kinds of change.

    Args:
        session: Gives what reaches the worker; it is made when it is first needed.
        config: What a new run would be made of.
    """

    def __init__(self, session: Callable[[], "WorkerSession"], config: RunConfig) -> None:
        self._session = session
        self._asking = ConfigHistory(config)

    @property
    def config(self) -> RunConfig:
        """What a new run would be made of."""
        return self._asking.config

    @property
    def reach(self) -> tuple[bool, bool]:
        """Whether there is a change to take back, and one to make again."""
        return bool(self._asking.past), bool(self._asking.future)

    def start_from(self, config: RunConfig) -> None:
        """Something else is opened: what was asked for before is forgotten."""
        self._asking = ConfigHistory(config)

    def begun(self) -> None:
        """A new run begins; undo goes back to what was asked for, not to the run before."""
        self._asking = self._asking.begun()

    def take(self, situation: AppState, message: Message) -> None:
        """Do what a pane asks.

        Raises:
            RequestError: The value is not possible; nothing was changed.
        """
        match message:
            case ControlsPane.ValueRequested(key=key, value=value):
                self.ask(situation, key, value)
            case GeneratePane.TemperatureChangeRequested(value=value):
                setting = dotted_keys.find(situation.pending_config, "sample.temperature")
                now = situation.pending_config.sample.temperature
                self.ask(situation, setting.key, clamp(setting, now, value))
            case ControlsPane.PresetRequested(name=name):
                self._asking = self._asking.with_preset(name)
            case ControlsPane.UndoRequested():
                self.undo(situation)
            case ControlsPane.RedoRequested():
                self.redo(situation)

    def pause_or_go_on(self, situation: AppState) -> None:
        """What the space key does to a run there is."""
        if situation.run.status == "training":
            self._session().pause()
        elif situation.run.status == "paused":
            self._session().go_on()
        elif space_key_label(situation):
            self._session().resume(self.words_to_resume(situation))

    def ask(self, situation: AppState, key: str, value: Any) -> None:
        """Change a setting.

        Raises:
            RequestError: The value is not possible; nothing was changed.
        """
        run = situation.run
        is_live = (
            key.startswith("train.") and dotted_keys.find(situation.pending_config, key).is_live
        )
        if not is_live or run.status not in _STEERABLE:
            self._asking = self._asking.with_value(key, value)
            return
        old = run.values.get(key, dotted_keys.value_of(situation.config, key))
        self._asking = self._asking.with_live(LiveChange(key, old, value))
        self._session().set_value(key, value)

    def undo(self, situation: AppState) -> None:
        """Take the last change back."""
        self._asking, live = self._asking.undone()
        self._set(situation, live)

    def redo(self, situation: AppState) -> None:
        """Make the change again that was taken back last."""
        self._asking, live = self._asking.redone()
        self._set(situation, live)

    def words_to_resume(self, situation: AppState) -> list[str]:
        """The live values that were asked for since the run stopped, as words for going on."""
        asked = situation.pending_config
        keys = [key for key in situation.pending_keys if key.startswith("train.")]
        live = [setting for key in keys if (setting := dotted_keys.find(asked, key)).is_live]
        words = {s.key: f"{s.key}={s.format(dotted_keys.value_of(asked, s.key))}" for s in live}
        if situation.run.status == "diverged":
            words[_RATE] = _slower(situation)
        return list(words.values())

    def _set(self, situation: AppState, live: LiveChange | None) -> None:
        if live is None:
            return
        if situation.run.status in _STEERABLE:
            self._session().set_value(live.key, live.new)
        else:  # it takes force when training goes on
            config = dotted_keys.with_value(self._asking.config, live.key, live.new)
            self._asking = replace(self._asking, config=config)


def _slower(situation: AppState) -> str:
    """The word for a smaller learning rate.

    A change of the rate after the checkpoint is made again at its step when training goes on, so the
    smaller rate takes force right after that one.
    """
    run = situation.run
    steps = [change.step for change in run.changes if change.key == _RATE]
    is_later = steps and steps[-1] > (run.checkpoint_step or 0)
    at = f"@{steps[-1]}" if is_later else ""
    return f"{_RATE}={situation.retry_learning_rate:.10g}{at}"

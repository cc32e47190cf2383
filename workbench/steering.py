"""What a person changes: a live value of the run at once, everything else in the next run."""

from typing import Any

from msgspec.structs import replace

from seqlm import settings
from seqlm.config import RunConfig
from workbench.asking import Asking, LiveChange
from workbench.session import Session
from workbench.situation import Situation


class Steering:
    """Keeps what is asked for, with undo and redo over both kinds of change.

    Args:
        session: Reaches the worker.
        config: What a new run would be made of.
    """

    def __init__(self, session: Session, config: RunConfig) -> None:
        self._session, self._opened_with = session, config
        self._asking = Asking(config)

    @property
    def config(self) -> RunConfig:
        """What a new run would be made of."""
        return self._asking.config

    def opened(self, running: RunConfig) -> None:
        """A run is shown: unless something else was asked for, a new one would be like it."""
        if self._asking.config == self._opened_with:
            self._asking = replace(self._asking, config=running)

    def ask(self, situation: Situation, key: str, value: Any) -> None:
        """Change a setting.

        Raises:
            RequestError: The value is not possible; nothing was changed.
        """
        run = situation.run
        is_live = key.startswith("train.") and settings.find(situation.asked, key).live
        if not is_live or run.status not in ("training", "paused"):
            self._asking = self._asking.with_value(key, value)
            return
        old = run.values.get(key, settings.value_of(situation.config, key))
        self._asking = self._asking.with_live(LiveChange(key, old, value))
        self._session.set_value(key, value)

    def ask_preset(self, name: str) -> None:
        """Ask for a new run of a preset."""
        self._asking = self._asking.with_preset(name)

    def undo(self, situation: Situation) -> None:
        """Take the last change back."""
        self._asking, live = self._asking.undone()
        self._set(situation, live)

    def redo(self, situation: Situation) -> None:
        """Make the change again that was taken back last."""
        self._asking, live = self._asking.redone()
        self._set(situation, live)

    def words_to_resume(self, situation: Situation) -> list[str]:
        """The live values that were asked for since the run stopped, as words for going on."""
        asked = situation.asked
        keys = [key for key in situation.waiting if key.startswith("train.")]
        live = [setting for key in keys if (setting := settings.find(asked, key)).live]
        return [f"{s.key}={s.show(settings.value_of(asked, s.key))}" for s in live]

    def _set(self, situation: Situation, live: LiveChange | None) -> None:
        if live is not None and situation.run.is_live:
            self._session.set_value(live.key, live.new)

"""The app below its wiring: how it comes and goes, and the situation that everything is drawn from."""

import gc
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import work
from textual.driver import Driver
from textual.screen import Screen

from seqlm.runs.directory import list_runs
from workbench.application.startup import StartupOptions, make_theme
from workbench.controllers.activity_meter import ActivityMeter
from workbench.controllers.query_router import QueryRouter
from workbench.controllers.run_controller import RunController
from workbench.controllers.run_monitor import PollTimers
from workbench.corpus.loader import CorpusLoader
from workbench.panes.controls.rows import controls_state
from workbench.render.number_format import format_count
from workbench.render.palette import DARK
from workbench.run import last_seen
from workbench.screens.main import MainScreen
from workbench.state.app_state import QUIET_FROM_S, AppState
from workbench.terminal.driver import ByteCounter
from workbench.terminal.signals import install_exit_signals
from workbench.terminal.terminal_app import TerminalApp
from workbench.widgets.active_bindings import active_bindings_of, footer_keys

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from workbench.run.worker_connection import Spawn
    from workbench.run.worker_session import WorkerSession

_NOTE_S = 12.0


class AppLifecycle(TerminalApp):
    """Holds one situation and shows it; what changes it is wired by the workbench.

    Args:
        opening: What to open with.
        clock: Seconds that only go forward.
        spawn: Starts a worker; None: as usual.
    """

    def __init__(
        self,
        opening: StartupOptions,
        clock: Callable[[], float] = time.monotonic,
        spawn: "Spawn | None" = None,
    ) -> None:
        self._byte_counter = ByteCounter()
        super().__init__(ansi_color=not opening.palette.background)
        self._opening, self._clock = opening, clock
        self._pulse = ActivityMeter(clock, self._byte_counter)
        self._spawn = spawn
        self._texts = CorpusLoader(self.post_message)
        self._steering = RunController(lambda: self._session, opening.config)
        self.situation = AppState(opening.config, preview=opening.preview)
        self.set_class(opening.ascii_only, "-ascii")
        self.register_theme(make_theme(opening.palette))
        self.theme = "seqlm"
        self._left_at: int | None = None
        self._styled_for = self.theme
        self.stylesheet.set_variables(self.get_css_variables())

    @cached_property
    def _session(self) -> "WorkerSession":
        """What speaks with a worker. The first frame of a text that nothing trains on needs none."""
        from workbench.run.worker_session import WorkerSession

        return WorkerSession(self.post_message, spawn=self._spawn)

    # Coming and going

    def get_driver_class(self) -> type[Driver]:
        """The terminal's, with a count of what it is sent."""
        return self._byte_counter.make_counting_driver(super().get_driver_class())

    def get_default_screen(self) -> Screen[None]:
        """The workbench itself."""
        self._main = MainScreen(self._begin)
        return self._main

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles again if the theme made them others; at the start it did not."""
        if self.theme != self._styled_for:
            self._styled_for = self.theme
            super().refresh_css(animate)

    @property
    def main(self) -> MainScreen:
        """The screen with the panes, whatever lies above it."""
        return self._main

    def _begin(self) -> None:
        """Show what there is, and look for more."""
        main, session = self.main, lambda: self._session
        self._oracle = QueryRouter(session, main.generate, main.data, self._clock)
        install_exit_signals(self._detach)
        if (self._opening.palette, self._opening.ascii_only) != (DARK, False):
            self.main.set_appearance(self._opening.palette, self._opening.ascii_only)
        main.generate.inbox.set_startup(True)
        self._looking = PollTimers(self, session, self._opening.fps, self._beat)
        self.main.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self.screen_change_signal.subscribe(self, lambda _: self._show_keys())
        self.call_after_refresh(self.after_first_frame, self._settle)
        if self._opening.run is not None:
            self._left_at = last_seen.pop(self._opening.run.name)
            self._session.open(self._opening.run)
        self._set(self.situation)
        self.begin()

    def begin(self) -> None:
        """Everything is there; the first frame comes next."""

    def _settle(self) -> None:
        """The first frame is drawn: what would have kept it waiting may begin."""
        gc.freeze()
        gc.enable()
        self._session.prepare()
        self.main.generate.call_later(self.main.generate.inbox.set_startup, False)
        self._change(n_runs=len(list_runs()))

    def _detach(self) -> None:
        if self.situation.run.is_live:
            last_seen.remember(self.situation.run.run, self.situation.run.step)
        self.on_unmount()
        self.exit(0)

    def on_unmount(self) -> None:
        """However the app ends, it lets go of the worker, and of the text that is being read."""
        self._texts.drop()
        self._session.leave()

    @work
    async def action_leave(self) -> None:
        """Leave; while a run trains or waits to, ask what becomes of it."""
        run = self.situation.run
        if not run.is_live:
            self._detach()
            return
        from workbench.screens.leave import LeaveScreen

        choice = await self.push_screen_wait(
            LeaveScreen(self.situation.title, run.status, self.situation.keys)
        )
        if choice == "stop":
            self._session.stop()
        if choice in ("detach", "stop"):
            self._detach()

    # The situation

    def _set(self, situation: AppState) -> None:
        """Show another situation, in one frame."""
        self.situation = situation
        if not self.screen_stack:  # on the way out
            return
        with self.batch_update():
            self.main.show(situation)
            self.main.controls.set_controls(controls_state(situation, *self._steering.reach))
            self._oracle.show(situation)
            self._show_keys()
        self._looking.show(situation.run.is_live)

    def _change(self, **changes: Any) -> None:
        note = changes.get("note")
        if note and note != self.situation.status_message:
            self.set_timer(_NOTE_S, lambda: self._forget(note))
        self._set(replace(self.situation, **changes))

    def _forget(self, note: str) -> None:
        """What was said has been there long enough to be read, unless something else was since."""
        if self.situation.status_message == note:
            self._change(status_message="")

    def _show_keys(self) -> None:
        """Name the keys that do something now; under another screen those of the panes do not."""
        if not self.main.is_active:
            self.main.footer.set_keys((), ())
            return
        active = active_bindings_of(self.main.active_bindings, self.main.focused)
        own, kept = footer_keys(self.situation, active, self)
        self.main.footer.set_keys(own, kept)

    def _welcome(self) -> str:
        """What a person who comes back to a run has missed."""
        if self._session.is_reading:
            return ""
        left_at, self._left_at, run = self._left_at, None, self.situation.run
        if left_at is None or run.step <= left_at:
            return ""
        n_steps = format_count(run.step - left_at)
        return f"Back on {run.run}. {n_steps} steps happened meanwhile; nothing is missing."

    def _beat(self) -> None:
        """Once a second while a run goes."""
        is_paused = self.situation.run.status == "paused"  # then nothing comes, and nothing is sent
        quiet_s, bytes_per_s = self._pulse.quiet_s(), self._pulse.bytes_per_s()
        self._change(
            status_message=self._welcome() or self.situation.status_message,
            silent_for_s=quiet_s if quiet_s >= QUIET_FROM_S and not is_paused else 0,
            bytes_per_s=0 if is_paused else bytes_per_s,
        )

"""The app: it wires what a person does to the session, and what the session tells to the screen."""

import gc
import time
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen

from seqlm import recipe
from seqlm.errors import SeqlmError
from seqlm.home import runs_dir
from seqlm.runs import client
from workbench import seen
from workbench.bindings import APP_BINDINGS, PANE_NAMES, RUN_ACTIONS
from workbench.crash import CrashingApp
from workbench.keys import footer_keys
from workbench.link import Spawn
from workbench.looking import Looking
from workbench.opening import Opening, theme_of
from workbench.oracle import Oracle
from workbench.palette_commands import palette_commands
from workbench.pulse import Pulse
from workbench.render.figures import count
from workbench.render.palette import DARK
from workbench.render.text import clean
from workbench.screens.main import MainScreen
from workbench.session import Session
from workbench.shown_controls import shown_controls
from workbench.signals import on_farewell
from workbench.situation import QUIET_FROM_S, Situation, possible
from workbench.steering import Steering
from workbench.texts import TextReader, TextTold, text_of_run
from workbench.told import Answered, Declined, RunOpened, RunProgressed
from workbench.traffic import Traffic
from workbench.widgets.controls import ControlsPane
from workbench.widgets.data import DataPane
from workbench.widgets.footer import Footer
from workbench.widgets.generate import GeneratePane
from workbench.widgets.tabs import PaneAsked


class Workbench(CrashingApp):
    """A terminal workbench in which a small language model is watched while it trains.

    Args:
        opening: What to open with.
        clock: Seconds that only go forward.
        spawn: Starts a worker.
    """

    TITLE = "seqlm"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = APP_BINDINGS

    def __init__(
        self,
        opening: Opening,
        clock: Callable[[], float] = time.monotonic,
        spawn: Spawn = client.spawn,
    ) -> None:
        self._traffic = Traffic()
        super().__init__(ansi_color=not opening.palette.background)
        self._opening, self._clock = opening, clock
        self._pulse = Pulse(clock, self._traffic)
        self._session = Session(self.post_message, spawn=spawn)
        self._texts = TextReader(self.post_message)
        self._steering = Steering(self._session, opening.config)
        self.situation = Situation(opening.config, preview=opening.preview)
        self.set_class(opening.ascii_only, "-ascii")
        self.register_theme(theme_of(opening.palette))
        self.theme = "seqlm"
        self._left_at: int | None = None
        self._css_variables = self.get_css_variables()
        self.stylesheet.set_variables(self._css_variables)

    # Coming and going

    def get_driver_class(self) -> type[Driver]:
        """The terminal's, with a count of what it is sent."""
        return self._traffic.counted(super().get_driver_class())

    def get_default_screen(self) -> Screen[None]:
        """The workbench itself."""
        self._main = MainScreen(self._begin)
        return self._main

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles again if the theme made them others; at the start it did not."""
        if self.get_css_variables() != self._css_variables:
            super().refresh_css(animate)

    @property
    def main(self) -> MainScreen:
        """The screen with the panes, whatever lies above it."""
        return self._main

    def _begin(self) -> None:
        """Show what there is, and begin to listen."""
        self._oracle = Oracle(self._session, self.main.generate, self.main.data, self._clock)
        on_farewell(self._detach)
        if (self._opening.palette, self._opening.ascii_only) != (DARK, False):
            self.main.show_look(self._opening.palette, self._opening.ascii_only)
        self._looking = Looking(self, self._session, self._opening.fps, self._beat)
        self.main.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self.call_after_refresh(self._settle)
        self._session.listen()
        if self._opening.run is not None:
            self._left_at = seen.take(self._opening.run.name)
            self._session.open(self._opening.run)
        self._set(self.situation)
        self._read_text()

    def _settle(self) -> None:
        """The first frame is drawn: what would have kept it waiting may begin."""
        gc.freeze()
        gc.enable()
        self._session.prepare()

    def _detach(self) -> None:
        if self.situation.run.is_live:
            seen.remember(self.situation.run.run, self.situation.run.step)
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

        choice = await self.push_screen_wait(LeaveScreen(self.situation.title, run.status))
        if choice == "stop":
            self._session.stop()
        if choice in ("detach", "stop"):
            self._detach()

    # The situation

    def _set(self, situation: Situation) -> None:
        """Show another situation, in one frame."""
        self.situation = situation
        with self.batch_update():
            self.main.show(situation)
            self.main.controls.show_controls(shown_controls(situation))
            self._oracle.show(situation)
            self._show_keys()
        self._looking.show(situation.run.is_live)

    def _change(self, **changes: Any) -> None:
        self._set(replace(self.situation, **changes))

    def _show_keys(self) -> None:
        active = self.main.active_bindings
        own, kept = footer_keys(self.situation, active, self)
        self.main.footer.show(own, kept)

    # The text

    def _read_text(self) -> None:
        """Read the text that is wanted, unless it is there."""
        situation = self.situation
        if situation.preview is None or situation.preview.data != situation.data:
            name = PurePath(situation.config.data.corpus).name
            self._change(preview=None, reading=f"Reading {clean(name, 60)}.")
            self._texts.read(situation.data, name)

    @on(TextTold)
    def _text_told(self, message: TextTold) -> None:
        """Take what is told of the text that is wanted; of another one it comes too late."""
        if message.data == self.situation.data:
            self._change(**message.changes)

    # What the session tells

    @on(RunProgressed)
    def _run_progressed(self, message: RunProgressed) -> None:
        self._pulse.news()
        same = message.state.status == self.situation.run.status
        refusal = self.situation.refusal if same else ""
        note = self.situation.note if same else ""
        self._change(
            run=message.state,
            refusal=refusal,
            note=note,
            quiet_s=0,
            is_linked=self._session.is_linked,
        )

    def _welcome(self) -> str:
        """What a person who comes back to a run has missed."""
        left_at, self._left_at, run = self._left_at, None, self.situation.run
        if left_at is None or run.step <= left_at:
            return self.situation.note
        n_steps = count(run.step - left_at)
        return f"Back on {run.run}. {n_steps} steps happened meanwhile; nothing is missing."

    def _beat(self) -> None:
        """Once a second while a run goes."""
        quiet_s = self._pulse.quiet_s()
        self._change(
            note=self._welcome(),
            quiet_s=quiet_s if quiet_s >= QUIET_FROM_S else 0,
            bytes_per_s=self._pulse.bytes_per_s(),
        )

    @on(RunOpened)
    def _run_opened(self, message: RunOpened) -> None:
        try:
            manifest = message.run.manifest()
        except SeqlmError as error:
            self._change(refusal=clean(str(error), 300))
            return
        self._steering.opened(manifest.config)
        self._change(
            running=manifest.config,
            stored=text_of_run(manifest, self.situation.preview),
            asked=self._steering.config,
            is_linked=self._session.is_linked,
        )
        self._read_text()

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self._oracle.answered(message.answer)

    @on(Declined)
    def _declined(self, message: Declined) -> None:
        if not self._oracle.declined(message.message_id, message.words):
            if self._session.state.status == "untrained":
                self._change(running=None, stored=None)
            self._change(refusal=message.words)

    # What the panes ask

    @on(GeneratePane.PredictionAsked)
    @on(GeneratePane.SamplesAsked)
    @on(DataPane.Moved)
    def _answer_asked(self, message: Message) -> None:
        self._oracle.take(self.situation, message)

    @on(GeneratePane.TemperatureAsked)
    @on(ControlsPane.ValueAsked)
    @on(ControlsPane.PresetAsked)
    @on(ControlsPane.UndoAsked)
    @on(ControlsPane.RedoAsked)
    def _value_asked(self, message: Message) -> None:
        """Something else may be asked for now."""
        try:
            self._steering.take(self.situation, message)
        except SeqlmError as error:
            self.main.controls.show_refusal(clean(str(error), 300))
        self._change(asked=self._steering.config, refusal="")
        self._read_text()

    @on(PaneAsked)
    def _pane_asked(self, message: PaneAsked) -> None:
        self.main.go_to(message.number)

    @on(Footer.Clicked)
    async def _key_clicked(self, message: Footer.Clicked) -> None:
        await self.run_action(message.action, default_namespace=self.main.focused or self)

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing is not there."""
        is_main = isinstance(self.screen, MainScreen)
        return possible(self.situation, action) and (is_main or action not in RUN_ACTIONS)

    def action_train_or_pause(self) -> None:
        """Start, pause, or go on."""
        self._change(refusal="")
        if self.situation.run.status == "untrained":
            self.action_new_run()
        else:
            self._steering.pause_or_go_on(self.situation)

    def action_new_run(self) -> None:
        """Train a new run with the waiting values; one that trains is stopped with a checkpoint."""
        asked = self._steering.config
        if self._session.start(recipe.write(asked)):
            self._change(running=asked, stored=None, asked=asked, refusal="")

    def action_one_step(self) -> None:
        """Do one step and wait again."""
        self._session.go_on(1)

    def action_stop(self) -> None:
        """Stop the trainer with a checkpoint."""
        self._session.stop()

    def action_go_to(self, number: int) -> None:
        """Focus a pane; again: zoom."""
        self.main.go_to(number)

    def action_go_on(self, by: int) -> None:
        """Focus the next pane, or the one before."""
        self.main.go_on(by)

    def action_zoom(self) -> None:
        """Give the current pane the screen, or take it back."""
        self.main.zoom(not self.main.is_zoomed)

    def action_unzoom(self) -> None:
        """Out of the zoom."""
        self.main.zoom(False)

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.refresh(repaint=True, layout=True)

    def action_log(self) -> None:
        """What the worker wrote about itself."""
        from workbench.screens.log import LogScreen

        path = runs_dir() / self.situation.run.run / "worker.log"
        self.push_screen(LogScreen(path))

    def action_help(self) -> None:
        """What the current pane shows, and the keys."""
        from workbench.screens.help import help_for

        name, pane = PANE_NAMES[self.main.current - 1], self.main.current_pane
        self.push_screen(help_for(name, pane, self.main.active_bindings))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every command by name, with its key."""
        return palette_commands(self, self.main.active_bindings)

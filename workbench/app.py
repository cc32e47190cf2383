"""The app: it wires what a person does to the session, and what the session tells to the screen."""

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from seqlm import recipe
from seqlm.config import DataConfig
from seqlm.errors import SeqlmError
from seqlm.runs import client
from workbench.control_rows import control_rows
from workbench.keys import app_keys, footer_keys, own_keys
from workbench.opening import Opening, theme_of
from workbench.oracle import Oracle
from workbench.preview import make_preview
from workbench.render.palette import DARK
from workbench.render.text import clean
from workbench.screens.main import LAYOUT_CSS, MainScreen
from workbench.session import Session, Spawn
from workbench.situation import Situation, possible, space_does
from workbench.steering import Steering
from workbench.told import Answered, Declined, RunOpened, RunProgressed
from workbench.widgets.controls import ControlsPane
from workbench.widgets.data import DataPane
from workbench.widgets.folded import PaneAsked
from workbench.widgets.footer import Footer
from workbench.widgets.generate import GeneratePane


class Workbench(App[int]):
    """A terminal workbench in which a small language model is watched while it trains.

    Args:
        opening: What to open with.
        clock: Seconds that only go forward.
        spawn: Starts a worker.
    """

    TITLE = "seqlm"
    CSS = LAYOUT_CSS
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "train_or_pause", "train or pause", id="run.space"),
        Binding("s", "one_step", "one step", id="run.step"),
        Binding("X", "stop", "stop with a checkpoint", id="run.stop"),
        Binding("r", "new_run", "new run with the waiting values", id="run.new"),
        *(
            Binding(str(n), f"go_to({n})", f"{name}; again: zoom", show=False, id=f"pane.{n}")
            for n, name in enumerate(("Data", "Controls", "Loss", "Generate"), 1)
        ),
        Binding("z", "zoom", "zoom this pane, and back", id="pane.zoom"),
        Binding("x", "x_axis", "step axis log or linear", show=False, id="loss.x_axis"),
        Binding("escape", "unzoom", "out of the zoom", show=False, id="pane.back"),
        Binding("question_mark", "help", "what this pane shows, and its keys", id="help"),
        Binding("colon,ctrl+p", "command_palette", "every command by name", id="commands"),
        Binding("q,ctrl+c,ctrl+q", "leave", "leave", id="leave"),
        Binding("ctrl+z", "suspend_process", "suspend the screen", show=False, id="suspend"),
        Binding("ctrl+l", "redraw", "draw everything again", show=False, id="redraw"),
    ]

    def __init__(
        self,
        opening: Opening,
        clock: Callable[[], float] = time.monotonic,
        spawn: Spawn = client.spawn,
    ) -> None:
        super().__init__()
        self._opening = opening
        self._clock = clock
        self._session = Session(self.post_message, opening.connection, spawn)
        self._steering = Steering(self._session, opening.config)
        self.situation = Situation(opening.config, preview=opening.preview)
        self.set_class(opening.ascii_only, "-ascii")
        self.register_theme(theme_of(opening.palette))
        self.theme = "seqlm"
        self._css_variables = self.get_css_variables()
        self.stylesheet.set_variables(self._css_variables)

    # Coming and going

    def get_default_screen(self) -> Screen[None]:
        """The workbench itself."""
        self._main = MainScreen(self._begin, self.size)
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
        self._watch_signals()
        if (self._opening.palette, self._opening.ascii_only) != (DARK, False):
            self.main.show_look(self._opening.palette, self._opening.ascii_only)
        self._timer = self.set_interval(1 / self._opening.fps, self._session.read_log, pause=True)
        self.main.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self.call_after_refresh(self._settle)
        self._session.listen()
        if self._opening.run is not None:
            self._session.open(self._opening.run)
        self._set(self.situation)
        self._read_text()

    def _settle(self) -> None:
        """The first frame is drawn: what waited for it may go on."""
        gc.enable()
        self._session.wake()

    def _watch_signals(self) -> None:
        """A lost terminal or a polite kill leaves the terminal as it was; training goes on."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(name, self._detach)

    def _detach(self) -> None:
        self._session.leave()
        self.exit(0)

    def on_unmount(self) -> None:
        """However the app ends, it lets go of the worker."""
        self._session.leave()

    @work
    async def action_leave(self) -> None:
        """Leave; while a run trains, ask what becomes of it."""
        run = self.situation.run
        if run.status not in ("starting", "training"):
            self._detach()
            return
        from workbench.screens.leave import LeaveScreen

        choice = await self.push_screen_wait(LeaveScreen(self.situation.title))
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
            self._show_controls()
            self._oracle.show(situation)
            self._show_keys()
        if situation.run.is_live:
            self._timer.resume()
        else:
            self._timer.pause()

    def _change(self, **changes: Any) -> None:
        self._set(replace(self.situation, **changes))

    def _show_controls(self) -> None:
        situation = self.situation
        sample = {
            f"sample.{name}": getattr(situation.asked.sample, name)
            for name in situation.asked.sample.__struct_fields__
        }
        in_force = {**sample, **situation.run.values}
        rows = control_rows(situation.asked, situation.running, in_force)
        self.main.controls.show(rows)

    def _show_keys(self) -> None:
        active = self.main.active_bindings
        own, kept = footer_keys(self.situation, active, self)
        self.main.footer.show(own, kept)

    # The text

    def _wanted_data(self) -> DataConfig:
        return self.situation.config.data

    def _read_text(self) -> None:
        """Read the text that is wanted, unless it is there."""
        preview = self.situation.preview
        if preview is None or preview.data != self._wanted_data():
            self._change(preview=None, reading=f"Reading {clean(self._wanted_data().corpus, 60)}.")
            self._prepare(self._wanted_data())

    @work(thread=True, exclusive=True)
    def _prepare(self, data: DataConfig) -> None:
        """Read and count in a thread, so that the screen goes on."""
        told_at = self._clock()

        def progress(n_read: int, n_bytes: int) -> None:
            nonlocal told_at
            if self._clock() - told_at > 0.2:
                told_at = self._clock()
                of = f"{n_read // 1000:,} of {n_bytes // 1000:,} kB"
                words = f"Reading {clean(data.corpus, 60)}: {of}."
                self.call_from_thread(self._change, reading=words)

        try:
            preview = make_preview(data, progress)
        except SeqlmError as error:
            words = clean(str(error), 300)
            self.call_from_thread(self._change, reading="", refusal=words)
            return
        self.call_from_thread(self._change, reading="", preview=preview)

    # What the session tells

    @on(RunProgressed)
    def _run_progressed(self, message: RunProgressed) -> None:
        same = message.state.status == self.situation.run.status
        refusal = self.situation.refusal if same else ""
        self._change(run=message.state, refusal=refusal, is_linked=self._session.is_linked)

    @on(RunOpened)
    def _run_opened(self, message: RunOpened) -> None:
        try:
            manifest = message.run.manifest()
        except SeqlmError as error:
            self._change(refusal=clean(str(error), 300))
            return
        running = manifest.config
        self._steering.opened(running)
        self._change(
            running=running, asked=self._steering.config, is_linked=self._session.is_linked
        )
        self._read_text()

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self._oracle.answered(message.answer)

    @on(Declined)
    def _declined(self, message: Declined) -> None:
        if not self._oracle.declined(message.message_id, message.words):
            is_none = self.situation.run.status == "untrained"
            running = None if is_none else self.situation.running
            self._change(refusal=message.words, running=running)

    # What the panes ask

    @on(GeneratePane.PredictionAsked)
    def _prediction_asked(self, message: GeneratePane.PredictionAsked) -> None:
        self._oracle.predict(self.situation, message)

    @on(GeneratePane.SamplesAsked)
    def _samples_asked(self, message: GeneratePane.SamplesAsked) -> None:
        self._oracle.draw(self.situation, message)

    @on(DataPane.Moved)
    def _data_moved(self) -> None:
        if self.situation.is_linked:
            self._oracle.ask_scores()

    @on(GeneratePane.TemperatureAsked)
    def _temperature_asked(self, message: GeneratePane.TemperatureAsked) -> None:
        self._ask_value("sample.temperature", message.value)

    @on(ControlsPane.ValueAsked)
    def _value_asked(self, message: ControlsPane.ValueAsked) -> None:
        self._ask_value(message.key, message.value)

    def _ask_value(self, key: str, value: Any) -> None:
        try:
            self._steering.ask(self.situation, key, value)
        except SeqlmError as error:
            self.main.controls.show_refusal(clean(str(error), 300))
        self._asked()

    @on(ControlsPane.PresetAsked)
    def _preset_asked(self, message: ControlsPane.PresetAsked) -> None:
        self._steering.ask_preset(message.name)
        self._asked()

    @on(ControlsPane.UndoAsked)
    def _undo_asked(self) -> None:
        self._steering.undo(self.situation)
        self._asked()

    @on(ControlsPane.RedoAsked)
    def _redo_asked(self) -> None:
        self._steering.redo(self.situation)
        self._asked()

    def _asked(self) -> None:
        """Something else may be asked for now."""
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
        return possible(self.situation, action) and (is_main or action not in _RUN_ACTIONS)

    def action_train_or_pause(self) -> None:
        """Start, pause, or go on."""
        self._change(refusal="")
        status = self.situation.run.status
        if status == "untrained":
            self.action_new_run()
        elif status == "training":
            self._session.pause()
        elif status == "paused":
            self._session.go_on()
        elif space_does(self.situation):
            self._session.resume(self._steering.words_to_resume(self.situation))

    def action_new_run(self) -> None:
        """Train a new run with the waiting values; one that trains is stopped with a checkpoint."""
        asked = self._steering.config
        self._change(running=asked, asked=asked, refusal="")
        self._session.start(recipe.write(asked))

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

    def action_x_axis(self) -> None:
        """Steps on a logarithmic or a linear axis."""
        self._change(x_scale="linear" if self.situation.x_scale == "log" else "log")

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        """What the current pane shows, and the keys."""
        from workbench.screens.help import HelpScreen

        pane = self.main.current_pane
        active = self.main.active_bindings
        about = getattr(pane, "HELP", "")
        name = ("Data", "Controls", "Loss", "Generate")[self.main.current - 1]
        self.push_screen(
            HelpScreen(name, about, own_keys(active, self, hidden=True), app_keys(active, self))
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every command by name, with its key."""
        for key in app_keys(self.main.active_bindings, self):
            if "command_palette" not in key.action:
                yield SystemCommand(key.label.capitalize(), key.key, _runner(self, key.action))


_RUN_ACTIONS = ("train_or_pause", "one_step", "stop", "new_run", "go_to", "go_on", "zoom", "leave")


def _runner(app: Workbench, action: str) -> Callable[[], Any]:
    async def run() -> None:
        await app.run_action(action)

    return run

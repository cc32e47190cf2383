"""The app: it wires what a person does to the session, and what the session tells to the screen."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from seqlm.errors import SeqlmError
from seqlm.runspec import recipe
from workbench.application.commands import AppCommands
from workbench.corpus.loader import TextTold, data_config_of_run
from workbench.keyboard.bindings import APP_BINDINGS
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.data.pane import DataPane
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.loss.pane import LossPane
from workbench.render.number_format import format_count, format_learning_rate
from workbench.render.sanitize import sanitize
from workbench.run.kept_steps import next_kept_step
from workbench.run.messages import QueryAnswered, RequestRejected, RunOpened, RunStateChanged
from workbench.state.app_state import is_action_available
from workbench.widgets.footer import Footer
from workbench.widgets.tabs import PaneRequested


class Workbench(AppCommands):
    """A terminal workbench in which a small language model is watched while it trains."""

    TITLE = "seqlm"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = APP_BINDINGS

    # The text

    def begin(self) -> None:
        """Read the text before anything else."""
        self._read_text()

    def _read_text(self) -> None:
        """Read the text that is wanted, unless it is there."""
        situation = self.situation
        if situation.preview is None or situation.preview.data != situation.data:
            name = PurePath(situation.config.data.corpus).name
            self._change(preview=None, loading_message=f"Reading {sanitize(name, 60)}.")
            self._texts.read(situation.data, name)

    @on(TextTold)
    def _text_told(self, message: TextTold) -> None:
        """Take what is told of the text that is wanted; of another one it comes too late."""
        if message.data == self.situation.data:
            self._change(**message.changes)

    # What the session tells

    @on(RunStateChanged)
    def _run_progressed(self, message: RunStateChanged) -> None:
        self._pulse.news()
        same = message.state.status == self.situation.run.status
        refusal = self.situation.error_message if same else ""
        self._change(
            run=message.state,
            error_message=refusal,
            silent_for_s=0,
            can_query=self._session.is_linked,
        )

    @on(RunOpened)
    def _run_opened(self, message: RunOpened) -> None:
        try:
            manifest = message.run.manifest()
        except SeqlmError as error:
            self._change(error_message=sanitize(str(error), 300))
            return
        self._change(
            run_config=manifest.config,
            stored_data_config=data_config_of_run(manifest, self.situation.preview),
            pending_config=self._steering.config,
            can_query=self._session.is_linked,
            viewed_step=None,
        )
        self._read_text()

    @on(QueryAnswered)
    def _answered(self, message: QueryAnswered) -> None:
        self._oracle.answered(message.answer)
        if self._search is not None:
            self._search.answered(message.answer)

    @on(RequestRejected)
    def _declined(self, message: RequestRejected) -> None:
        search, told = self._search, (message.message_id, message.words)
        is_search = search is not None and search.declined(*told)
        if not is_search and not self._oracle.declined(*told):
            if self._session.state.status == "untrained":
                self._change(run_config=None, stored_data_config=None)
            remedy = self.situation.keys.substitute_keys(message.remedy)
            self._change(error_message=f"{message.words} {remedy}".rstrip())

    # What the panes ask

    @on(GeneratePane.PredictionRequested)
    @on(GeneratePane.SamplesRequested)
    @on(DataPane.Scrolled)
    def _answer_asked(self, message: Message) -> None:
        self._oracle.take(self.situation, message)

    @on(GeneratePane.TemperatureChangeRequested)
    @on(ControlsPane.ValueRequested)
    @on(ControlsPane.PresetRequested)
    @on(ControlsPane.UndoRequested)
    @on(ControlsPane.RedoRequested)
    def _value_asked(self, message: Message) -> None:
        """Something else may be asked for now."""
        try:
            self._steering.take(self.situation, message)
        except SeqlmError as error:
            self.main.controls.show_error(sanitize(str(error), 300))
        self._change(pending_config=self._steering.config, error_message="")
        self._read_text()

    @on(ControlsPane.LrSearchRequested)
    def _rate_search_asked(self) -> None:
        self.action_find_rate()

    @on(LossPane.StepRequested)
    def _step_asked(self, message: LossPane.StepRequested) -> None:
        """The model as it was at a kept step; that it is not the one that was read is said."""
        self._change(viewed_step=message.step)
        if message.step != message.read:
            step, read = format_count(message.step), format_count(message.read)
            self._note(f"Step {step} is the nearest kept to {read}.")

    @on(PaneRequested)
    def _pane_asked(self, message: PaneRequested) -> None:
        self.main.go_to(message.number)

    @on(Footer.Clicked)
    async def _key_clicked(self, message: Footer.Clicked) -> None:
        await self.run_action(message.action, default_namespace=self.main.focused or self)

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing is not there."""
        return is_action_available(self.situation, action)

    def action_train_or_pause(self) -> None:
        """Start, pause, or go on."""
        self._change(error_message="")
        if self.situation.run.status == "untrained":
            self.action_new_run()
        else:
            self._steering.pause_or_go_on(self.situation)

    def action_new_run(self) -> None:
        """Train a new run with the waiting values; one that trains is stopped with a checkpoint."""
        asked, before = self._steering.config, self.situation.run
        if self._session.start(recipe.format_recipe(asked)):
            self._steering.begun()
            rate = format_learning_rate(asked.train.learning_rate)
            stopped = f"{before.run} is stopped and kept. The new run begins with rate {rate}."
            note = stopped if before.is_live else ""
            self._change(
                run_config=asked,
                stored_data_config=None,
                pending_config=asked,
                error_message="",
                status_message=note,
            )

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

    def action_out(self) -> None:
        """Out of the past; else out of the zoom."""
        if self.situation.viewed_step is not None:
            self._change(viewed_step=None)
        else:
            self.main.zoom(False)

    def action_look_earlier(self) -> None:
        """Look at the model as it was before."""
        self._look(-1)

    def action_look_later(self) -> None:
        """Look at the model as it was later; after the last kept step, as it is."""
        self._look(1)

    def _look(self, by: int) -> None:
        situation = self.situation
        self._change(
            viewed_step=next_kept_step(situation.run.kept, situation.viewed_step, by),
            status_message="",
        )

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.redraw_all()

    def action_log(self) -> None:
        """What the worker wrote about itself."""
        from workbench.screens.log import LogScreen

        path = self._session.log_path
        if path is not None:
            self.push_screen(LogScreen(path, self.situation.keys))

    def action_help(self) -> None:
        """What the current pane shows, and the keys."""
        from workbench.screens.help import help_for

        self.push_screen(help_for(self.main, self.situation.keys))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every command by name, with its key."""
        from workbench.application.palette import palette_commands

        return palette_commands(self)

"""The app: connects keys and messages to the controllers, and renders the state."""

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen

from seqlm.errors import SeqlmError
from seqlm.sanitize import sanitize
from workbench.application.commands import AppCommands
from workbench.application.lifecycle import AppLifecycle
from workbench.application.startup import StartupOptions, make_theme
from workbench.controllers.corpus_controller import CorpusController
from workbench.controllers.query_router import QueryRouter
from workbench.controllers.run_controller import LEARNING_RATE, RunController
from workbench.controllers.run_monitor import ActivityMeter, PollTimers
from workbench.corpus import loader
from workbench.keyboard.bindings import APP_BINDINGS
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.rows import controls_state
from workbench.panes.data.pane import DataPane
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.inspect.pane import InspectPane
from workbench.panes.loss.pane import LossPane
from workbench.render.number_format import format_count
from workbench.run.messages import QueryAnswered, RequestRejected, RunOpened, RunStateChanged
from workbench.screens.main import MainScreen
from workbench.state.app_state import AppState, StateStore, is_action_available
from workbench.terminal.driver import ByteCounter
from workbench.terminal.terminal_app import TerminalApp
from workbench.widgets.footer import Footer
from workbench.widgets.tabs import PaneRequested

if TYPE_CHECKING:  # imported when first needed: the first frame does not need the session
    from workbench.run.worker_connection import Spawn
    from workbench.run.worker_session import WorkerSession

_STATUS_MESSAGE_S = 12.0
_MAX_ERROR = 300


class Workbench(TerminalApp):
    """Terminal workbench in which a small language model is trained and examined.

    The app only connects: start and end are in :class:`AppLifecycle`, commands in
    :class:`AppCommands`, changes of the run in :class:`RunController`, queries in
    :class:`QueryRouter`. It has more than 30 methods because Textual looks up every ``action_*``
    method and every message handler on the app itself; each of them calls one of these objects.

    Args:
        options: Options of the start.
        clock: Monotonic clock in seconds.
        spawn: Starts a worker; None for the default.

    Attributes:
        store: State of the app.
        controller: Controller of the run.
        main: Screen with the panes.
    """

    TITLE = "seqlm"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = APP_BINDINGS
    main: MainScreen

    def __init__(
        self,
        options: StartupOptions,
        clock: Callable[[], float] = time.monotonic,
        spawn: "Spawn | None" = None,
    ) -> None:
        self._byte_counter = ByteCounter()
        super().__init__(ansi_color=not options.palette.background)
        self._options, self._clock, self._spawn = options, clock, spawn
        self.store = StateStore(
            AppState(options.config, preview=options.preview), self._render_state
        )
        self.controller = RunController(self._get_session, options.config)
        self._activity = ActivityMeter(clock, self._byte_counter)
        self._corpus = CorpusController(self.store, self.post_message)
        self._lifecycle = AppLifecycle(self, self.store, self._get_session, self._corpus, options)
        self.set_class(options.ascii_only, "-ascii")
        self.register_theme(make_theme(options.palette))
        self.theme = "seqlm"
        self._styled_for = self.theme
        self.stylesheet.set_variables(self.get_css_variables())

    @property
    def state(self) -> AppState:
        """Current state."""
        return self.store.state

    @cached_property
    def session(self) -> "WorkerSession":
        """Session with a worker, created when first needed."""
        from workbench.run.worker_session import WorkerSession

        return WorkerSession(self.post_message, spawn=self._spawn)

    def _get_session(self) -> "WorkerSession":
        return self.session

    # Overrides of Textual

    def get_driver_class(self) -> type[Driver]:
        """Return the driver of the terminal, which counts the bytes it sends."""
        return self._byte_counter.make_counting_driver(super().get_driver_class())

    def get_default_screen(self) -> Screen[None]:
        """Create the screen with the panes, and the objects that need it."""
        self.main = MainScreen(self._start)
        panes = (self.main.generate, self.main.data, self.main.inspect)
        self._router = QueryRouter(self._get_session, *panes, self._clock)
        self._commands = AppCommands(
            self,
            self.main,
            self.store,
            self._get_session,
            self.controller,
            self._router,
            self._corpus.load,
        )
        return self.main

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles again only if the theme has changed: the first time takes long."""
        if self.theme != self._styled_for:
            self._styled_for = self.theme
            super().refresh_css(animate)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the entries of the command palette."""
        from workbench.application.palette import palette_commands

        return palette_commands(self, self.main, self.state)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the keys of actions that have no effect now."""
        is_available = is_action_available(self.state, action)
        return is_available and super().check_action(action, parameters)

    def on_unmount(self) -> None:
        """Disconnect from the worker however the app ends."""
        self._lifecycle.close()

    # Start and rendering

    def _start(self) -> None:
        """Fill the screen before the first frame."""
        self._poll_timers = PollTimers(self, self._get_session, self._options.fps, self._tick)
        self.main.bindings_updated_signal.subscribe(self, lambda _: self._update_footer())
        self.screen_change_signal.subscribe(self, lambda _: self._update_footer())
        self._lifecycle.start(self.main)
        self.store.set(self.state)
        self._corpus.load()

    def _render_state(self, before: AppState, state: AppState) -> None:
        """Render a state in one frame, then request what the panes lack."""
        message = state.status_message
        if message and message != before.status_message:
            self.set_timer(_STATUS_MESSAGE_S, lambda: self._clear_status_message(message))
        if not self.screen_stack:  # the app is ending
            return
        with self.batch_update():
            self.main.set_state(state)
            self.main.controls.presenter.set_controls(
                controls_state(state, *self.controller.can_undo_redo)
            )
            self._router.update_panes(state)
            self._update_footer()
        self._router.request_missing_scores(state)
        self._poll_timers.set_live(state.run.is_live)

    def _clear_status_message(self, message: str) -> None:
        if self.state.status_message == message:
            self.store.set(replace(self.state, status_message=""))

    def _update_footer(self) -> None:
        self.main.update_footer(self.state, self)

    def _tick(self) -> None:
        """Update once a second, while a run is live, what depends on the clock."""
        message = self._lifecycle.return_message() or self.state.status_message
        self.store.set(replace(self._activity.update_state(self.state), status_message=message))

    # Messages of the corpus loader

    @on(loader.CorpusLoadProgress)
    @on(loader.CorpusLoaded)
    @on(loader.CorpusLoadFailed)
    def _handle_corpus_message(self, message: loader.CorpusMessage) -> None:
        self._corpus.handle(message)

    # Messages of the session

    @on(RunStateChanged)
    def _show_run_state(self, message: RunStateChanged) -> None:
        self._activity.record_activity()
        has_same_status = message.state.status == self.state.run.status
        self.store.set(
            replace(
                self.state,
                run=message.state,
                error_message=self.state.error_message if has_same_status else "",
                silent_for_s=0,
                can_query=self.session.can_query,
            )
        )

    @on(RunOpened)
    def _show_run(self, message: RunOpened) -> None:
        try:
            manifest = message.run.manifest()
        except SeqlmError as error:
            text = sanitize(str(error), _MAX_ERROR)
            self.store.set(replace(self.state, error_message=text))
            return
        self.store.set(
            replace(
                self.state,
                run_config=manifest.config,
                stored_data_config=loader.data_config_of_run(manifest, self.state.preview),
                pending_config=self.controller.config,
                can_query=self.session.can_query,
                viewed_step=None,
            )
        )
        self._corpus.load()

    @on(QueryAnswered)
    def _handle_answer(self, message: QueryAnswered) -> None:
        self._router.handle_answer(message.answer)
        if self._commands.lr_search is not None:
            self._commands.lr_search.handle_answer(message.answer)

    @on(RequestRejected)
    def _handle_rejection(self, message: RequestRejected) -> None:
        search, request = self._commands.lr_search, (message.message_id, message.words)
        if search is not None and search.handle_rejection(*request):
            return
        if self._router.handle_rejection(*request):
            return
        state = self.state
        if self.session.state.status == "untrained":
            state = replace(state, run_config=None, stored_data_config=None)
        text = f"{message.words} {state.keys.substitute_keys(message.remedy)}".rstrip()
        self.store.set(replace(state, error_message=text))

    # Messages of the widgets

    @on(GeneratePane.PredictionRequested)
    @on(GeneratePane.SamplesRequested)
    @on(DataPane.Scrolled)
    @on(InspectPane.ViewRequested)
    def _handle_query_request(self, message: Message) -> None:
        self._router.handle(self.state, message)

    @on(GeneratePane.TemperatureChangeRequested)
    @on(ControlsPane.ValueRequested)
    @on(ControlsPane.PresetRequested)
    @on(ControlsPane.UndoRequested)
    @on(ControlsPane.RedoRequested)
    def _handle_change_request(self, message: Message) -> None:
        self._apply_change(lambda: self.controller.handle(self.state, message))

    def _apply_change(self, change: Callable[[], None]) -> None:
        """Change the run or the pending configuration; show an error in the Controls pane."""
        try:
            change()
        except SeqlmError as error:
            self.main.controls.presenter.show_error(sanitize(str(error), _MAX_ERROR))
        config = self.controller.config
        self.store.set(replace(self.state, pending_config=config, error_message=""))
        self._corpus.load()

    @on(ControlsPane.LrSearchRequested)
    def _handle_lr_search_request(self) -> None:
        self.action_open_lr_search()

    @on(LossPane.StepRequested)
    def _view_step(self, message: LossPane.StepRequested) -> None:
        """View the model at a kept step; say so if it is not the step under the cursor."""
        self.store.set(replace(self.state, viewed_step=message.step))
        if message.step != message.read:
            step, cursor = format_count(message.step), format_count(message.read)
            self._commands.set_status(f"Step {step} is the kept step nearest to {cursor}.")

    @on(PaneRequested)
    def _go_to_requested_pane(self, message: PaneRequested) -> None:
        self.main.go_to(message.number)

    @on(Footer.Clicked)
    async def _run_clicked_action(self, message: Footer.Clicked) -> None:
        await self.run_action(message.action, default_namespace=self.main.focused or self)

    # Actions of the run

    def action_train_or_pause(self) -> None:
        """Start, pause or resume."""
        self._commands.train_or_pause()

    def action_new_run(self) -> None:
        """Start a run of the pending configuration."""
        self._commands.start_run()

    def action_one_step(self) -> None:
        """Train one step, then pause."""
        self._commands.train_steps(1)

    def action_to_validation(self) -> None:
        """Train until the next validation, then pause."""
        self._commands.train_to_validation()

    def action_stop(self) -> None:
        """Stop the run with a checkpoint."""
        self.session.stop()

    def action_scale_rate(self, direction: int) -> None:
        """Halve or double the learning rate."""
        factor = 2.0 if direction > 0 else 0.5
        self._apply_change(lambda: self.controller.scale(self.state, LEARNING_RATE, factor))

    @work
    async def action_open_lr_search(self) -> None:
        """Search for a learning rate; set the one that the user applies."""
        rate = await self._commands.find_learning_rate()
        if rate is not None:
            self._apply_change(lambda: self.controller.set_value(self.state, LEARNING_RATE, rate))

    def action_view_earlier_step(self) -> None:
        """View the model at an earlier kept step."""
        self._commands.view_past_step(-1)

    def action_view_later_step(self) -> None:
        """View the model at a later kept step, after the last one the live model."""
        self._commands.view_past_step(1)

    # Actions of the screen

    def action_go_to(self, number: int) -> None:
        """Focus a pane; zoom it if it has the focus."""
        self.main.go_to(number)

    def action_focus_next_pane(self, by: int) -> None:
        """Focus the next or the previous pane."""
        self.main.focus_next_pane(by)

    def action_zoom(self) -> None:
        """Zoom the current pane, or end the zoom."""
        self.main.zoom(not self.main.is_zoomed)

    def action_out(self) -> None:
        """Return to the live model; else end the zoom."""
        if self.state.viewed_step is not None:
            self.store.set(replace(self.state, viewed_step=None))
        else:
            self.main.zoom(False)

    def action_redraw(self) -> None:
        """Send the whole screen again."""
        self.redraw_all()

    def action_copy_pane(self) -> None:
        """Copy the current pane as text."""
        self._commands.copy_pane()

    def action_copy_line(self) -> None:
        """Copy the recipe of the run."""
        self._commands.copy_recipe()

    def action_log(self) -> None:
        """Show the log of the worker process."""
        self._commands.show_log()

    def action_help(self) -> None:
        """Show the help of the current pane and the keys."""
        self._commands.show_help()

    def action_command_palette(self) -> None:
        """Show the command palette."""
        self._commands.show_palette()

    @work
    async def action_open(self) -> None:
        """Open a preset, a file, a run or a pasted recipe."""
        await self._commands.open()

    @work
    async def action_leave(self) -> None:
        """Exit; ask first while a run is live."""
        await self._lifecycle.leave()

"""Commands of the app that concern no single pane: start, view a past step, copy, open, search."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from seqlm.runs.run_state import ENDED
from seqlm.runspec import recipe
from workbench.controllers.query_router import QueryRouter
from workbench.controllers.run_controller import RunController
from workbench.panes.pane import appearance_of
from workbench.render.number_format import format_learning_rate
from workbench.run.state import RunState, next_kept_step
from workbench.screens.main import MainScreen
from workbench.state.app_state import AppState, StateStore
from workbench.terminal.terminal_app import TerminalApp

if TYPE_CHECKING:  # imported when first needed: the first frame does not need them
    from workbench.application.lr_search import LrSearch
    from workbench.run.worker_session import WorkerSession


_NOTHING_PENDING = "No pending changes. <run.stop> stops this run, then <run.new> starts another."


class AppCommands:
    """Commands of the app; rarely used modules are imported by the command that needs them.

    Args:
        app: App that shows the screens.
        main: Screen with the panes.
        store: State of the app.
        session: Returns the session, which is created when first needed.
        controller: Controller of the run.
        router: Router of the queries.
        load_corpus: Loads the corpus of the current state unless it is loaded.

    Attributes:
        lr_search: Learning-rate search that is open; None if there is none.
    """

    def __init__(
        self,
        app: TerminalApp,
        main: MainScreen,
        store: StateStore,
        session: Callable[[], "WorkerSession"],
        controller: RunController,
        router: QueryRouter,
        load_corpus: Callable[[], None],
    ) -> None:
        self._app, self._main, self._store, self._session = app, main, store, session
        self._controller, self._router, self._load_corpus = controller, router, load_corpus
        self.lr_search: LrSearch | None = None

    def train_or_pause(self) -> None:
        """Start a first run; pause or resume the displayed run."""
        self._store.set(replace(self._store.state, error_message=""))
        if self._store.state.run.status == "untrained":
            self.start_run()
        else:
            self._controller.pause_or_resume(self._store.state)

    def train_steps(self, n_steps: int) -> None:
        """Start a first run or continue the displayed one, and pause after some steps."""
        self._store.set(replace(self._store.state, error_message=""))
        if self._store.state.run.status == "untrained":
            self.start_run(n_steps)
        else:
            self._controller.continue_run(self._store.state, n_steps)

    def start_run(self, n_steps: int | None = None) -> None:
        """Start a run of the pending configuration; a live run is stopped with a checkpoint.

        Args:
            n_steps: Pause after this many steps; None to train to the end.
        """
        state = self._store.state
        config, before = self._controller.config, state.run
        if before.is_live and not state.pending_keys:
            self.set_status(state.keys.substitute_keys(_NOTHING_PENDING))
            return
        if not self._session().start(recipe.format_recipe(config), n_steps):
            return
        self._controller.mark_run_started()
        rate = format_learning_rate(config.train.learning_rate)
        stopped = f"{before.run} was stopped and is kept. The new run has learning rate {rate}."
        self._store.set(
            replace(
                self._store.state,
                run_config=config,
                stored_data_config=None,
                pending_config=config,
                error_message="",
                status_message=stopped if before.is_live else "",
            )
        )

    def train_to_validation(self) -> None:
        """Train until the next validation, then pause."""
        self.train_steps(steps_to_validation(self._store.state))

    def view_past_step(self, by: int) -> None:
        """View the model at an earlier or later kept step; after the last one, the live model."""
        state = self._store.state
        step = next_kept_step(state.run.kept, state.viewed_step, by)
        self._store.set(replace(state, viewed_step=step, status_message=""))

    async def find_learning_rate(self) -> float | None:
        """Run a learning-rate search on a copy of the model.

        Returns:
            The learning rate that the user applies; None if the search is left.
        """
        from workbench.application.lr_search import LrSearch

        appearance = appearance_of(self._main.controls)
        search = self.lr_search = LrSearch(self._session(), self._store.state, appearance)
        search.start()
        learning_rate = await self._app.push_screen_wait(search.screen)
        search.cancel()
        self.lr_search = None
        return learning_rate

    async def open(self) -> None:
        """Open a preset, a file, a run or a pasted recipe; a live run continues in the background."""
        from workbench.screens.open import OpenScreen

        hint = _left_run_message(self._store.state.run)
        target = await self._app.push_screen_wait(
            OpenScreen(appearance_of(self._main.controls), hint)
        )
        if target is None:
            return
        self._session().close_run()
        self._controller.reset(target.config)
        self._store.set(
            replace(
                self._store.state,
                pending_config=target.config,
                run_config=None,
                stored_data_config=None,
                run=RunState(),
                can_query=False,
                viewed_step=None,
                silent_for_s=0,
            )
        )
        self._main.controls.presenter.reset_cursor()
        # An update of the Generate pane with earlier weights may be queued; this one comes after it.
        self._main.generate.call_later(lambda: self._router.update_panes(self._store.state))
        again = self._store.state.keys.substitute_keys("<app.open> opens it again.")
        self.set_status(hint and f"{hint} {again}")
        if target.run is not None:
            self._session().open(target.run)
        self._load_corpus()

    def copy_pane(self) -> None:
        """Copy the current pane as text, to the clipboard and to a file."""
        from workbench.layout import is_framed
        from workbench.terminal.clipboard import pane_text

        pane = self._main.current_pane
        strips = [pane.render_line(y) for y in range(pane.size.height)]
        text = pane_text(strips, is_framed(*pane.size))
        self._copy(text, f"{self._store.state.title}-{pane.NAME.lower()}", f"{pane.NAME} as text")

    def copy_recipe(self) -> None:
        """Copy the recipe of the displayed run, to the clipboard and to a file."""
        from workbench.state.recipe_text import recipe_text, recipe_text_kind

        state = self._store.state
        self._copy(recipe_text(state), state.title, recipe_text_kind(state.run))

    def _copy(self, text: str, name: str, what: str) -> None:
        from workbench.terminal.clipboard import copy_text

        self.set_status(copy_text(self._app, text, name, what))

    def set_status(self, text: str) -> None:
        """Show the result of an action."""
        self._store.set(replace(self._store.state, status_message=text, error_message=""))

    def show_log(self) -> None:
        """Show the messages of the worker process."""
        from workbench.screens.log import LogScreen

        path = self._session().log_path
        if path is not None:
            self._app.push_screen(LogScreen(path, self._store.state.keys))

    def show_help(self) -> None:
        """Show the help of the current pane and the keys."""
        from workbench.screens.help import help_for

        self._app.push_screen(help_for(self._main, self._store.state.keys))

    def show_palette(self) -> None:
        """Show the command palette."""
        from workbench.widgets.option_lists import CommandPaletteScreen

        if not isinstance(self._app.screen, CommandPaletteScreen):
            self._app.push_screen(CommandPaletteScreen())


def steps_to_validation(state: AppState) -> int:
    """Return the number of steps until the next validation, or until the end of the run."""
    run, train = state.run, state.config.planned.train
    every: int = run.values.get("train.evaluate_every", train.evaluate_every)
    is_resumed = run.status in (*ENDED, "died")
    step = (run.checkpoint_step or 0) if is_resumed else run.step
    n_left = (run.steps_planned or train.steps) - step
    return max(1, min(every - step % every, n_left))


def _left_run_message(run: RunState) -> str:
    """Return what happens to a run that is no longer displayed."""
    if run.status == "paused":
        return f"{run.run} stops with a checkpoint after a minute."
    return f"{run.run} continues in the background." if run.is_live else ""

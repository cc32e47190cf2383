"""Start, first frame and end of the app."""

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from seqlm.runs.directory import list_runs
from workbench.application.startup import StartupOptions
from workbench.controllers.corpus_controller import CorpusController
from workbench.keyboard.key_labels import KeyLabels
from workbench.render.number_format import format_counted
from workbench.render.palette import DARK
from workbench.run import last_seen
from workbench.screens.main import MainScreen
from workbench.state.app_state import StateStore
from workbench.terminal.signals import install_exit_signals
from workbench.terminal.terminal_app import TerminalApp

if TYPE_CHECKING:  # imported when first needed: the first frame does not need the session
    from workbench.run.worker_session import WorkerSession


class AppLifecycle:
    """Steps of the app from its start to its end.

    Args:
        app: App that is started and ended.
        store: State of the app.
        session: Returns the session, which is created when first needed.
        corpus: Controller of the corpus.
        options: Options of the start.
    """

    def __init__(
        self,
        app: TerminalApp,
        store: StateStore,
        session: Callable[[], "WorkerSession"],
        corpus: CorpusController,
        options: StartupOptions,
    ) -> None:
        self._app, self._store, self._session = app, store, session
        self._corpus, self._options = corpus, options
        self._last_seen_step: int | None = None

    def start(self, main: MainScreen) -> None:
        """Prepare the first frame; open the run that was named at the start."""
        options = self._options
        install_exit_signals(self.exit)
        if (options.palette, options.ascii_only) != (DARK, False):
            main.set_appearance(options.palette, options.ascii_only)
        main.generate.inbox.set_startup(True)
        self._app.call_after_refresh(self._app.after_first_frame, lambda: self._finish_start(main))
        if options.run is not None:
            self._last_seen_step = last_seen.pop(options.run.name)
            self._session().open(options.run)

    def _finish_start(self, main: MainScreen) -> None:
        """Do what would have delayed the first frame."""
        gc.freeze()
        gc.enable()
        self._session().prepare()
        main.generate.call_later(main.generate.inbox.set_startup, False)
        self._store.set(replace(self._store.state, n_runs=len(list_runs())))
        self._load_keymap()

    def _load_keymap(self) -> None:
        """Use the keys of the user's keymap file; keep the default keys if the file has an error."""
        from workbench.application.keymap_file import keymap_path, read_keymap

        path = keymap_path()
        if not path.exists():
            return
        from seqlm.errors import SeqlmError
        from seqlm.sanitize import sanitize

        try:
            keymap = read_keymap(path)
        except (SeqlmError, OSError) as error:
            text = sanitize(f"{error} The default keys stay in use.", 300)
            self._store.set(replace(self._store.state, error_message=text))
            return
        self._app.set_keymap(keymap)
        self._store.set(replace(self._store.state, keys=KeyLabels(tuple(keymap.items()))))

    def return_message(self) -> str:
        """Return, once, how many steps a run did while no screen showed it; else an empty string."""
        if self._session().is_reading:
            return ""
        last_seen_step, self._last_seen_step = self._last_seen_step, None
        run = self._store.state.run
        if last_seen_step is None or run.step <= last_seen_step:
            return ""
        n_steps = format_counted(run.step - last_seen_step, "step")
        return f"Back on {run.run}: {n_steps} since you left; the whole log was read."

    async def leave(self) -> None:
        """Exit; while a run is live, ask whether to detach from the run or to stop it."""
        state = self._store.state
        if not state.run.is_live:
            self.exit()
            return
        from workbench.screens.leave import LeaveScreen

        screen = LeaveScreen(state.title, state.run.status, state.keys)
        choice = await self._app.push_screen_wait(screen)
        if choice == "stop":
            self._session().stop()
        if choice in ("detach", "stop"):
            self.exit()

    def exit(self) -> None:
        """Remember the last displayed step, disconnect and exit."""
        run = self._store.state.run
        if run.is_live:
            last_seen.remember(run.run, run.step)
        self.close()
        self._app.exit(0)

    def close(self) -> None:
        """Cancel loading and disconnect from the worker."""
        self._corpus.cancel()
        self._session().disconnect()

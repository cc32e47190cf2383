"""What a person can do beside training: copy, open something else, set the rate from anywhere."""

from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import work

from workbench.application.lifecycle import AppLifecycle
from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.rows import controls_state
from workbench.panes.controls.value_editing import scale_value
from workbench.run.state import RunState
from workbench.state.app_state import AppState

if TYPE_CHECKING:
    from workbench.application.lr_search import LrSearch

_RATE = "train.learning_rate"


class AppCommands(AppLifecycle):
    """Actions that need no message of a pane; what they need rarely is imported when it is needed."""

    _search: "LrSearch | None" = None

    def _settle(self) -> None:
        super()._settle()
        self._read_keymap()

    def _read_keymap(self) -> None:
        """Take the keys of a person's own file. Where it is wrong, the usual ones stay."""
        from workbench.application.keymap_file import keymap_path, read_keymap

        path = keymap_path()
        if not path.exists():
            return
        from seqlm.errors import SeqlmError
        from workbench.render.sanitize import sanitize

        try:
            keymap = read_keymap(path)
        except (SeqlmError, OSError) as error:
            self._change(error_message=sanitize(f"{error} The usual keys stay.", 300))
            return
        self.set_keymap(keymap)
        self._change(keys=KeyLabels(tuple(keymap.items())))

    def action_to_validation(self) -> None:
        """Train on to the next validation and wait again."""
        self._session.go_on(steps_to_validation(self.situation))

    def action_scale_rate(self, direction: int) -> None:
        """Halve or double the learning rate."""
        rows = controls_state(self.situation).rows
        row = next(row for row in rows if row.key == _RATE)
        value = scale_value(row.setting, row.value, 2.0 if direction > 0 else 0.5)
        self.post_message(ControlsPane.ValueRequested(_RATE, value))

    @work
    async def action_find_rate(self) -> None:
        """Try learning rates on a copy of the model; the one that is taken is asked for."""
        from workbench.application.lr_search import LrSearch

        search = self._search = LrSearch(
            self._session, self.situation, self.main.controls.appearance
        )
        search.ask()
        found = await self.push_screen_wait(search.screen)
        search.give_up()
        self._search = None
        if found is not None:
            self.post_message(ControlsPane.ValueRequested(_RATE, found))

    def action_copy_pane(self) -> None:
        """Copy the current pane as text, to the clipboard and to a file."""
        from workbench.layout import is_framed
        from workbench.terminal.clipboard import pane_text

        pane = self.main.current_pane
        strips = [pane.render_line(y) for y in range(pane.size.height)]
        text = pane_text(strips, is_framed(*pane.size))
        self._copy(text, f"{self.situation.title}-{pane.NAME.lower()}", f"{pane.NAME} as text")

    def action_copy_line(self) -> None:
        """Copy the line that gives this run again, to the clipboard and to a file."""
        from workbench.state.recipe_text import recipe_text, recipe_text_kind

        situation = self.situation
        self._copy(recipe_text(situation), situation.title, recipe_text_kind(situation.run))

    def _copy(self, text: str, name: str, what: str) -> None:
        from workbench.terminal.clipboard import copy_text

        self._note(copy_text(self, text, name, what))

    def _note(self, note: str) -> None:
        """Say what was done."""
        self._change(status_message=note, error_message="")

    def action_command_palette(self) -> None:
        """Every command by name."""
        from workbench.widgets.option_lists import CommandPaletteScreen

        if not isinstance(self.screen, CommandPaletteScreen):
            self.push_screen(CommandPaletteScreen())

    @work
    async def action_open(self) -> None:
        """Show a preset, a file, a run or a pasted line; what trains goes on in the background."""
        from workbench.screens.open import OpenScreen

        hint = _left_behind(self.situation.run)
        found = await self.push_screen_wait(OpenScreen(self.main.controls.appearance, hint))
        if found is None:
            return
        self._session.put_down()
        self._steering.start_from(found.config)
        self._set(
            replace(
                self.situation,
                pending_config=found.config,
                run_config=None,
                stored_data_config=None,
                run=RunState(),
                can_query=False,
                viewed_step=None,
                silent_for_s=0,
            )
        )
        self.main.controls.reset_cursor()
        # The Generate pane may yet hear of the weights of before; this comes after that.
        self.main.generate.call_later(lambda: self._oracle.show(self.situation))
        again = self.situation.keys.substitute_keys("<app.open> shows it again.")
        self._note(hint and f"{hint} {again}")
        if found.run is not None:
            self._session.open(found.run)
        self.begin()


def _left_behind(run: RunState) -> str:
    """What becomes of a run that is no longer shown."""
    if run.status == "paused":
        return f"{run.run} waits a minute, then stops with a checkpoint."
    return f"{run.run} goes on in the background." if run.is_live else ""


def steps_to_validation(situation: AppState) -> int:
    """How many steps there are to the next validation, or to the end."""
    run, train = situation.run, situation.config.planned.train
    every: int = run.values.get("train.evaluate_every", train.evaluate_every)
    left = (run.steps_planned or train.steps) - run.step
    return max(1, min(every - run.step % every, left))

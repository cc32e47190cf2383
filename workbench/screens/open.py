"""The field in which a person types or pastes what to open, over a list of what there is."""

import asyncio
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from seqlm.errors import SeqlmError, one_line
from workbench.controllers.open_target import (
    NotFound,
    OpenCandidate,
    OpenTarget,
    open_candidates,
    resolve_line,
)
from workbench.render.sanitize import fit, sanitize
from workbench.widgets.appearance import Appearance
from workbench.widgets.field import Field
from workbench.widgets.option_lists import OptionRows

_MAX_LINE, _MAX_WORDS = 4000, 300
_NAME, _KIND = 26, 8
_HINT = "A preset, a file, a run, or a whole line: names-mlp train.learning_rate=0.05@20000"


class OpenScreen(ModalScreen[OpenTarget | None]):
    """Asks what to open; answers it once it was found, or None.

    Args:
        look: Colours and signs.
        hint: What becomes of the run that is on the screen; empty where there is none that goes.
    """

    DEFAULT_CSS = """
    OpenScreen { align: center top; padding: 1 0; }
    OpenScreen > Vertical {
        width: 100; max-width: 98%; height: auto; max-height: 90%;
        border: heavy $primary; padding: 0 1; background: $surface;
    }
    .-ascii OpenScreen > Vertical { border: ascii $primary; }
    OpenScreen Input { height: 1; padding: 0; }
    OpenScreen OptionList {
        height: auto; max-height: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
    }
    OpenScreen OptionList > .option-list--option-disabled { color: $secondary; }
    OpenScreen Static { height: auto; max-height: 4; color: $secondary; }
    OpenScreen Static.-refused { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", tooltip="Open nothing", id="open.leave"),
        Binding("down", "move(1)", "down", show=False, id="open.down"),
        Binding("up", "move(-1)", "up", show=False, id="open.up"),
    ]

    def __init__(self, look: Appearance, hint: str = "") -> None:
        super().__init__()
        self._look, self._hint = look, hint
        self._all: list[OpenCandidate] = []
        self._listed: list[OpenCandidate] = []
        self._refused, self._nearest = "", ""

    def compose(self) -> ComposeResult:
        """A field, what is wrong with what was typed, and the list."""
        with Vertical() as box:
            box.border_title = "open"
            box.border_subtitle = self._said(
                "enter opens · <open.down> chooses · <open.leave> leaves"
            )
            yield Field(_MAX_LINE)
            yield Static()
            yield OptionRows(compact=True)

    def on_mount(self) -> None:
        """Shows what there is."""
        self._all = open_candidates()
        self._say(f"{_HINT}\n{self._hint}".strip())
        self._list("")
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        """Answers that nothing was chosen."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Moves the cursor of the list; above its first line is the field again."""
        found = self.query_one(OptionRows)
        place = -1 if found.highlighted is None else found.highlighted
        place += by
        found.highlighted = place if 0 <= place < found.option_count else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keeps what begins with the first word or holds it."""
        if event.value != self._refused:
            self._refused, self._nearest = "", ""
            self._say(f"{_HINT}\n{self._hint}".strip())
        self._list((event.value.split() or [""])[0])

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Opens the line under the cursor, the nearest name after a refusal, else what was typed."""
        event.stop()
        found = self.query_one(OptionRows)
        if found.highlighted is not None:
            found.action_select()
        elif event.value == self._refused and self._nearest:
            self._open(self._nearest)
        elif event.value.strip():
            self._open(event.value)

    def on_option_list_option_selected(self, event: OptionRows.OptionSelected) -> None:
        """Opens the chosen name."""
        self._open(event.option_id or "")

    def _open(self, line: str) -> None:
        self._say("Looking at it.")
        self.run_worker(self._find(line), exclusive=True)

    async def _find(self, line: str) -> None:
        """A file may be long: it is read in a thread, and meanwhile a person may have left."""
        try:
            found = await asyncio.to_thread(resolve_line, line)
        except (SeqlmError, OSError) as error:
            if self.is_current:
                self._refuse(error)
            return
        if self.is_current:
            self.dismiss(found)

    def _refuse(self, error: SeqlmError | OSError) -> None:
        self._refused = self.query_one(Input).value
        self._nearest = error.nearest if isinstance(error, NotFound) else ""
        opens = f" enter opens {sanitize(self._nearest)}," if self._nearest else ""
        around = self._said(" <open.down> looks around.") if isinstance(error, NotFound) else ""
        self._say(sanitize(f"✗ {one_line(error)}", _MAX_WORDS) + opens + around, is_refusal=True)

    def _say(self, words: str, is_refusal: bool = False) -> None:
        static = self.query_one(Static)
        static.set_class(is_refusal, "-refused")
        static.update(Content(self._look.sign(words)))

    def _said(self, words: str) -> str:
        return self._look.keys.substitute_keys(words, self.BINDINGS)

    def _list(self, word: str) -> None:
        fitting = [c for c in self._all if c.name.startswith(word)]
        fitting += [c for c in self._all if word in c.name and c not in fitting]
        found = self.query_one(OptionRows)
        found.highlighted = None
        if fitting != self._listed:
            self._listed = fitting
            found.set_options(Option(self._row(choice), id=choice.name) for choice in fitting)
        if not fitting:
            words = (
                f"Nothing here has {sanitize(word, _NAME)} in its name; enter tries what is typed."
            )
            found.set_options([Option(Text(words, self._look.palette.label), disabled=True)])

    def _row(self, choice: OpenCandidate) -> Text:
        palette = self._look.palette
        row = Text(self._look.sign("● " if choice.is_live else "  "), palette.train)
        row.append(fit(choice.name, _NAME), f"bold {palette.plain}")
        row.append(fit(choice.kind, _KIND), palette.label)
        return row.append(self._look.sign(sanitize(choice.about, 200)), palette.label)

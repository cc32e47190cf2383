"""Open screen: a field for a target or a pasted recipe, and the list of targets."""

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

from seqlm.errors import SeqlmError
from seqlm.sanitize import one_line, sanitize
from workbench.render.sanitize import fit
from workbench.run.open_target import (
    NotFound,
    OpenCandidate,
    OpenTarget,
    open_candidates,
    resolve_line,
)
from workbench.widgets.appearance import Appearance
from workbench.widgets.field import Field
from workbench.widgets.option_lists import OptionRows

_MAX_LINE, _MAX_WORDS = 4000, 300
_NAME, _KIND = 26, 8
_HINT = "A preset, a file, a run, or a recipe: names-mlp train.learning_rate=0.05@20000"


class OpenScreen(ModalScreen[OpenTarget | None]):
    """Screen that asks for a target; its result is the target, or None.

    Args:
        appearance: Colors and signs.
        hint: What happens to the displayed run; empty if no run is live.
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
    OpenScreen Static.-error { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "leave", "close", tooltip="Close without opening anything", id="open.leave"
        ),
        Binding("down", "move(1)", "down", show=False, id="open.down"),
        Binding("up", "move(-1)", "up", show=False, id="open.up"),
    ]

    def __init__(self, appearance: Appearance, hint: str = "") -> None:
        super().__init__()
        self._appearance, self._hint = appearance, hint
        self._all: list[OpenCandidate] = []
        self._listed: list[OpenCandidate] = []
        self._rejected_text, self._nearest = "", ""

    def compose(self) -> ComposeResult:
        """Yield the field, the message under it and the list."""
        with Vertical() as box:
            box.border_title = "open"
            box.border_subtitle = self._with_keys(
                "enter opens · <open.down> chooses · <open.leave> leaves"
            )
            yield Field(_MAX_LINE)
            yield Static()
            yield OptionRows(compact=True)

    def on_mount(self) -> None:
        """Fill the list."""
        self._all = open_candidates()
        self._show_message(f"{_HINT}\n{self._hint}".strip())
        self._list("")
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        """Close without a target."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Move the cursor of the list; above its first row the field is active."""
        found = self.query_one(OptionRows)
        place = -1 if found.highlighted is None else found.highlighted
        place += by
        found.highlighted = place if 0 <= place < found.option_count else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the targets that start with the first word or contain it."""
        if event.value != self._rejected_text:
            self._rejected_text, self._nearest = "", ""
            self._show_message(f"{_HINT}\n{self._hint}".strip())
        self._list((event.value.split() or [""])[0])

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the selected target, the suggested name after an error, or the typed text."""
        event.stop()
        found = self.query_one(OptionRows)
        if found.highlighted is not None:
            found.action_select()
        elif event.value == self._rejected_text and self._nearest:
            self._open(self._nearest)
        elif event.value.strip():
            self._open(event.value)

    def on_option_list_option_selected(self, event: OptionRows.OptionSelected) -> None:
        """Open the selected name."""
        self._open(event.option_id or "")

    def _open(self, line: str) -> None:
        self._show_message("Opening.")
        self.run_worker(self._resolve(line), exclusive=True)

    async def _resolve(self, line: str) -> None:
        """Resolve the target in a thread, because a file may be long; the screen may close meanwhile."""
        try:
            found = await asyncio.to_thread(resolve_line, line)
        except (SeqlmError, OSError) as error:
            if self.is_current:
                self._show_error(error)
            return
        if self.is_current:
            self.dismiss(found)

    def _show_error(self, error: SeqlmError | OSError) -> None:
        self._rejected_text = self.query_one(Input).value
        self._nearest = error.nearest if isinstance(error, NotFound) else ""
        opens = f" enter opens {sanitize(self._nearest)}," if self._nearest else ""
        around = (
            self._with_keys(" <open.down> selects from the list.")
            if isinstance(error, NotFound)
            else ""
        )
        self._show_message(
            sanitize(f"✗ {one_line(error)}", _MAX_WORDS) + opens + around, is_error=True
        )

    def _show_message(self, words: str, is_error: bool = False) -> None:
        static = self.query_one(Static)
        static.set_class(is_error, "-error")
        static.update(Content(self._appearance.sign(words)))

    def _with_keys(self, words: str) -> str:
        return self._appearance.keys.substitute_keys(words, self.BINDINGS)

    def _list(self, word: str) -> None:
        fitting = [c for c in self._all if c.name.startswith(word)]
        fitting += [c for c in self._all if word in c.name and c not in fitting]
        found = self.query_one(OptionRows)
        found.highlighted = None
        if fitting != self._listed:
            self._listed = fitting
            found.set_options(Option(self._row(choice), id=choice.name) for choice in fitting)
        if not fitting:
            words = f"No entry contains {sanitize(word, _NAME)}; enter opens the typed text."
            found.set_options([Option(Text(words, self._appearance.palette.label), disabled=True)])

    def _row(self, choice: OpenCandidate) -> Text:
        palette = self._appearance.palette
        row = Text(self._appearance.sign("● " if choice.is_live else "  "), palette.train)
        row.append(fit(choice.name, _NAME), f"bold {palette.plain}")
        row.append(fit(choice.kind, _KIND), palette.label)
        return row.append(self._appearance.sign(sanitize(choice.about, 200)), palette.label)

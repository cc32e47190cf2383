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
from workbench.run.open_candidates import CandidateGroup, OpenCandidate, candidate_groups
from workbench.run.open_target import NotFound, OpenTarget, resolve_line
from workbench.widgets.appearance import Appearance
from workbench.widgets.field import Field
from workbench.widgets.option_lists import OptionRows

_MAX_LINE, _MAX_WORDS = 4000, 300
_NAME, _DATE = 26, 18
_TO_END = 1_000_000
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
        width: 100; max-width: 98%; height: 90%;
        border: heavy $primary; padding: 0 1; background: $surface;
    }
    .-ascii OpenScreen > Vertical { border: ascii $primary; }
    OpenScreen Input { height: 1; padding: 0; }
    OpenScreen OptionList {
        height: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
    }
    OpenScreen OptionList > .option-list--option-disabled { color: $secondary; }
    OpenScreen Static { height: auto; min-height: 3; max-height: 4; color: $secondary; }
    OpenScreen.-short Static { min-height: 1; max-height: 2; }
    OpenScreen Static.-error { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "leave", "close", tooltip="Close without opening anything", id="open.leave"
        ),
        Binding("down", "move(1)", "down", show=False, id="open.down"),
        Binding("up", "move(-1)", "up", show=False, id="open.up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="open.page_down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="open.page_up"),
        Binding("home", f"jump(-{_TO_END})", "first", show=False, priority=True, id="open.first"),
        Binding("end", f"jump({_TO_END})", "last", show=False, priority=True, id="open.last"),
    ]

    def __init__(self, appearance: Appearance, hint: str = "") -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-high")]
        self._appearance, self._hint = appearance, hint
        self._groups: list[CandidateGroup] = []
        self._by_name: dict[str, OpenCandidate] = {}
        self._listed: list[CandidateGroup] = []
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
        self._groups = candidate_groups()
        self._by_name = {c.name: c for group in self._groups for c in group.candidates}
        self._show_hint()
        self._list("")
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        """Close without a target."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the home and end keys to the field while it has text and no row is selected."""
        if action != "jump":
            return True
        lists = self.query(OptionRows)  # none before the screen is mounted
        return bool(lists) and (
            lists.first().highlighted is not None or not self.query_one(Input).value
        )

    def action_move(self, by: int) -> None:
        """Move the cursor of the list; above its first row and below its last the field is active."""
        self._highlight(self._place + by, is_clamped=False)

    def action_page(self, by: int) -> None:
        """Move the cursor by one page of the list."""
        page = max(1, self.query_one(OptionRows).size.height - 1)
        self._highlight(self._place + by * page)

    def action_jump(self, by: int) -> None:
        """Move the cursor to the first or the last row of the list."""
        self._highlight(self._place + by)

    @property
    def _selectable(self) -> list[int]:
        """Indices of the rows that are no headings."""
        options = enumerate(self.query_one(OptionRows).options)
        return [index for index, option in options if not option.disabled]

    @property
    def _place(self) -> int:
        """Place of the cursor among the selectable rows; -1 while the field is active."""
        highlighted = self.query_one(OptionRows).highlighted
        return -1 if highlighted is None else self._selectable.index(highlighted)

    def _highlight(self, place: int, is_clamped: bool = True) -> None:
        """Move the cursor to a selectable row; a place outside is clamped or activates the field."""
        rows, choices = self._selectable, self.query_one(OptionRows)
        if rows and is_clamped:
            place = max(0, min(place, len(rows) - 1))
        choices.highlighted = rows[place] if 0 <= place < len(rows) else None
        if choices.highlighted is None:
            self._show_hint()
        elif place == 0:  # the heading above it too
            choices.scroll_home(animate=False)

    def on_option_list_option_highlighted(self, event: OptionRows.OptionHighlighted) -> None:
        """Show the whole description of the selected row."""
        found = self._by_name.get(event.option_id or "")
        if found is not None and self.query_one(OptionRows).highlighted is not None:
            started = f"Started {found.date}" if found.date else ""
            about = found.about[:1].upper() + found.about[1:]
            parts = ". ".join(filter(None, (about, started, found.details)))
            self._show_message(sanitize(parts, _MAX_WORDS))

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the targets whose name or description contains the first word."""
        if event.value != self._rejected_text:
            self._rejected_text, self._nearest = "", ""
            self._show_hint()
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

    def _show_hint(self) -> None:
        self._show_message(f"{_HINT}\n{self._hint}".strip())

    def _show_message(self, words: str, is_error: bool = False) -> None:
        static = self.query_one(Static)
        static.set_class(is_error, "-error")
        static.update(Content(self._appearance.sign(words)))

    def _with_keys(self, words: str) -> str:
        return self._appearance.keys.substitute_keys(words, self.BINDINGS)

    def _list(self, word: str) -> None:
        """List the targets that contain a word, best matches first; an empty word lists all groups."""
        groups = self._groups if not word else [CandidateGroup("", self._matches(word))]
        found = self.query_one(OptionRows)
        found.highlighted = None
        if groups != self._listed:
            self._listed = groups
            found.set_options(option for group in groups for option in self._options(group))
        if not any(group.candidates for group in groups):
            words = f"No entry contains {sanitize(word, _NAME)}; enter opens the typed text."
            found.set_options([Option(Text(words, self._appearance.palette.label), disabled=True)])

    def _matches(self, word: str) -> list[OpenCandidate]:
        """Return the candidates with a word in their name, first at its start, or in what they are."""
        candidates, lower = list(self._by_name.values()), word.lower()
        fitting = [c for c in candidates if c.name.startswith(word)]
        fitting += [c for c in candidates if lower in c.name.lower() and c not in fitting]
        return fitting + [c for c in candidates if lower in c.about.lower() and c not in fitting]

    def _options(self, group: CandidateGroup) -> list[Option]:
        """Return the rows of a group under its heading."""
        heading = Text(group.title, f"bold {self._appearance.palette.label}")
        rows = [Option(self._row(choice), id=choice.name) for choice in group.candidates]
        return [Option(heading, disabled=True), *rows] if group.title else rows

    def _row(self, choice: OpenCandidate) -> Text:
        palette = self._appearance.palette
        row = Text(self._appearance.sign("● " if choice.is_live else "  "), palette.train)
        row.append(fit(choice.name, _NAME), f"bold {palette.plain}")
        row.append(fit(choice.date, _DATE) if choice.date else "", palette.label)
        return row.append(self._appearance.sign(sanitize(choice.about, 200)), palette.label)

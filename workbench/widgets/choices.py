"""Lists to choose from that stand any size and any click. Textual's own rely on having been drawn."""

from textual.app import ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette
from textual.events import Click
from textual.widgets import OptionList

_LONGEST_SEARCH = 100  # characters: a field that holds a pasted text draws all of it at each key


class Choices(OptionList):
    """A list to choose from. It is never narrower than its padding, which Textual takes away from it."""

    DEFAULT_CSS = "Choices { min-width: 12; }"

    def action_page_up(self) -> None:
        """A page up, where there is room for one."""
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """A page down, where there is room for one."""
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]

    async def _on_click(self, event: Click) -> None:
        """A click on what was drawn, but has gone from the list since, chooses nothing."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()


class FoundCommands(CommandList, Choices):
    """The commands that a search has found."""

    DEFAULT_CSS = "FoundCommands { min-width: 12; }"


class Commands(CommandPalette):
    """Textual's command palette."""

    DEFAULT_CSS = "Commands SearchIcon { color: $foreground; }"

    def compose(self) -> ComposeResult:
        """The same with our list."""
        for widget in super().compose():
            yield FoundCommands() if isinstance(widget, CommandList) else widget

    def on_mount(self) -> None:
        """Take no more than a name."""
        self.query_one(CommandInput).max_length = _LONGEST_SEARCH

    def on_unmount(self) -> None:
        """Look for nothing more: what would be found has no place any more."""
        self._cancel_gather_commands()

"""Lists to choose from that stand any size and any click; Textual's own rely on having been drawn."""

from textual.app import ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette
from textual.events import Click
from textual.widgets import OptionList

_LONGEST_SEARCH = 100  # characters: a field that holds a pasted text draws all of it at each key


class Choices(OptionList):
    """A list to choose from."""

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


class _FoundCommands(Choices, CommandList):
    """The commands that a search has found."""


class Commands(CommandPalette):
    """Textual's command palette."""

    def compose(self) -> ComposeResult:
        """The same with our list."""
        for widget in super().compose():
            yield _FoundCommands() if isinstance(widget, CommandList) else widget

    def on_mount(self) -> None:
        """Take no more than a name."""
        self.query_one(CommandInput).max_length = _LONGEST_SEARCH

"""Lists to choose from that stand any size: Textual's cannot turn a page before they were once drawn."""

from textual.command import CommandInput, CommandList, CommandPalette
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


class Commands(CommandPalette):
    """Textual's command palette."""

    DEFAULT_CSS = "Commands SearchIcon { color: $foreground; }"

    def on_mount(self) -> None:
        """Take no more than a name."""
        self.query_one(CommandInput).max_length = _LONGEST_SEARCH

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

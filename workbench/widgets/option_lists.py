"""Lists to choose from that stand any size and any click. Textual's own rely on having been drawn."""

from collections.abc import Iterable
from typing import Self

from textual.app import ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette, DiscoveryHit, Hits
from textual.events import Click
from textual.strip import Strip
from textual.style import Style
from textual.system_commands import SystemCommandsProvider
from textual.visual import VisualType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

_LONGEST_SEARCH = 100  # characters: a field that holds a pasted text draws all of it at each key


class OptionRows(OptionList):
    """A list to choose from. It is never narrower than its padding, which Textual takes away from it."""

    DEFAULT_CSS = "OptionRows { min-width: 12; }"
    _edition = 0
    """How often the list was made anew: an option that was drawn belongs to one edition."""

    def clear_options(self) -> Self:
        """Make an empty list: what is drawn yet has gone."""
        self._edition += 1
        return super().clear_options()

    def set_options(self, options: Iterable["Option | VisualType | None"]) -> Self:
        """Make another list: what is drawn yet has gone."""
        self._edition += 1
        return super().set_options(options)

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
        if event.style.meta.get("edition") != self._edition:
            event.prevent_default()

    def _get_option_render(self, option: Option, style: Style) -> list[Strip]:
        """As it is drawn, with the edition that it belongs to in the style of its cells."""
        strips = super()._get_option_render(option, style)
        return [strip.apply_meta({"edition": self._edition}) for strip in strips]


class CommandMatches(CommandList, OptionRows):
    """The commands that a search has found."""

    DEFAULT_CSS = "CommandMatches { min-width: 12; }"


class OrderedCommands(SystemCommandsProvider):
    """The commands of the app in its own order; Textual's provider has them by the alphabet."""

    async def discover(self) -> Hits:
        """All commands, before anything is typed."""
        for command in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(command.title, command.callback, help=command.help)


class CommandPaletteScreen(CommandPalette):
    """Textual's command palette."""

    DEFAULT_CSS = """
    CommandPaletteScreen SearchIcon { color: $foreground; }
    CommandPaletteScreen CommandMatches > .option-list--option-disabled { color: $secondary; }
    """

    def compose(self) -> ComposeResult:
        """The same with our list."""
        for widget in super().compose():
            yield CommandMatches() if isinstance(widget, CommandList) else widget

    def __init__(self) -> None:
        super().__init__([OrderedCommands], id="--command-palette")

    def on_mount(self) -> None:
        """Take no more than a name."""
        self.query_one(CommandInput).max_length = _LONGEST_SEARCH

    def on_unmount(self) -> None:
        """Look for nothing more: what would be found has no place any more."""
        self._cancel_gather_commands()

"""Option lists that work at any size; Textual's own fail on clicks before they are drawn."""

from collections.abc import Iterable
from typing import Self

from textual.app import ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette, DiscoveryHit, Hit, Hits
from textual.content import Content
from textual.events import Click
from textual.strip import Strip
from textual.style import Style
from textual.system_commands import SystemCommandsProvider
from textual.visual import VisualType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.keyboard.command_search import search_titles

_LONGEST_SEARCH = 100  # characters; Textual redraws the whole text after each key


class OptionRows(OptionList):
    """Option list that is never narrower than its padding."""

    DEFAULT_CSS = "OptionRows { min-width: 12; }"
    _edition = 0
    """Number of times the options were replaced; rendered options belong to one edition."""

    def clear_options(self) -> Self:
        """Remove all options; clicks on rendered ones no longer count."""
        self._edition += 1
        return super().clear_options()

    def set_options(self, options: Iterable["Option | VisualType | None"]) -> Self:
        """Replace all options; clicks on rendered ones no longer count."""
        self._edition += 1
        return super().set_options(options)

    def action_page_up(self) -> None:
        """Move one page up, if the list has any height."""
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """Move one page down, if the list has any height."""
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]

    async def _on_click(self, event: Click) -> None:
        """Ignore a click on an option that has been replaced since it was rendered."""
        if event.style.meta.get("edition") != self._edition:
            event.prevent_default()

    def _get_option_render(self, option: Option, style: Style) -> list[Strip]:
        """Render an option and store its edition in the style of its cells."""
        strips = super()._get_option_render(option, style)
        return [strip.apply_meta({"edition": self._edition}) for strip in strips]


class CommandMatches(CommandList, OptionRows):
    """List of the commands that match a search."""

    DEFAULT_CSS = "CommandMatches { min-width: 12; }"


class OrderedCommands(SystemCommandsProvider):
    """Commands of the app in its own order, and a search by words.

    Textual's provider sorts the commands by name and matches letters that are far apart.
    """

    async def discover(self) -> Hits:
        """Yield the commands before anything is typed."""
        for command in self.app.get_system_commands(self.screen):
            if command.discover:
                yield DiscoveryHit(command.title, command.callback, help=command.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands that match a typed text."""
        commands = list(self.app.get_system_commands(self.screen))
        for match in search_titles(query, [command.title for command in commands]):
            command = commands[match.index]
            title = Content(command.title)
            for begin, end in match.spans:
                title = title.stylize("bold underline", begin, end)
            yield Hit(match.score, title, command.callback, command.title, command.help)


class CommandPaletteScreen(CommandPalette):
    """Textual's command palette with lists that work at any size."""

    DEFAULT_CSS = """
    CommandPaletteScreen SearchIcon { color: $foreground; }
    CommandPaletteScreen CommandMatches > .option-list--option-disabled { color: $secondary; }
    """

    def compose(self) -> ComposeResult:
        """Yield Textual's widgets, with the list replaced."""
        for widget in super().compose():
            yield CommandMatches() if isinstance(widget, CommandList) else widget

    def __init__(self) -> None:
        super().__init__([OrderedCommands], id="--command-palette")

    def on_mount(self) -> None:
        """Limit the length of the search text."""
        self.query_one(CommandInput).max_length = _LONGEST_SEARCH

    def on_unmount(self) -> None:
        """Stop searching: the results would have no list to go to."""
        self._cancel_gather_commands()

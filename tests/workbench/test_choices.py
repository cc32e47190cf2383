"""Lists to choose from: a click that comes late, a page turned before there was one."""

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.command import CommandList
from textual.events import Click
from textual.pilot import Pilot
from textual.widgets import OptionList

from workbench.widgets.choices import Choices, Commands


class Asking(App[None]):
    """Three things to choose from, in a list or in the command palette."""

    def compose(self) -> ComposeResult:
        yield Choices("a", "b", "c")

    def on_mount(self) -> None:
        self.chosen: list[int] = []

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.chosen.append(event.option_index)


def click_on(choices: OptionList, option: int) -> Click:
    """As it was drawn: the option stands in the style of its cells."""
    style = Style.from_meta({"option": option})
    return Click(choices, 0, 0, 0, 0, 1, False, False, False, style=style)


async def clicked(pilot: Pilot[None], choices: OptionList, *options: int) -> None:
    for option in options:
        choices.post_message(click_on(choices, option))
    await pilot.pause()


async def test_a_click_chooses() -> None:
    async with Asking().run_test() as pilot:
        await clicked(pilot, pilot.app.query_one(Choices), 1)
        assert pilot.app.chosen == [1]


async def test_a_click_on_what_has_gone_chooses_nothing() -> None:
    async with Asking().run_test() as pilot:
        choices = pilot.app.query_one(Choices)
        choices.clear_options().add_option("d")
        await clicked(pilot, choices, 2, 1)
        assert pilot.app.chosen == []


async def test_the_commands_are_such_a_list() -> None:
    async with Asking().run_test() as pilot:
        await pilot.app.push_screen(Commands())
        found = pilot.app.screen.query_one(CommandList)
        assert isinstance(found, Choices)
        assert not found.can_focus
        await clicked(pilot, found, 10_000)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (9, 3)])
async def test_commands_stand_any_size(size: tuple[int, int]) -> None:
    async with Asking().run_test(size=size) as pilot:
        await pilot.app.push_screen(Commands())
        await pilot.press("pagedown", "pageup", "x", "backspace", "down")
        await pilot.resize_terminal(80, 24)
        await pilot.press("pagedown", "pageup", "x")

"""Option lists: late clicks, and sizes without room for a page."""

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.command import CommandList
from textual.events import Click
from textual.pilot import Pilot
from textual.widgets import OptionList

from workbench.widgets.option_lists import CommandPaletteScreen, OptionRows


class OptionApp(App[None]):
    """App with an option list of three options."""

    def compose(self) -> ComposeResult:
        yield OptionRows("a", "b", "c")

    def on_mount(self) -> None:
        self.chosen: list[int] = []

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.chosen.append(event.option_index)


def click_on(choices: OptionList, row: int) -> Click:
    """Return a click on a row as rendered now, with the metadata of its cells."""
    style = next(iter(choices.render_line(row))).style or Style()
    return Click(choices, 0, 0, 0, 0, 1, False, False, False, style=style)


async def post_clicks(pilot: Pilot[None], choices: OptionList, *clicks: Click) -> None:
    for click in clicks:
        choices.post_message(click)
    await pilot.pause()


async def test_a_click_selects_an_option() -> None:
    async with OptionApp().run_test() as pilot:
        choices = pilot.app.query_one(OptionRows)
        await post_clicks(pilot, choices, click_on(choices, 1))
        assert pilot.app.chosen == [1]
        choices.set_options("xy")
        await pilot.pause()
        await pilot.click(OptionRows, offset=(3, 1))
        assert pilot.app.chosen == [1, 0]


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("is_cleared", [False, True])
async def test_a_click_on_a_replaced_option_selects_nothing(row: int, is_cleared: bool) -> None:
    async with OptionApp().run_test() as pilot:
        choices = pilot.app.query_one(OptionRows)
        late = click_on(choices, row)
        if is_cleared:
            choices.clear_options().add_options("xy")
        else:
            choices.set_options("xy")
        await post_clicks(pilot, choices, late)
        assert pilot.app.chosen == []


async def test_the_command_palette_uses_such_a_list() -> None:
    async with OptionApp().run_test() as pilot:
        await pilot.app.push_screen(CommandPaletteScreen())
        found = pilot.app.screen.query_one(CommandList)
        assert isinstance(found, OptionRows)
        assert not found.can_focus
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        late, in_time = click_on(found, 0), click_on(found, 0)
        await found._on_click(in_time)
        assert not in_time._no_default_action
        found.set_options("xy")
        await found._on_click(late)
        assert late._no_default_action


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (9, 3)])
async def test_the_command_palette_works_at_any_size(size: tuple[int, int]) -> None:
    async with OptionApp().run_test(size=size) as pilot:
        await pilot.app.push_screen(CommandPaletteScreen())
        await pilot.press("pagedown", "pageup", "x", "backspace", "down")
        await pilot.resize_terminal(80, 24)
        await pilot.press("pagedown", "pageup", "x")

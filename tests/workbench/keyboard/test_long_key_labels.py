"""Keys with names longer than one cell: what stands beside them makes room."""

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.pane import Pane, collapsed_line
from workbench.screens.leave import LeaveScreen
from workbench.widgets.row_widget import Row
from workbench.widgets.tabs import PaneRequested, PaneTabs


class Ruled(Pane):
    """Fills the room it is given."""

    NUMBER, NAME = 1, "Ruled"
    keys = KeyLabels()

    def collapsed_row(self, width: int) -> Row:
        return [("." * width, "plain")]


@pytest.mark.parametrize("key", ["1", "f1", "ctrl+t", "あ"])
def test_a_folded_row_is_as_wide_as_it_may_be(key: str) -> None:
    pane = Ruled()
    pane.keys = KeyLabels((("pane.1", key),))
    row = collapsed_line(pane, 60)
    assert sum(cell_len(text) for text, _ in row) == 60


class Tabbed(App[None]):
    """The names of the panes alone; the first one has a wide key."""

    def compose(self) -> ComposeResult:
        yield PaneTabs()

    def on_mount(self) -> None:
        self.requested: list[int] = []
        self.query_one(PaneTabs).set_key_labels(KeyLabels((("pane.1", "あ"),)))

    def on_pane_requested(self, event: PaneRequested) -> None:
        self.requested.append(event.number)


async def test_a_click_means_the_name_under_it() -> None:
    async with Tabbed().run_test(size=(80, 1)) as pilot:
        begins_at, ends = 0, []
        for text, _ in pilot.app.query_one(PaneTabs).rows(80, 1)[0]:
            begins_at += cell_len(text)
            ends.append(begins_at)
        for n, end in enumerate(ends, 1):
            pilot.app.requested.clear()
            await pilot.click(PaneTabs, offset=(end - 1, 0))
            assert pilot.app.requested == [n]


@pytest.mark.parametrize("key", ["d", "enter", "ctrl+t", "f12", "あ"])
def test_the_answers_stand_in_one_column(key: str) -> None:
    screen = LeaveScreen("a run", "training", KeyLabels((("leave.detach", key),)))
    lines = str(next(iter(screen.compose())).content).split("\n")[2:]
    words = ("detach: ", "stop with ", "stay here")
    begin = {cell_len(line[: line.index(said)]) for line, said in zip(lines, words, strict=True)}
    assert len(begin) == 1
    assert all(
        line[: line.index(said)].endswith("  ") for line, said in zip(lines, words, strict=True)
    )

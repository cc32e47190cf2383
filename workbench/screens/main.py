"""The workbench: two rows above, four panes, the keys below."""

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var
from textual.screen import Screen
from textual.widget import Widget

from workbench.layout import COLUMNS_FROM, GENERATE, LOSS, PANES, STACKED_FROM, mode_of, open_panes
from workbench.render.palette import Palette
from workbench.situation import Situation
from workbench.widgets.coach_line import CoachLine
from workbench.widgets.controls import ControlsPane
from workbench.widgets.data import DataPane
from workbench.widgets.folded import Folded, PaneTabs
from workbench.widgets.footer import Footer
from workbench.widgets.generate import GeneratePane
from workbench.widgets.header import Header
from workbench.widgets.loss import LossPane
from workbench.widgets.rows import Rows


LAYOUT_CSS = """
MainScreen { layout: vertical; overflow: hidden; }
#body { layout: vertical; height: 1fr; }
#left, #right { layout: vertical; }
#left { height: auto; }
#right { height: 1fr; }
#left.-open { height: 1fr; }
#right.-closed { height: auto; }
#data, #controls, #loss, #generate {
    border: round $panel; border-title-color: $foreground; border-subtitle-color: $secondary;
    padding: 0 0 0 1; width: 1fr; height: 1fr;
}
#data:focus, #controls:focus, #loss:focus, #generate:focus,
#controls:focus-within, #generate:focus-within {
    border: heavy $primary; border-title-style: reverse; border-subtitle-color: $primary;
}
#loss { height: 11; }
#loss.-alone { height: 1fr; }
MainScreen.-columns-x.-columns-y #body { layout: horizontal; }
MainScreen.-columns-x.-columns-y #left { width: 38; height: 1fr; }
MainScreen.-columns-x.-columns-y #right { width: 1fr; height: 1fr; }
MainScreen.-columns-x.-columns-y #data { height: 16; }
MainScreen.-columns-x.-columns-y #loss { height: 20; }
MainScreen.-columns-x.-columns-y.-zoomed #left { width: 1fr; }
MainScreen.-columns-x.-columns-y.-zoomed Widget.-alone { height: 1fr; }
MainScreen.-tiny-x #loss, MainScreen.-tiny-y #loss { height: 1fr; }
MainScreen.-tiny-x .pane, MainScreen.-tiny-y .pane { border: none; padding: 0; }
"""
"""The places and borders of the panes for each class of size; the app loads it."""


def _breakpoints(axis: str, stacked_from: int, columns_from: int) -> list[tuple[int, str]]:
    """The class that the screen has from each size on."""
    return [(0, f"-tiny-{axis}"), (stacked_from, f"-stacked-{axis}"), (columns_from, f"-columns-{axis}")]


class MainScreen(Screen[None]):
    """Header, coach line, panes, footer.

    Args:
        on_ready: Called when every widget is there, before the first frame.

    Attributes:
        current: The pane with the focus, by its digit.
        zoomed: Whether it has the whole screen.
    """

    HORIZONTAL_BREAKPOINTS = _breakpoints("x", STACKED_FROM[0], COLUMNS_FROM[0])
    VERTICAL_BREAKPOINTS = _breakpoints("y", STACKED_FROM[1], COLUMNS_FROM[1])
    AUTO_FOCUS = "#loss"

    current = var(LOSS)
    zoomed = var(False)

    def __init__(self, on_ready: Callable[[], None]) -> None:
        super().__init__()
        self._on_ready = on_ready
        self._companion = GENERATE

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom."""
        yield Header(id="header")
        yield CoachLine(id="coach")
        yield PaneTabs(id="tabs")
        with Container(id="body"):
            with Container(id="left"):
                yield Folded(1, id="folded-1")
                yield DataPane(id="data").add_class("pane")
                yield Folded(2, id="folded-2")
                yield ControlsPane(id="controls").add_class("pane")
            with Container(id="right"):
                yield Folded(3, id="folded-3")
                yield LossPane(id="loss").add_class("pane")
                yield Folded(4, id="folded-4")
                yield GeneratePane(id="generate").add_class("pane")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Arrange and fill everything before the first frame."""
        self._arrange(*self.app.size)
        self._on_ready()

    def on_resize(self, event: events.Resize) -> None:
        """Open or fold panes for the new size."""
        self._arrange(*event.size)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that holds the focused widget is the current one."""
        for pane in event.widget.ancestors_with_self:
            if isinstance(pane, Widget) and pane.has_class("pane"):
                self.current = self._panes().index(pane) + 1

    def watch_current(self, current: int) -> None:
        """Another pane has the focus."""
        if current != LOSS:
            self._companion = current
        self._arrange(*self.app.size)

    def watch_zoomed(self) -> None:
        """The current pane takes the screen, or gives it back."""
        self._arrange(*self.app.size)

    def show(self, situation: Situation) -> None:
        """Show this situation in every pane that is drawn from it alone."""
        for shown in self.query(Rows):
            show = getattr(shown, "show", None)
            if show is not None and not isinstance(shown, Footer):
                show(situation)

    def show_look(self, palette: Palette, ascii_only: bool) -> None:
        """Draw everything with these colours and signs."""
        for rows in self.query(Rows):
            rows.show_look(palette, ascii_only)
        self.query_one(ControlsPane).show_look(palette, ascii_only)
        self.query_one(GeneratePane).show_look(palette, ascii_only)

    def go_to(self, number: int) -> None:
        """Focus a pane; once more gives it the whole screen, and takes it back."""
        if number == self.current and self.focused is not None:
            self.zoomed = not self.zoomed
            return
        self.current = number
        self._panes()[number - 1].focus()

    @property
    def current_pane(self) -> Widget:
        """The pane with the focus."""
        return self._panes()[self.current - 1]

    def go_on(self, by: int) -> None:
        """Focus the next pane, or the one before."""
        self.go_to((self.current - 1 + by) % len(PANES) + 1)

    def _panes(self) -> list[Widget]:
        return [self.query_one(f"#{name}") for name in ("data", "controls", "loss", "generate")]

    def _arrange(self, width: int, height: int) -> None:
        if not self.is_mounted:
            return
        mode = mode_of(width, height)
        shown = open_panes(mode, self.current, self._companion, self.zoomed)
        folds = mode == "stacked" and not self.zoomed
        self.set_class(self.zoomed, "-zoomed")
        for number, pane in enumerate(self._panes(), 1):
            pane.display = number in shown
            pane.set_class(len(shown) == 1, "-alone")
            self.query_one(f"#folded-{number}").display = folds and number not in shown
        self._arrange_halves(shown, folds)
        tabs = self.query_one(PaneTabs)
        tabs.display = not folds and len(shown) == 1 and height > 5
        tabs.show_current(self.current)
        self.query_one("#coach").display = height > 8
        self.query_one("#footer").display = height > 3

    def _arrange_halves(self, shown: frozenset[int], folds: bool) -> None:
        left, right = self.query_one("#left"), self.query_one("#right")
        left.display = folds or bool(shown & {1, 2})
        right.display = folds or bool(shown & {3, 4})
        left.set_class(bool(shown & {1, 2}), "-open")
        right.set_class(False, "-closed")

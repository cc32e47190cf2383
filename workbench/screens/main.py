"""The workbench: two rows above, four panes, the keys below."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import Size
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
MainScreen.-columns-x.-columns-y #data.-alone { height: 1fr; }
MainScreen.-columns-x.-columns-y #loss.-alone { height: 1fr; }
MainScreen.-tiny-x #loss, MainScreen.-tiny-y #loss { height: 1fr; }
.-ascii #data, .-ascii #controls, .-ascii #loss, .-ascii #generate { border: ascii $panel; }
.-ascii #data:focus, .-ascii #controls:focus, .-ascii #loss:focus, .-ascii #generate:focus,
.-ascii #controls:focus-within, .-ascii #generate:focus-within { border: ascii $primary; }
.-ascii LeaveScreen #question, .-ascii HelpScreen #help { border: ascii $primary; }
MainScreen.-tiny-x #data, MainScreen.-tiny-y #data { border: none; padding: 0; }
MainScreen.-tiny-x #controls, MainScreen.-tiny-y #controls { border: none; padding: 0; }
MainScreen.-tiny-x #loss, MainScreen.-tiny-y #loss { border: none; padding: 0; }
MainScreen.-tiny-x #generate, MainScreen.-tiny-y #generate { border: none; padding: 0; }
"""
"""The places and borders of the panes for each class of size; the app loads it."""


_AXES = (("x", STACKED_FROM[0], COLUMNS_FROM[0]), ("y", STACKED_FROM[1], COLUMNS_FROM[1]))
_WIDTHS, _HEIGHTS = (
    [(0, f"-tiny-{axis}"), (stacked_from, f"-stacked-{axis}"), (columns_from, f"-columns-{axis}")]
    for axis, stacked_from, columns_from in _AXES
)


class MainScreen(Screen[None]):
    """Header, coach line, panes, footer.

    Args:
        on_ready: Called when every widget is there, before the first frame.
        size: Of the terminal. Panes are arranged for it from the start, not moved after.

    Attributes:
        current: The pane with the focus, by its digit.
        is_zoomed: Whether it has the whole screen.
    """

    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    AUTO_FOCUS = "#loss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.go_on(1)", "next pane", show=False, id="pane.next"),
        Binding("shift+tab", "app.go_on(-1)", "pane before", show=False, id="pane.before"),
    ]

    def __init__(self, on_ready: Callable[[], None], size: Size) -> None:
        classes = [
            *self._get_breakpoint_classes(size.width, _WIDTHS),
            *self._get_breakpoint_classes(size.height, _HEIGHTS),
        ]
        super().__init__(classes=" ".join(classes))
        self._on_ready = on_ready
        self.current, self._companion, self.is_zoomed = LOSS, GENERATE, False
        self.data, self.controls = DataPane(id="data"), ControlsPane(id="controls")
        self.generate = GeneratePane(id="generate")
        self.panes: tuple[Widget, ...] = (
            self.data,
            self.controls,
            LossPane(id="loss"),
            self.generate,
        )
        self.footer = Footer(id="footer")
        self._header, self._coach = Header(id="header"), CoachLine(id="coach")
        self._tabs = PaneTabs(id="tabs")
        self._folded = tuple(Folded(number) for number in PANES)
        self._make_halves()
        self._arrange(size.width, size.height)

    def _make_halves(self) -> None:
        pairs = [part for pair in zip(self._folded, self.panes, strict=True) for part in pair]
        self._left, self._right = (
            Container(*pairs[:4], id="left"),
            Container(*pairs[4:], id="right"),
        )

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom."""
        yield self._header
        yield self._coach
        yield self._tabs
        yield Container(self._left, self._right, id="body")
        yield self.footer

    def on_mount(self) -> None:
        """Fill everything before the first frame."""
        self._on_ready()

    def on_resize(self, event: events.Resize) -> None:
        """Open or fold panes for the new size."""
        self._arrange(*event.size)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that holds the focused widget is the current one."""
        for number, pane in enumerate(self.panes, 1):
            if pane in event.widget.ancestors_with_self:
                self._make_current(number)

    def show(self, situation: Situation) -> None:
        """Show this situation in everything that is drawn from it alone."""
        for shown in (self._header, self._coach, *self._folded, *self.panes):
            if isinstance(shown, Header | CoachLine | Folded | DataPane | LossPane):
                shown.show(situation)

    def show_look(self, palette: Palette, ascii_only: bool) -> None:
        """Draw everything with these colours and signs."""
        for shown in self.query(Rows):
            shown.show_look(palette, ascii_only)
        self.controls.show_look(palette, ascii_only)
        self.generate.show_look(palette, ascii_only)

    def go_to(self, number: int) -> None:
        """Focus a pane; once more gives it the whole screen, and takes it back."""
        if number == self.current:
            self.zoom(not self.is_zoomed)
        else:
            self._make_current(number)
            self.current_pane.focus()

    def go_on(self, by: int) -> None:
        """Focus the next pane, or the one before."""
        self.go_to((self.current - 1 + by) % len(PANES) + 1)

    def zoom(self, is_zoomed: bool) -> None:
        """Give the current pane the whole screen, or take it back."""
        self.is_zoomed = is_zoomed
        self._arrange(*self.app.size)

    @property
    def current_pane(self) -> Widget:
        """The pane with the focus."""
        return self.panes[self.current - 1]

    def _make_current(self, number: int) -> None:
        if number != self.current:
            self.current = number
            self._companion = number if number != LOSS else self._companion
            self._arrange(*self.app.size)

    def _arrange(self, width: int, height: int) -> None:
        mode = mode_of(width, height)
        shown = open_panes(mode, self.current, self._companion, self.is_zoomed)
        folds = mode == "stacked" and not self.is_zoomed
        self.set_class(self.is_zoomed, "-zoomed")
        for number, pane in enumerate(self.panes, 1):
            pane.display = number in shown
            pane.set_class(len(shown) == 1, "-alone")
            self._folded[number - 1].display = folds and number not in shown
        self._left.display = folds or bool(shown & {1, 2})
        self._left.set_class(bool(shown & {1, 2}), "-open")
        self._right.display = folds or bool(shown & {3, 4})
        self._right.set_class(folds and GENERATE not in shown, "-closed")
        self._tabs.display = len(shown) == 1 and height > 5
        self._tabs.show_current(self.current)
        self._coach.display = height > 8
        self.footer.display = height > 3

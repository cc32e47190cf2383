"""Main screen: header, hint line, panes and footer."""

from collections.abc import Callable
from typing import ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from workbench.layout import INSPECT, LOSS, PANES, Focus, mode_of, screen_layout
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.data.pane import DataPane
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.inspect.pane import InspectPane
from workbench.panes.loss.pane import LossPane
from workbench.panes.pane import Pane
from workbench.render.palette import Palette
from workbench.state.app_state import AppState
from workbench.widgets.active_bindings import active_bindings_of, footer_keys
from workbench.widgets.footer import Footer
from workbench.widgets.header import Header
from workbench.widgets.hint_line import HintLine
from workbench.widgets.tabs import PaneTabs


class _Arrangement(Layout):
    """Puts the screen's widgets where :func:`workbench.layout.screen_layout` says, at every resize."""

    name = "places"

    def __init__(self, screen: "MainScreen") -> None:
        self._screen = screen

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        found = screen_layout(size.width, size.height, self._screen.focus_state)
        by_id = found.rows | {PANE_IDS[number]: place for number, place in found.panes.items()}
        return [
            WidgetPlacement(Region(*by_id[child.id]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in by_id
        ]


PANE_IDS = {1: "data", 2: "controls", 3: "loss", 4: "generate", 5: "inspect"}


class MainScreen(Screen[None]):
    """Main screen with header, hint line, panes and footer.

    Args:
        on_ready: Called when every widget is mounted, before the first frame.

    Attributes:
        focus_state: The current pane, its companion, and whether it is zoomed.
    """

    DEFAULT_CSS = "MainScreen { overflow: hidden; }"
    AUTO_FOCUS = "#loss"
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)  # panes draw their focus
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next_pane(1)", "next pane", show=False, id="pane.next"),
        Binding(
            "shift+tab", "app.focus_next_pane(-1)", "pane before", show=False, id="pane.before"
        ),
    ]

    def __init__(self, on_ready: Callable[[], None]) -> None:
        super().__init__()
        self._on_ready = on_ready
        self.focus_state = Focus()
        self._arrangement = _Arrangement(self)
        self.data, self.controls = DataPane(id="data"), ControlsPane(id="controls")
        self.loss, self.generate = LossPane(id="loss"), GeneratePane(id="generate")
        self.inspect = InspectPane(lambda: self.generate.view.shown_text, id="inspect")
        self.panes: tuple[Pane, ...] = (
            self.data,
            self.controls,
            self.loss,
            self.generate,
            self.inspect,
        )
        self.footer = Footer(id="footer")
        self._header, self._hint_line = Header(id="header"), HintLine(id="coach")
        self._tabs = PaneTabs(id="tabs")
        self._tabs.set_current(self.current)
        self._hint_line.set_focused_pane(self.current)

    @property
    def layout(self) -> Layout:
        """Layout of the screen: a pure function of the size and the focus."""
        return self._arrangement

    def compose(self) -> ComposeResult:
        """Yield the widgets in the order of the tab key."""
        yield self._header
        yield self._hint_line
        yield self._tabs
        yield from self.panes
        yield self.footer

    def on_mount(self) -> None:
        """Fill everything before the first frame."""
        self._on_ready()

    def on_resize(self, event: events.Resize) -> None:
        """Show the exact losses in the second row if the terminal is small."""
        self._show_small()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Make the pane with the focused widget the current one."""
        for number, pane in enumerate(self.panes, 1):
            if pane in event.widget.ancestors_with_self:
                self._view_focus(self.focus_state.on(number))

    def set_state(self, state: AppState) -> None:
        """Show this state."""
        self._header.set_state(state)
        self._hint_line.set_state(state)
        self._tabs.set_key_labels(state.keys)
        for pane in self.panes:
            pane.set_state(state)

    def update_footer(self, state: AppState, app: object) -> None:
        """Show the keys that have an effect now; none of the panes while another screen is open."""
        if not self.is_active:
            self.footer.set_keys((), ())
            return
        active = active_bindings_of(self.active_bindings, self.focused)
        shown = replace(state, focused_pane=self.current)
        self.footer.set_keys(*footer_keys(shown, active, app))

    def set_appearance(self, palette: Palette, ascii_only: bool) -> None:
        """Draw everything with these colors and signs."""
        for shown in (self._header, self._hint_line, self._tabs, *self.panes, self.footer):
            shown.set_appearance(palette, ascii_only)

    def go_to(self, number: int) -> None:
        """Focus a pane; once more gives it the whole screen, and takes it back.

        Inspect has the whole screen always; its key goes back to the pane before.
        """
        if number == self.current:
            self.zoom(not self.is_zoomed)
        else:
            self._view_focus(self.focus_state.on(number))
            self.current_pane.focus()

    def focus_next_pane(self, by: int) -> None:
        """Focus the next pane, or the one before; Inspect only where one pane is shown."""
        is_alone = self.focus_state.is_alone or mode_of(*self.app.size) == "one"
        n_panes = len(self.panes) if is_alone else len(PANES)
        self.go_to((self.current - 1 + by) % n_panes + 1)

    def zoom(self, is_zoomed: bool) -> None:
        """Give the current pane the whole screen, or take it back; leave Inspect."""
        if self.current == INSPECT:
            self.go_to(self.focus_state.before)
        else:
            self._view_focus(self.focus_state._replace(is_zoomed=is_zoomed))

    @property
    def current(self) -> int:
        """The digit of the pane with the focus."""
        return self.focus_state.current

    @property
    def is_zoomed(self) -> bool:
        """True if the current pane fills the whole screen."""
        return self.focus_state.is_zoomed

    @property
    def current_pane(self) -> Pane:
        """The pane with the focus."""
        return self.panes[self.current - 1]

    def _view_focus(self, focus: Focus) -> None:
        if focus == self.focus_state:
            return
        before, self.focus_state = self.focus_state, focus
        self._tabs.set_current(focus.current)
        self._hint_line.set_focused_pane(focus.current)
        self._show_small()
        if screen_layout(*self.size, focus) != screen_layout(*self.size, before):
            self.current_pane.refresh(layout=True)  # a child's need makes the screen arrange anew

    def _show_small(self) -> None:
        is_small = mode_of(*self.app.size) == "one"
        self._hint_line.set_losses_visible(is_small and self.current != LOSS)

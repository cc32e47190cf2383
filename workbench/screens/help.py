"""What the focused pane shows and which keys do what."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from workbench.keys import app_keys, own_keys
from workbench.widgets.footer import Key

_KEY_WIDTH = 16


def help_for(name: str, pane: Widget, active: Mapping[str, ActiveBinding]) -> "HelpScreen":
    """The help of a pane, with the keys that do something now."""
    own = own_keys(active, pane.app, hidden=True)
    return HelpScreen(name, getattr(pane, "HELP", ""), own, app_keys(active, pane.app))


class HelpScreen(ModalScreen[None]):
    """The pane in words, its keys, then the keys of everywhere.

    Args:
        name: The pane's name.
        about: What it shows.
        own: Its keys.
        everywhere: The other keys.
    """

    CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen VerticalScroll {
        width: 84; max-width: 96%; height: auto; max-height: 96%; border: heavy $primary;
        padding: 0 2; background: $background; border-title-color: $foreground;
        border-subtitle-color: $secondary;
    }
    .-ascii HelpScreen VerticalScroll { border: ascii $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close")
    ]

    def __init__(
        self, name: str, about: str, own: Sequence[Key], everywhere: Sequence[Key]
    ) -> None:
        super().__init__()
        self._name, self._about = name, about
        self._own, self._everywhere = own, everywhere

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as scroll:
            yield Static(self._text())
        scroll.border_title = Content(f"? {self._name}")
        scroll.border_subtitle = Content("esc closes")

    def _text(self) -> Content:
        parts: list[str | Content | tuple[str, str]] = [f"{self._about}\n"]
        for title, keys in (
            (f"Keys of {self._name}", self._own),
            ("Keys everywhere", self._everywhere),
        ):
            if keys:
                parts.append((f"\n{title}\n", "bold $primary"))
            for key in keys:
                parts += [(key.key.ljust(_KEY_WIDTH), "bold"), f"{key.label}\n"]
        return Content.assemble(*parts)

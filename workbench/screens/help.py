"""Help screen: the focused pane, its terms, and all keys."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from workbench.keyboard.glossary import GENERAL_TERMS, GLOSSARY
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.panes.controls.render import selected_setting_text
from workbench.panes.pane import pane_digit, pane_help
from workbench.render.sanitize import to_ascii
from workbench.screens.main import MainScreen
from workbench.widgets.active_bindings import app_keys, keys_of_bindings, pane_keys
from workbench.widgets.footer import FooterKey

_TERM_WIDTH, _NARROW_TERM_WIDTH, _NARROW_BELOW = 20, 12, 56
_MAX_WIDTH, _MARGIN = 92, 6


class Section(NamedTuple):
    """Heading with entries: a key or a term, and its explanation."""

    title: str
    entries: Sequence[tuple[str, str]]


def help_for(main: MainScreen, keys: KeyLabels) -> "HelpScreen":
    """Return the help screen for the focused pane.

    Args:
        main: Main screen.
        keys: Labels of the keys.
    """
    pane, active, app = main.current_pane, main.active_bindings, main.app
    is_controls = pane is main.controls
    selected = selected_setting_text(main.controls.presenter.view, keys) if is_controls else ()
    sections = [
        Section(f"Keys of {pane.NAME}", _entries(pane_keys(active, app, hidden=True))),
        Section("Selected row", selected),
        Section(f"Terms of {pane.NAME}", GLOSSARY.get(pane.NAME, ())),
        Section("General terms", GENERAL_TERMS),
        Section("Global keys", _entries(app_keys(active, app))),
    ]
    for other in main.panes:
        if other is not pane:
            entries = _entries(keys_of_bindings(other.BINDINGS, dict(keys.moved)))
            sections.append(Section(f"Keys of {pane_digit(other)} {other.NAME}", entries))
    declared = [binding for shown in main.panes for binding in shown.BINDINGS]
    filled = [_with_key_labels(section, keys, declared) for section in sections]
    return HelpScreen(pane.NAME, keys.substitute_keys(pane_help(pane), declared), filled, keys)


def _with_key_labels(section: Section, keys: KeyLabels, declared: Sequence[Any]) -> Section:
    """Return the section with key labels in place of binding ids."""
    entries = [
        tuple(keys.substitute_keys(text, declared) for text in entry) for entry in section.entries
    ]
    return Section(section.title, [(term, words) for term, words in entries])


class HelpScreen(ModalScreen[None]):
    """Scrolling text about a pane, its keys and terms, then the global keys.

    Args:
        pane_name: Name of the pane.
        about: Description of the pane.
        sections: Sections that follow the description.
        keys: Labels of the keys.
    """

    CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen VerticalScroll {
        width: 92; max-width: 100%; height: auto; max-height: 96%; border: heavy $primary;
        padding: 0 1; background: $background; border-title-color: $foreground;
        border-subtitle-color: $secondary;
    }
    .-ascii HelpScreen VerticalScroll { border: ascii $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
        Binding("down,j", "scroll(1)", "down", show=False, id="help.down"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="help.up"),
    ]

    def __init__(
        self,
        pane_name: str,
        about: str,
        sections: Sequence[Section],
        keys: KeyLabels = DEFAULT_KEYS,
    ) -> None:
        super().__init__()
        self._keys = keys
        self._pane_name, self._about, self._sections = pane_name, about, sections

    def compose(self) -> ComposeResult:
        """Yield one scrolling text."""
        with VerticalScroll(id="help") as scroll:
            yield Static(self._text(self.app.size.width))
        scroll.border_title = Content(f"? {self._pane_name}")
        words = "<help.up><help.down> scroll · <help.close> close"
        scroll.border_subtitle = Content(self._keys.substitute_keys(words, self.BINDINGS))

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the lines to the new width."""
        self.query_one(Static).update(self._text(event.size.width))

    def _text(self, width: int) -> Content:
        lines = help_lines(self._about, self._sections, min(_MAX_WIDTH, width) - _MARGIN)
        convert = to_ascii if self.app.has_class("-ascii") else str
        return Content("\n").join(Content.styled(convert(text), style) for text, style in lines)

    def action_scroll(self, by: int) -> None:
        """Scroll by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def help_lines(about: str, sections: Sequence[Section], width: int) -> list[tuple[str, str]]:
    """Return all lines with their styles, at most `width` cells wide, with hanging indents."""
    lines = [(line, "") for line in wrap(about, max(8, width))]
    for title, entries in sections:
        if entries:
            lines += [("", ""), (title, "bold $primary")]
        for term, words in entries:
            lines += [(line, "") for line in _entry_lines(term, words, width)]
    return lines


def _entry_lines(term: str, words: str, width: int) -> Iterator[str]:
    indent = _TERM_WIDTH if width >= _NARROW_BELOW else _NARROW_TERM_WIDTH
    broken = wrap(words, max(8, width - indent)) or [""]
    if cell_len(term) >= indent:
        yield term
    else:
        yield term + " " * (indent - cell_len(term)) + broken.pop(0)
    for line in broken:
        yield " " * indent + line


def _entries(keys: Sequence[FooterKey]) -> list[tuple[str, str]]:
    return [(key.key, key.label) for key in keys]

"""What the focused pane shows, what its numbers mean, and which keys do what."""

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

from workbench.keyboard.glossary import EVERYWHERE, GLOSSARY
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.render.sanitize import to_ascii
from workbench.screens.main import MainScreen
from workbench.widgets.active_bindings import app_keys, declared_keys, own_keys
from workbench.widgets.footer import FooterKey

_TERM, _NARROW_TERM, _NARROW_BELOW = 20, 12, 56
_WIDTH, _AROUND = 92, 6


class Section(NamedTuple):
    """A heading with entries: a key or a term, and its words."""

    title: str
    entries: Sequence[tuple[str, str]]


def help_for(main: MainScreen, keys: KeyLabels) -> "HelpScreen":
    """The help of the pane with the focus.

    Args:
        main: The workbench.
        keys: How the keys are called.
    """
    pane, active, app = main.current_pane, main.active_bindings, main.app
    sections = [
        Section(f"Keys of {pane.NAME}", _entries(own_keys(active, app, hidden=True))),
        Section("The row under the cursor", pane.full_text()),
        Section(f"What {pane.NAME} shows", GLOSSARY.get(pane.NAME, ())),
        Section("Words of everywhere", EVERYWHERE),
        Section("Keys of everywhere", _entries(app_keys(active, app))),
    ]
    for other in main.panes:
        if other is not pane:
            entries = _entries(declared_keys(other.BINDINGS, dict(keys.moved)))
            sections.append(Section(f"Keys of {other.digit} {other.NAME}", entries))
    declared = [binding for shown in main.panes for binding in shown.BINDINGS]
    filled = [_filled(section, keys, declared) for section in sections]
    return HelpScreen(pane.NAME, keys.substitute_keys(pane.help_text(), declared), filled, keys)


def _filled(section: Section, keys: KeyLabels, declared: Sequence[Any]) -> Section:
    """The section with the keys that its words name."""
    entries = [
        tuple(keys.substitute_keys(text, declared) for text in entry) for entry in section.entries
    ]
    return Section(section.title, [(term, words) for term, words in entries])


class HelpScreen(ModalScreen[None]):
    """A pane in words, its keys, its numbers, then the keys of everywhere.

    Args:
        name: The pane's name.
        about: What it shows.
        sections: What follows.
        keys: How the keys are called.
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
        self, name: str, about: str, sections: Sequence[Section], keys: KeyLabels = DEFAULT_KEYS
    ) -> None:
        super().__init__()
        self._keys = keys
        self._name, self._about, self._sections = name, about, sections

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as scroll:
            yield Static(self._text(self.app.size.width))
        scroll.border_title = Content(f"? {self._name}")
        words = "<help.up><help.down> scrolls · <help.close> closes"
        scroll.border_subtitle = Content(self._keys.substitute_keys(words, self.BINDINGS))

    def on_resize(self, event: events.Resize) -> None:
        """Breaks the lines for the width there is."""
        self.query_one(Static).update(self._text(event.size.width))

    def _text(self, width: int) -> Content:
        lines = help_lines(self._about, self._sections, min(_WIDTH, width) - _AROUND)
        signs = to_ascii if self.app.has_class("-ascii") else str
        return Content("\n").join(Content.styled(signs(text), style) for text, style in lines)

    def action_scroll(self, by: int) -> None:
        """Goes some lines on."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def help_lines(about: str, sections: Sequence[Section], width: int) -> list[tuple[str, str]]:
    """Every line with its style, none wider than `width`; entries hang behind their terms."""
    lines = [(line, "") for line in wrap(about, max(8, width))]
    for title, entries in sections:
        if entries:
            lines += [("", ""), (title, "bold $primary")]
        for term, words in entries:
            lines += [(line, "") for line in _entry_lines(term, words, width)]
    return lines


def _entry_lines(term: str, words: str, width: int) -> Iterator[str]:
    indent = _TERM if width >= _NARROW_BELOW else _NARROW_TERM
    broken = wrap(words, max(8, width - indent)) or [""]
    if cell_len(term) >= indent:
        yield term
    else:
        yield term + " " * (indent - cell_len(term)) + broken.pop(0)
    for line in broken:
        yield " " * indent + line


def _entries(keys: Sequence[FooterKey]) -> list[tuple[str, str]]:
    return [(key.key, key.label) for key in keys]

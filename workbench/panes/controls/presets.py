"""Screen that lists the presets with their lessons and expected losses."""

from functools import cache
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_base import count_parameters
from seqlm.data.corpus import lines_of, read_corpus
from seqlm.presets import PRESETS, Preset
from seqlm.sanitize import sanitize
from workbench.corpus.preview import Preview
from workbench.render import number_format
from workbench.render.sanitize import fit
from workbench.widgets.appearance import Appearance
from workbench.widgets.option_lists import OptionRows

_KIND, _PARAMS, _LOSS, _SECONDS = 12, 8, 7, 8
_FIND, _LEAVE = "<presets.find> filters", "<presets.leave> leaves"
_FRAME_ROWS = 6  # the border, the field, the heading, and the lesson below
_AROUND, _LEAST_LESSON = 10, 24
"""Cells around a row, and those without which what a preset teaches stands below the list alone."""


def matching_presets(words: str) -> list[Preset]:
    """Return the presets whose name, family, corpus and lesson contain all words."""
    wanted = words.lower().split()
    return [preset for preset in PRESETS.values() if all(w in _searched(preset) for w in wanted)]


class Columns(NamedTuple):
    """Widths of the columns, and whether the lesson has a column."""

    name: int
    corpus: int
    has_lesson: bool

    @property
    def width(self) -> int:
        """Cells of everything but the lesson."""
        return self.name + self.corpus + _KIND + _PARAMS + _LOSS + _SECONDS


def columns(width: int) -> Columns:
    """Return the columns for a screen width; names of presets and corpora are never cut."""
    names = max(len(preset.name) for preset in PRESETS.values())
    corpora = max(len(preset.config.data.corpus) for preset in PRESETS.values())
    found = Columns(names + 1, corpora + 1, has_lesson=False)
    return found._replace(has_lesson=width - _AROUND - found.width >= _LEAST_LESSON)


def preset_line(
    preset: Preset, appearance: Appearance, at: Columns, preview: Preview | None = None
) -> Text:
    """Return the row of a preset: name, corpus, family, parameters, loss, CPU time, lesson."""
    palette, config = appearance.palette, preset.config
    row = Text().append(fit(preset.name, at.name), f"bold {palette.plain}")
    row.append(fit(config.data.corpus, at.corpus), palette.label)
    row.append(fit(dotted_keys.kind_of(config.model), _KIND), palette.label)
    row.append(
        appearance.sign(number_format.format_count(parameter_count_text(preset, preview))).rjust(
            _PARAMS
        ),
        palette.label,
    )
    row.append(
        appearance.sign(number_format.format_loss(preset.expected_loss, 3)).rjust(_LOSS),
        palette.val,
    )
    row.append(appearance.sign(_seconds(preset.expected_cpu_s)).rjust(_SECONDS), palette.label)
    return row.append(f"  {preset.teaches}" if at.has_lesson else "", palette.plain)


def parameter_count_text(preset: Preset, preview: Preview | None) -> int | None:
    """Return the number of trainable parameters; None if the vocabulary size V is unknown."""
    config = preset.config
    if preview is not None and preview.data == config.data:
        return count_parameters(config.model, len(preview.vocabulary), preview.has_end)
    if config.data == DataConfig():
        return count_parameters(config.model, _n_bundled())
    return None if count_parameters(config.model, 1) else 0


@cache
def _n_bundled() -> int:
    """Return V of the bundled names: their letters and the end token."""
    return len(set("".join(lines_of(read_corpus(DataConfig()).text)))) + 1


def _seconds(cpu_s: float | None) -> str:
    return number_format.MISSING if cpu_s is None else f"{cpu_s:,.3g} s"


def heading(appearance: Appearance, at: Columns) -> Text:
    """Return the heading of the columns."""
    words = f"{'name':{at.name}}{'corpus':{at.corpus}}{'family':{_KIND}}{'params':>{_PARAMS}}"
    words += f"{'loss':>{_LOSS}}{'CPU':>{_SECONDS}}{'  what it teaches' if at.has_lesson else ''}"
    return Text(words, appearance.palette.guide)


class PresetScreen(ModalScreen[str | None]):
    """Screen that asks for a preset; its result is the name of the preset, or None.

    Args:
        current: Preset under the initial cursor.
        appearance: Colors and signs.
        preview: Corpus that was loaded last; its vocabulary is known.
    """

    DEFAULT_CSS = """
    PresetScreen { align: center middle; }
    PresetScreen > Vertical {
        width: 124; max-width: 98%; max-height: 90%;
        border: heavy $primary; padding: 0 1; background: $surface;
    }
    .-ascii PresetScreen > Vertical { border: ascii $primary; }
    PresetScreen Input { height: 1; padding: 0; }
    PresetScreen OptionList {
        height: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
    }
    PresetScreen Static { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "leave", "leave", tooltip="Close without a selection", id="presets.leave"
        ),
        Binding("slash", "find", "find", tooltip="Filter the list", id="presets.find"),
        Binding("down,j", "move(1)", "down", show=False, id="presets.down"),
        Binding("up,k", "move(-1)", "up", show=False, id="presets.up"),
    ]

    def __init__(
        self, current: str, appearance: Appearance, preview: Preview | None = None
    ) -> None:
        super().__init__()
        self._current, self._appearance, self._preview = current, appearance, preview

    def compose(self) -> ComposeResult:
        """Yield a filter field and the list."""
        with Vertical() as box:
            box.styles.height = len(PRESETS) + _FRAME_ROWS
            box.border_title = "presets"
            box.border_subtitle = f"enter selects · {self._said(_FIND)} · {self._said(_LEAVE)}"
            yield Input(placeholder=self._said(_FIND), compact=True, max_length=60)
            yield OptionRows(compact=True)
            yield Static()

    def on_mount(self) -> None:
        """Show all presets, with the cursor on the current one."""
        self._show(matching_presets(""))
        self.query_one(OptionRows).focus()

    def on_resize(self) -> None:
        """Show other columns if the width allows them."""
        choices, words = self.query_one(OptionRows), self.query_one(Input).value
        place = choices.highlighted
        self._show(matching_presets(sanitize(words)))
        choices.highlighted = place

    def action_leave(self) -> None:
        """Close without a selection."""
        self.dismiss(None)

    def action_find(self) -> None:
        """Focus the filter field."""
        self.query_one(Input).focus()

    def action_move(self, by: int) -> None:
        """Move the cursor of the list; also while the filter field has the focus."""
        choices = self.query_one(OptionRows)
        if choices.option_count:
            choices.highlighted = ((choices.highlighted or 0) + by) % choices.option_count

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the presets that match the typed text."""
        self._show(matching_presets(sanitize(event.value)))

    def on_input_submitted(self) -> None:
        """Select the preset under the cursor."""
        self.query_one(OptionRows).action_select()

    def on_option_list_option_selected(self, event: OptionRows.OptionSelected) -> None:
        """Close with the name of the selected preset."""
        self.dismiss(event.option_id)

    def on_option_list_option_highlighted(self, event: OptionRows.OptionHighlighted) -> None:
        """Show the whole lesson of the preset under the cursor."""
        preset = PRESETS.get(event.option_id or "")
        words = f"{preset.name}: {preset.teaches}." if preset else ""
        self.query_one(Static).update(Text(words, self._appearance.palette.label))

    def _said(self, words: str) -> str:
        return self._appearance.keys.substitute_keys(words, self.BINDINGS)

    def _show(self, presets: list[Preset]) -> None:
        choices = self.query_one(OptionRows)
        names = [preset.name for preset in presets]
        choices.clear_options()
        appearance, at = self._appearance, columns(self.app.size.width)
        choices.add_option(Option(heading(appearance, at), disabled=True))
        choices.add_options(
            Option(preset_line(p, appearance, at, self._preview), id=p.name) for p in presets
        )
        if names:
            place = names.index(self._current) if self._current in names else 0
            choices.highlighted = place + 1


def _searched(preset: Preset) -> str:
    config = preset.config
    parts = (preset.name, dotted_keys.kind_of(config.model), config.data.corpus, preset.teaches)
    return " ".join(parts).lower()

"""View model of the Inspect pane: everything that one frame shows, as plain data."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import ModelConfig
from seqlm.data.tokenizer import AnyTokenizer
from workbench.corpus.preview import Preview
from workbench.panes.inspect.bindings import INSPECT_BINDINGS
from workbench.render.sanitize import token_glyph
from workbench.widgets.appearance import Appearance

if TYPE_CHECKING:  # the first frame does not need this module
    from workbench.panes.inspect.results import Shown


class InspectSource(Struct, frozen=True):
    """Weights that answer the queries.

    Attributes:
        weights: Weights to query: ``live`` or a kept step.
        step: Step of the weights.
        label: Name of the weights.
        tokenizer: Tokenizer of the model.
    """

    weights: str
    step: int
    label: str
    tokenizer: AnyTokenizer


class Cursor(Struct, frozen=True):
    """Cursor of one view.

    Attributes:
        row: Tensor, unit, head or row, from the top.
        column: Unit of a tensor or of the state, or column of a matrix; -1 before it was moved.
        part: Name of the shown activation or parameter; None for the first one.
    """

    row: int = 0
    column: int = -1
    part: str | None = None


class InspectViewModel(Struct, frozen=True, dict=True):
    """Contents of one frame.

    Attributes:
        view_name: Name of the current view.
        family: Configuration of the model; None before the first state arrives.
        source: Weights that answer; None while no model can be asked.
        no_model: Why there is no model, and what to press.
        typed: Text that was typed; None for the text of Generate.
        answers: Latest answer of each view.
        position: Token under the cursor; -1 for the last one.
        cursors: Cursor of each view.
        without: Activations that are replaced by zero.
        subtracts_max: Whether softmax subtracts the maximum from the logits.
        added_to_logits: Constant added to all logits.
        error: Why the last query was rejected.
        typing_error: Why the text in the open field is not accepted.
        preview: Corpus with its counts.
        appearance: Palette, character set and key labels.
    """

    view_name: str = "network"
    family: ModelConfig | None = None
    source: InspectSource | None = None
    no_model: str = ""
    typed: str | None = None
    answers: Mapping[str, "Shown"] = {}
    position: int = -1
    cursors: Mapping[str, Cursor] = {}
    without: tuple[str, ...] = ()
    subtracts_max: bool = True
    added_to_logits: float = 0.0
    error: str = ""
    typing_error: str = ""
    preview: Preview | None = None
    appearance: Appearance = field(default_factory=Appearance)

    @property
    def shown(self) -> "Shown | None":
        """Latest answer of the current view."""
        return self.answers.get(self.view_name)

    @property
    def result(self) -> Any:
        """Result of the current view, for code that runs only after an answer."""
        assert self.shown is not None
        return self.shown.result

    @property
    def cursor(self) -> Cursor:
        """Cursor of the current view."""
        return self.cursors.get(self.view_name, Cursor())

    @property
    def n_positions(self) -> int:
        """Number of tokens of the shown text."""
        return len(self.shown.tokens) if self.shown else 0

    @property
    def kind(self) -> str:
        """Kind of the model: ``mlp``, ``lstm``, ...; empty before the first state arrives."""
        return "" if self.family is None else dotted_keys.kind_of(self.family)

    @property
    def at(self) -> int:
        """Position of the cursor in the shown text, from 0."""
        last = max(0, self.n_positions - 1)
        return last if self.position < 0 else min(self.position, last)

    @property
    def ascii_only(self) -> bool:
        """True if only ASCII characters are drawn."""
        return self.appearance.ascii_only

    @property
    def vocabulary(self) -> Sequence[str]:
        """All tokens by id."""
        return self.source.tokenizer.tokens if self.source else ()

    def glyph(self, token_id: int) -> str:
        """Return the text that represents a token."""
        tokens = self.vocabulary
        return self.token_glyph(tokens[token_id]) if 0 <= token_id < len(tokens) else "?"

    def token_glyph(self, token: str) -> str:
        """Return the text that represents a token given as text."""
        return token_glyph(token, self.ascii_only)

    def joined_glyphs(self, n: int | None = None) -> str:
        """Return the first tokens of the shown text as one text."""
        separator = self.source.tokenizer.separator if self.source else ""
        return separator.join(self.glyphs()[:n])

    def key(self, name: str) -> str:
        """Return the label of a key of the pane."""
        return self.appearance.keys.substitute_keys(f"<inspect.{name}>", INSPECT_BINDINGS)

    def glyphs(self) -> list[str]:
        """Return the tokens of the shown text."""
        return [self.token_glyph(token) for token in self.shown.tokens] if self.shown else []


def with_cursor(model: InspectViewModel, **changes: Any) -> InspectViewModel:
    """Return the view model with another cursor of the current view."""
    cursor = replace(model.cursor, **changes)
    return replace(model, cursors={**model.cursors, model.view_name: cursor})


def move_position(model: InspectViewModel, by: int) -> InspectViewModel:
    """Return the view model with the cursor on another token of the text."""
    last = max(0, model.n_positions - 1)
    return replace(model, position=min(max(0, model.at + by), last))


def clamp(index: int, n: int) -> int:
    """Return the index, moved into 0 to n - 1."""
    return max(0, min(index, n - 1))

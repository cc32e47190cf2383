"""Plain data of one frame of the Data pane, and the changes that keys make to it."""

from collections.abc import Mapping, Sequence
from math import exp

from msgspec import Struct
from msgspec.structs import replace

from seqlm.data.notes import Note
from seqlm.data.tokenizer import BpeTokenizer
from workbench.corpus.preview import Preview
from workbench.state.app_state import AppState

EXAMPLES, MERGES = "training examples", "merges"
_MAX_SCORED = 4  # lines whose target probabilities are requested from the model
_KEPT_SCORES = 10  # lines on either side whose probabilities are kept

TargetProbabilities = Mapping[int, Sequence[float]]
"""By the index of a training line: the probability that the model gives to each target."""


class DataViewModel(Struct, frozen=True):
    """One frame of the Data pane.

    Attributes:
        state: State of the app; None before the first one arrives.
        view_name: Name of the current view.
        first: Index of the first line, token or row that is shown.
        n_merges_done: Number of merges that are applied in the merges view.
        probabilities: Target probabilities as the worker reported them.
        batch: Examples of the only batch of a run, as the worker reported them: the context, the
            target and its probability.
        ascii_only: Whether only ASCII characters may be drawn.
    """

    state: AppState | None = None
    view_name: str = EXAMPLES
    first: int = 0
    n_merges_done: int = 0
    probabilities: TargetProbabilities = {}
    batch: tuple[tuple[tuple[str, ...], str, float], ...] = ()
    ascii_only: bool = False

    @property
    def preview(self) -> Preview | None:
        """Corpus with its counts; None while it is being read."""
        return self.state.preview if self.state else None

    @property
    def notes(self) -> Sequence[Note]:
        """Notes on the text, warnings first; those of a run too, whose copy of the text is repaired."""
        state, preview = self.state, self.preview
        if state is None or preview is None:
            return ()
        found = list(preview.description.notes)
        if state.stored_data_config is not None:
            known = {note.text for note in found}
            found += [Note(text, True) for text in state.run.warnings if text not in known]
        return sorted(found, key=lambda note: not note.is_warning)

    @property
    def text(self) -> Preview:
        """Corpus with its counts, for code that runs only after it is loaded."""
        assert self.preview is not None
        return self.preview


def count_merges(preview: Preview) -> int | None:
    """Return the number of BPE merges; None for another tokenizer."""
    tokenizer = preview.text.tokenizer
    return len(tokenizer.merges) if isinstance(tokenizer, BpeTokenizer) else None


def has_merges(model: DataViewModel) -> bool:
    """Return whether the tokenizer of the corpus is BPE."""
    return model.preview is not None and count_merges(model.preview) is not None


def move(model: DataViewModel, by: int) -> DataViewModel:
    """Move the first row by some lines; in the merges view, move the cursor by some merges."""
    preview = model.preview
    if preview is not None and model.view_name == MERGES:
        n_done = min(max(0, model.n_merges_done + by), count_merges(preview) or 0)
        return replace(model, n_merges_done=n_done)
    last = preview.n_train_items - 1 if preview else 0
    return replace(model, first=min(max(0, model.first + by), max(0, last)))


def lines_to_score(model: DataViewModel) -> Sequence[tuple[int, str]]:
    """Return the index and text of each line whose target probabilities the view shows."""
    preview = model.preview
    if preview is None or model.view_name != EXAMPLES or preview.description.mode != "lines":
        return []
    lines = preview.text.items["train"]
    last = min(len(lines), model.first + _MAX_SCORED)
    return [(index, lines[index]) for index in range(model.first, last)]


def with_surprisals(
    model: DataViewModel, line_index: int, surprisals: Sequence[float]
) -> DataViewModel:
    """Store the target probabilities of one line, given as surprisals in nats."""
    kept = {
        index: known
        for index, known in model.probabilities.items()
        if abs(index - line_index) < _KEPT_SCORES
    }
    return replace(model, probabilities=kept | {line_index: [exp(-nats) for nats in surprisals]})


def target_probabilities(model: DataViewModel) -> TargetProbabilities:
    """Return the probabilities of the worker's model; without a worker, of the bigram counts."""
    if model.state is not None and model.state.can_query:
        return model.probabilities
    return {index: model.text.chances(index) for index, _ in lines_to_score(model)}
